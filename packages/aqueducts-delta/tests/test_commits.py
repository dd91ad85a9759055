"""Commits of many writers, of runs that are repeated, and of runs that are killed."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from aqueducts.connectors import WriteReport
from aqueducts.errors import CommitLostError, DestinationError
from aqueducts.testing import Bench, ScriptedFrame
from aqueducts_delta.commits import CommitConflictError, RunCommit, commit_once
from aqueducts_delta.locations import locate_path

if TYPE_CHECKING:
    from conftest import Lake

PROGRAM = Path(__file__).parent / "one_run.py"
ROWS = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "n": pa.array([0, 0, 0], pa.int64())})

MODES: list[dict[str, Any]] = [
    {"operation": "append"},
    {"operation": "replace"},
    {"operation": "upsert", "params": ["id"]},
]


def _upsert(lake: Lake, ids: Sequence[int], value: int, **metadata: Any) -> dict[str, Any]:
    values = ", ".join(f"({each}, {value})" for each in ids)
    return _pipeline(
        lake,
        f"SELECT column1 AS id, column2 AS n FROM (VALUES {values})",
        {"operation": "upsert", "params": ["id"]},
        **metadata,
    )


def _pipeline(lake: Lake, query: str, mode: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {
        "stages": [[{"name": "rows", "query": query}]],
        "destination": {
            "type": "delta",
            "name": "out",
            "location": str(lake.path),
            "write_mode": mode,
            "metadata": metadata,
        },
    }


def _start(lake: Lake, name: str, pipelines: list[dict[str, Any]]) -> subprocess.Popen[str]:
    path = lake.folder / f"{name}.json"
    path.write_text(json.dumps(pipelines))
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), str(path)], stdout=subprocess.PIPE, text=True
    )


def _answers(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    text, _ = process.communicate(timeout=200)
    assert process.returncode == 0
    return [json.loads(line) for line in text.splitlines() if line != "begun"]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: str(mode["operation"]))
def test_a_run_that_is_repeated_writes_once(tmp_path: Path, mode: dict[str, Any]) -> None:
    """The table knows the run: the second time there is nothing to do, and the same is told."""
    with Bench(tmp_path) as bench:
        config = {"type": "delta", "location": str(tmp_path / "table"), "write_mode": mode}
        reports: list[WriteReport] = []
        for _ in range(2):
            destination = bench.destination(config)
            bench.context.run_id = "the-same-run"
            frame = ScriptedFrame.of(bench, ROWS)
            reports.append(destination.write(frame, bench.context))
            assert frame.starts == (1 if len(reports) == 1 else 0)
        assert reports[0] == reports[1]
        assert reports[0].rows == 3
    table = DeltaTable(str(tmp_path / "table"))
    assert table.version() == 0
    assert table.count() == 3


class _Write:
    """A function as a write."""

    def __init__(self, write: Callable[[DeltaTable | None], bool], rows: int = 0) -> None:
        self._write = write
        self.rows = rows

    def __call__(self, table: DeltaTable | None) -> bool:
        return self._write(table)


def test_an_answer_that_is_lost_is_looked_up(lake: Lake) -> None:
    """A commit that was made though an error was raised counts, and is not made again."""
    location = locate_path(str(lake.path))
    commit = RunCommit(run_id="r1", destination="out", metadata={}, location="x")
    calls = []

    def write(table: DeltaTable | None) -> bool:
        calls.append(table)
        write_deltalake(str(lake.path), ROWS, commit_properties=commit.properties())
        raise OSError("connection reset")

    assert commit_once(commit, location, _Write(write, rows=3)).rows == 3
    assert len(calls) == 1


def _break_log(lake: Lake) -> None:
    newest = max((lake.path / "_delta_log").glob("*.json"))
    newest.write_text("{broken")


def test_an_answer_that_cannot_be_looked_up_is_told(lake: Lake) -> None:
    """Neither as a success nor as a failure: with what to look for."""
    location = locate_path(str(lake.path))
    commit = RunCommit(run_id="r1", destination="out", metadata={}, location="x")

    def write(_: DeltaTable | None) -> bool:
        write_deltalake(str(lake.path), ROWS, commit_properties=commit.properties())
        _break_log(lake)
        raise OSError("connection reset")

    with pytest.raises(CommitLostError, match="connection reset") as caught:
        commit_once(commit, location, _Write(write))
    assert "look for r1" in (caught.value.hint or "")


def test_a_commit_that_was_acknowledged_is_never_a_failure(lake: Lake) -> None:
    """Also where the table cannot be read afterwards."""
    location = locate_path(str(lake.path))
    commit = RunCommit(run_id="r1", destination="out", metadata={}, location="x")

    def write(_: DeltaTable | None) -> bool:
        write_deltalake(str(lake.path), ROWS, commit_properties=commit.properties())
        _break_log(lake)
        return True

    assert commit_once(commit, location, _Write(write, rows=3)).rows == 3


def test_an_error_without_a_commit_is_told(lake: Lake) -> None:
    """What was not committed is an error that says where."""
    location = locate_path(str(lake.path))
    commit = RunCommit(run_id="r1", destination="out", metadata={}, location="x")

    def write(_: DeltaTable | None) -> bool:
        raise OSError("connection reset")

    with pytest.raises(DestinationError, match=r"cannot write .*connection reset"):
        commit_once(commit, location, _Write(write))


def test_a_crash_in_native_code_is_an_error_of_the_destination(lake: Lake) -> None:
    """What the library raises then is no Exception, and would end the program."""
    location = locate_path(str(lake.path))
    commit = RunCommit(run_id="r1", destination="out", metadata={}, location="x")

    class PanicException(BaseException):
        """As the library's own, which cannot be made here."""

    def write(_: DeltaTable | None) -> bool:
        raise PanicException("called `Option::unwrap()` on a `None` value")

    with pytest.raises(DestinationError, match="cannot write the Delta table"):
        commit_once(commit, location, _Write(write))

    def stop(_: DeltaTable | None) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        commit_once(commit, location, _Write(stop))


