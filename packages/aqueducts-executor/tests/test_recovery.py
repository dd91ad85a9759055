"""Processes that are killed: workers, and the executor itself."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from conftest import Executor

Pipelines = Callable[..., dict[str, Any]]
Start = Callable[..., "Executor"]

SLOW = (
    "SELECT a.value AS n, b.value AS m FROM generate_series(1, 3000) a, generate_series(1, 1000) b"
)
"""Three million rows: long enough to be killed in the middle of writing them."""


def left_in(folder: Path) -> list[str]:
    """What runs have left behind, beside what they were asked for."""
    return [
        str(Path(where, name).relative_to(folder))
        # Unlike rglob it goes on where a folder is gone before it is looked into.
        for where, folders, files in os.walk(folder)
        for name in (*folders, *files)
        if ".aqueducts-" in name or "run-" in name or "warm-" in name
    ]


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look again and again; a machine may be slow."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def test_worker_that_is_killed_ends_its_run_as_crashed(
    executor: Executor, folder: Path, pipeline: Pipelines, endless: str
) -> None:
    """The signal is named, nothing is left, and the next run goes on."""
    stream = executor.begin(pipeline(folder, endless, "killed.csv"))
    executor.worker_of_run().send_signal(signal.SIGKILL)
    last = list(stream)[-1]
    assert last["event_type"] == "error"
    assert "SIGKILL" in last["error"]
    assert last["detail"]["state"] == "crashed"
    assert executor.state(stream.run_id) == "crashed"
    assert executor.execute(pipeline(folder, target="after.csv"))[-1]["event_type"] == "completed"
    assert not (folder / "killed.csv").exists()
    stream.close()


def test_workers_killed_at_any_moment_leave_whole_targets(
    executor: Executor, folder: Path, pipeline: Pipelines
) -> None:
    """The target is the old one or the new one, as the run's state says; no temporary file."""
    dice = random.Random(20)
    target = folder / "kills.csv"
    began = time.monotonic()
    assert executor.execute(pipeline(folder, SLOW, "kills.csv"))[-1]["event_type"] == "completed"
    seconds = time.monotonic() - began
    states = []
    for moment in (0.0, *(dice.random() for _ in range(4))):
        target.write_text("old", encoding="utf-8")
        stream = executor.begin(pipeline(folder, SLOW, "kills.csv"))
        if moment:
            time.sleep(moment * seconds)
            killed = [each for each in executor.workers() if each.name() == "aqueducts-run"]
        else:
            killed = [executor.worker_of_run()]  # whatever the pace of the machine, one is killed
        for worker in killed:
            worker.send_signal(signal.SIGKILL)
        list(stream)
        stream.close()
        states.append(executor.state(stream.run_id))
        if states[-1] == "succeeded":
            assert target.stat().st_size > 20_000_000
        else:
            assert states[-1] == "crashed"
            assert target.read_text(encoding="utf-8") == "old"
    assert "crashed" in states
    wait_until(lambda: not left_in(folder), "temporary files are left")


def test_cancel_while_it_writes_leaves_the_old_target(
    executor: Executor, folder: Path, pipeline: Pipelines
) -> None:
    """What was staged is gone with the worker."""
    target = folder / "cancelled.csv"
    target.write_text("old", encoding="utf-8")
    stream = executor.begin(pipeline(folder, SLOW, "cancelled.csv"))
    wait_until(lambda: bool(left_in(folder)), "nothing was staged")
    answer = executor.request("POST", "/cancel").json()
    assert answer["status"] == "cancelled"
    assert target.read_text(encoding="utf-8") == "old"
    wait_until(lambda: not left_in(folder), "temporary files are left")
    stream.close()


def test_executor_that_is_killed_takes_its_workers_along(
    start: Start, tmp_path: Path, pipeline: Pipelines, endless: str
) -> None:
    """The next one knows the run, says that it crashed, and clears up."""
    first = start()
    target = tmp_path / "out.csv"
    target.write_text("old", encoding="utf-8")
    stream = first.begin(pipeline(tmp_path, SLOW), "?detach=true")
    waiting = first.stream(
        "POST", "/execute?queue=true&detach=true", {"pipeline": pipeline(tmp_path, endless)}
    )
    wait_until(lambda: any(".out.csv" in name for name in left_in(tmp_path)), "nothing staged")
    workers = first.workers()
    name = first.request("GET", "/status").json()["executor_id"]
    first.stop(signal.SIGKILL)
    gone, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    assert gone

    second = start()
    assert second.request("GET", "/status").json()["executor_id"] == name
    assert second.state(stream.run_id) == "crashed"
    assert second.state(waiting.run_id) == "crashed"
    events = list(second.stream("GET", f"/executions/{stream.run_id}/events"))
    assert [event["event_type"] for event in events] == ["error"]
    assert target.read_text(encoding="utf-8") == "old"
    staged = [name for name in left_in(tmp_path) if ".out.csv" in name]
    assert not staged
    assert second.execute(pipeline(tmp_path))[-1]["event_type"] == "completed"


def test_two_executors_do_not_share_a_state_folder(start: Start, tmp_path: Path) -> None:
    """The second one says so and ends."""
    start()
    import subprocess
    import sys

    found = subprocess.run(
        [sys.executable, "-m", "aqueducts_executor", "--api-key=k", "--port=0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert "used by another executor" in found.stderr


def test_sigterm_when_idle(start: Start) -> None:
    """It ends at once, with success."""
    executor = start()
    before = time.monotonic()
    assert executor.stop(signal.SIGTERM) == 0
    assert time.monotonic() - before < 20  # no more than that it ends; how fast is for benchmarks


def test_sigterm_waits_for_the_run(start: Start, tmp_path: Path, pipeline: Pipelines) -> None:
    """A run that ends in time succeeds; new ones are refused meanwhile."""
    executor = start()
    stream = executor.begin(pipeline(tmp_path, SLOW))
    executor.process.send_signal(signal.SIGTERM)
    executor.logged("draining")
    assert executor.request("GET", "/ready").status == 503
    refused = executor.request("POST", "/execute?queue=true", {"pipeline": pipeline(tmp_path)})
    assert refused.status == 503
    assert refused.headers["Retry-After"]
    assert list(stream)[-1]["event_type"] == "completed"
    assert executor.process.wait(timeout=60) == 0
    stream.close()


def test_sigterm_cancels_after_its_grace(
    start: Start, tmp_path: Path, pipeline: Pipelines, endless: str
) -> None:
    """The last event is delivered, and the exit code is 0; also where a second signal hurries."""
    executor = start("--shutdown-grace=0.2")
    stream = executor.begin(pipeline(tmp_path, endless))
    executor.process.send_signal(signal.SIGTERM)
    assert list(stream)[-1]["event_type"] == "cancelled"
    assert executor.process.wait(timeout=60) == 0
    stream.close()

    executor = start("--shutdown-grace=600")
    stream = executor.begin(pipeline(tmp_path, endless))
    executor.process.send_signal(signal.SIGTERM)
    executor.logged("draining")
    executor.process.send_signal(signal.SIGTERM)
    assert list(stream)[-1]["event_type"] == "cancelled"
    assert executor.process.wait(timeout=60) == 0
    stream.close()


def test_run_that_takes_too_long(
    start: Start, tmp_path: Path, pipeline: Pipelines, endless: str
) -> None:
    """It ends as timed out, and says which option it was."""
    executor = start("--max-run-seconds=1")
    events = executor.execute(pipeline(tmp_path, endless))
    assert "--max-run-seconds" in events[-1]["error"]
    assert executor.state(events[-1]["execution_id"]) == "timed_out"
