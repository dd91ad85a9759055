"""What pipelines may not do on an executor, and what never leaves it."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from conftest import Executor

Pipelines = Callable[..., dict[str, Any]]
Start = Callable[..., "Executor"]

CANARY = "c4nary-S3cret/+value"


def last(executor: Executor, pipeline: dict[str, Any]) -> dict[str, Any]:
    """The last event of a run."""
    return executor.execute(pipeline)[-1]


def test_files_outside_of_the_data_root(
    executor: Executor, folder: Path, pipeline: Pipelines, tmp_path: Path
) -> None:
    """Neither read nor written: by their path, through a link, or by a URL."""
    (tmp_path / "secret.csv").write_text(f"a\n{CANARY}\n", encoding="utf-8")
    (folder / "link.csv").unlink(missing_ok=True)
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    for location in (
        f"{tmp_path}/secret.csv",
        f"{folder}/link.csv",
        f"file://{folder}/%2e%2e/{tmp_path.name}/secret.csv",
        "/etc/passwd",
        str(folder / ".aqueducts" / "journal.jsonl"),
    ):
        reading = pipeline(folder)
        reading["sources"][0]["location"] = location
        event = last(executor, reading)
        assert event["detail"]["code"] in ("access", "storage"), event
        assert CANARY not in str(event)
    (folder / "link.csv").unlink()
    writing = pipeline(folder)
    writing["destination"]["location"] = f"{tmp_path}/out.csv"
    assert last(executor, writing)["detail"]["code"] == "access"
    assert not (tmp_path / "out.csv").exists()


def test_relative_paths_begin_at_the_working_folder(
    executor: Executor, folder: Path, pipeline: Pipelines
) -> None:
    """Of the executor."""
    relative = pipeline(folder)
    relative["sources"][0]["location"] = "in.csv"
    assert last(executor, relative)["event_type"] == "completed"


@pytest.fixture
def canary_server() -> Iterator[tuple[int, list[str]]]:
    """A server on this machine that notes whoever comes."""
    visits: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            visits.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1], visits
    server.shutdown()
    server.server_close()


def test_hosts_that_are_not_public(
    executor: Executor,
    folder: Path,
    pipeline: Pipelines,
    canary_server: tuple[int, list[str]],
) -> None:
    """Nobody knocks at this machine, whatever the pipeline says; missing plugins or not."""
    port, visits = canary_server
    for location, options in (
        (f"http://127.0.0.1:{port}/x.csv", {}),
        (f"http://localhost:{port}/x.csv", {}),
        (f"http://[::ffff:127.0.0.1]:{port}/x.csv", {}),
        (f"http://2130706433:{port}/x.csv", {}),
        ("s3://b/x.csv", {"endpoint": f"http://127.0.0.1:{port}", "allow_http": "true"}),
    ):
        reading = pipeline(folder)
        reading["sources"][0] |= {"location": location, "storage_config": options}
        answer = executor.request("POST", "/execute", {"pipeline": reading})
        assert answer.status in (200, 422)
        assert b'"completed"' not in answer.body
    assert not visits


def test_secrets_that_are_not_for_pipelines(
    start: Start, tmp_path: Path, pipeline: Pipelines
) -> None:
    """Only allowed names; not the executor's own key, even where every name is allowed."""
    executor = start(
        "--allow-secret=env:AQUEDUCTS_*",
        environment={"AQUEDUCTS_SECRET_X": CANARY, "OTHER": CANARY},
    )
    good = last(executor, pipeline(tmp_path, "SELECT '${secret:env:AQUEDUCTS_SECRET_X}' AS s"))
    assert good["event_type"] == "completed"
    assert CANARY in (tmp_path / "out.csv").read_text(encoding="utf-8")
    other = last(executor, pipeline(tmp_path, "SELECT '${secret:env:OTHER}' AS s"))
    assert other["detail"]["code"] == "access"
    own = last(executor, pipeline(tmp_path, "SELECT '${secret:env:AQUEDUCTS_API_KEY}' AS s"))
    assert own["detail"]["code"] == "secret"


def test_secrets_are_in_nothing_that_leaves(
    start: Start, tmp_path: Path, pipeline: Pipelines
) -> None:
    """Not in events, answers, logs, metrics or the state folder: resolved, or in the pipeline."""
    executor = start(
        "--log-level=trace", environment={"AQUEDUCTS_SECRET_X": CANARY, "SOMETHING": CANARY}
    )
    reference = "${secret:env:AQUEDUCTS_SECRET_X}"
    found = b""
    pipelines = [
        pipeline(tmp_path, f"SELECT '{reference}' AS s", "out.json", show=5, explain=True),
        pipeline(tmp_path, f"SELECT CAST('{reference}' AS INT) AS s", "out.json"),
        pipeline(tmp_path, f"SELECT * FROM nowhere WHERE a = '{reference}'", "out.json"),
    ]
    literal = pipeline(tmp_path)
    literal["sources"][0] |= {
        "location": "s3://bucket/in.csv",
        "storage_config": {"aws_secret_access_key": CANARY, "endpoint": f"http://{CANARY}"},
    }
    pipelines.append(literal)
    wrong = pipeline(tmp_path)
    wrong["sources"][0]["storage_config"] = {"key": CANARY, "other": [CANARY]}
    pipelines.append(wrong)
    for each in pipelines:
        answer = executor.request("POST", "/execute", {"pipeline": each})
        found += answer.body
        run_id = answer.headers.get("X-Execution-Id")
        if run_id is not None:
            found += executor.request("GET", f"/executions/{run_id}").body
            found += executor.request("GET", f"/executions/{run_id}/events").body
    for path in ("/status", "/metrics", "/openapi.json"):
        found += executor.request("GET", path).body
    executor.stop()
    found += executor.raw_log.encode()
    for file in (tmp_path / ".aqueducts").rglob("*"):
        if file.is_file():
            found += file.read_bytes()
    for form in (CANARY, CANARY.replace("/", "%2F"), "key-of-the-tests"):
        assert form.encode() not in found
    assert b"***" in found


def test_environment_of_a_worker(executor: Executor) -> None:
    """No process that runs pipelines has the key."""
    workers: list[psutil.Process] = []
    deadline = time.monotonic() + 30
    while not workers and time.monotonic() < deadline:  # one that is ready says so in its name
        workers = [each for each in executor.workers() if each.name() == "aqueducts-spare"]
    assert workers
    for worker in workers:
        assert not [key for key in worker.environ() if key.startswith("AQUEDUCTS_API_KEY")]


def test_runs_share_nothing(executor: Executor, folder: Path, pipeline: Pipelines) -> None:
    """Each has a process of its own, and its temporary folder is gone afterwards."""
    processes = set()
    for _ in range(2):
        stream = executor.begin(pipeline(folder, "SELECT count(*) AS n FROM t"))
        processes |= {each.pid for each in executor.workers() if each.name() == "aqueducts-run"}
        list(stream)
        stream.close()
    assert not list((folder / ".aqueducts" / "spill").glob("run-*/*"))