def test_conflicts_end_after_some_tries(lake: Lake) -> None:
    """Where others are faster each time, the run fails, and may be repeated."""
    location = locate_path(str(lake.path))
    commit = RunCommit(run_id="r1", destination="out", metadata={}, location="x")
    seen = []

    def write(table: DeltaTable | None) -> bool:
        from deltalake.exceptions import CommitFailedError

        seen.append(None if table is None else table.version())
        write_deltalake(str(lake.path), ROWS, mode="append")
        raise CommitFailedError("a concurrent transaction added new data")

    with pytest.raises(CommitConflictError, match="each of 6 times") as caught:
        commit_once(commit, location, _Write(write))
    assert caught.value.is_retryable
    assert seen == [None, 0, 1, 2, 3, 4]


@pytest.mark.slow
def test_appends_do_not_get_into_each_others_way(lake: Lake) -> None:
    """Eight processes append at the same time, the first of them to a table that is not there."""
    query = "SELECT value AS id FROM generate_series(1, 1000)"
    pipelines = [_pipeline(lake, query, {"operation": "append"})] * 3
    processes = [_start(lake, f"p{number}", pipelines) for number in range(8)]
    answers = [answer for process in processes for answer in _answers(process)]
    assert [answer for answer in answers if "error" in answer] == []
    assert lake.table().count() == 24_000


@pytest.mark.slow
def test_upserts_at_the_same_time_lose_nothing(lake: Lake) -> None:
    """The table is what the same upserts leave one after another, in the order of their commits."""
    lake.write(ROWS, {"operation": "append"})
    steps: dict[str, tuple[list[int], int]] = {}
    chance = random.Random(7)
    processes = []
    for process in range(8):
        pipelines = []
        for number in range(3):
            name, value = f"{process}-{number}", 10 * process + number + 1
            steps[name] = (sorted(chance.sample(range(1, 13), 5)), value)
            pipelines.append(_upsert(lake, *steps[name], step=name))
        processes.append(_start(lake, f"p{process}", pipelines))
    answers = [answer for process in processes for answer in _answers(process)]
    failed = [answer for answer in answers if "error" in answer]
    assert all(answer["is_retryable"] for answer in failed), failed
    expected = {1: 0, 2: 0, 3: 0}
    commits = [entry["step"] for entry in reversed(lake.table().history()) if "step" in entry]
    assert len(commits) == len(set(commits)) == len(answers) - len(failed)
    assert len(commits) >= 8
    for name in commits:
        ids, value = steps[name]
        expected |= dict.fromkeys(ids, value)
    assert {row["id"]: row["n"] for row in lake.rows()} == expected


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: str(mode["operation"]))
def test_killed_runs_leave_whole_versions(lake: Lake, mode: dict[str, Any]) -> None:
    """Runs that are killed at any moment: the table is whole, and holds the runs it knows."""
    lake.write(ROWS, {"operation": "append"})
    query = "SELECT value + {start} AS id, {start} AS n FROM generate_series(1, 20000)"
    chance = random.Random(3)
    for number in range(1, 7):
        start = 0 if mode["operation"] == "replace" else number * 100_000
        made = _pipeline(lake, query.format(start=start), mode, round=number)
        process = _start(lake, "killed", [made])
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(chance.uniform(0, 0.6))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        committed = [entry["round"] for entry in lake.table().history() if "round" in entry]
        expected = 3 + 20_000 * len(committed)
        if mode["operation"] == "replace" and committed:
            expected = 20_000
        assert lake.table().count() == expected
        assert len(lake.read("SELECT DISTINCT n FROM t WHERE n > 0")) <= len(committed)
    lake.write(ROWS, mode)
