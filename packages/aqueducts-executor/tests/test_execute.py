"""`POST /execute`, as curl and web servers use it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Executor

Pipelines = Callable[..., dict[str, Any]]

KEYS = {
    "event_type",
    "message",
    "progress",
    "execution_id",
    "current_stage",
    "error",
    "seq",
    "ts",
    "detail",
}


def test_run_is_streamed_from_start_to_end(
    executor: Executor, folder: Path, pipeline: Pipelines
) -> None:
    """Every event has its keys; numbers go up; the last one says 100."""
    events = executor.execute(pipeline(folder, "SELECT a FROM t", show=2))

    assert (folder / "out.csv").read_text() == "a\n1\n2\n3\n"
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert all(event.keys() >= KEYS for event in events)
    assert len({event["execution_id"] for event in events}) == 1
    progress = [event["progress"] for event in events]
    assert progress == sorted(progress)
    assert progress[-1] == 100
    assert 100 not in progress[:-1]
    kinds = [event["event_type"] for event in events]
    assert kinds[0] == "started"
    assert kinds[-1] == "completed"
    assert "output" in kinds
    assert any(event["current_stage"] == "s:0_0" for event in events)
    text = "".join(
        event["detail"]["payload"].get("body", "")
        for event in events
        if event["event_type"] == "output"
    )
    assert "| 1 |" in text


def test_headers_keep_proxies_from_gathering_events(
    executor: Executor, folder: Path, pipeline: Pipelines
) -> None:
    """What the contract says of the answer's headers."""
    stream = executor.stream("POST", "/api/execute", {"pipeline": pipeline(folder)})
    assert stream.response.headers["Content-Type"].startswith("text/event-stream")
    assert stream.response.headers["Cache-Control"] == "no-store"
    assert stream.response.headers["X-Accel-Buffering"] == "no"
    assert {event["execution_id"] for event in stream} == {stream.run_id}
    stream.close()


def test_failed_run_tells_why(executor: Executor, folder: Path, pipeline: Pipelines) -> None:
    """A division by zero ends as an error event with its message, and the state says so."""
    failing = pipeline(folder, "SELECT a / (a - a) AS n FROM t", "never.csv")
    events = executor.execute(failing)
    assert events[-1]["event_type"] == "error"
    assert "zero" in events[-1]["error"].lower()
    assert events[-1]["detail"]["type"] == "execution_error"
    assert executor.state(events[-1]["execution_id"]) == "failed"
    assert not (folder / "never.csv").exists()


def test_invalid_pipeline_is_refused_with_all_problems(
    executor: Executor, folder: Path, pipeline: Pipelines
) -> None:
    """422 names each problem with its place; nothing runs."""
    broken = pipeline(folder)
    broken["sources"][0]["type"] = "fil"
    broken["stages"][0][0]["query"] = "SELEC 1"
    answer = executor.request("POST", "/execute", {"pipeline": broken})
    assert answer.status == 422
    problems = answer.json()["problems"]
    assert {tuple(problem["path"]) for problem in problems} >= {("sources", 0, "type")}
    assert all(problem["message"] for problem in problems)


def test_closing_the_connection_cancels(
    executor: Executor, folder: Path, pipeline: Pipelines, endless: str
) -> None:
    """Whoever asked is gone: so is the run."""
    stream = executor.begin(pipeline(folder, endless, "closed.csv"))
    stream.close()
    events = list(executor.stream("GET", f"/executions/{stream.run_id}/events"))
    assert events[-1]["event_type"] == "cancelled"
    assert executor.state(stream.run_id) == "cancelled"


def test_detached_run_goes_on(
    executor: Executor, folder: Path, pipeline: Pipelines, endless: str
) -> None:
    """With `detach=true` only a cancel ends it; whoever comes later sees all events."""
    stream = executor.begin(pipeline(folder, endless, "detached.csv"), "?detach=true")
    stream.close()
    assert executor.state(stream.run_id) == "running"
    answer = executor.request("POST", "/cancel", {"execution_id": stream.run_id}).json()
    assert answer == {
        "status": "cancelled",
        "message": "Pipeline execution cancelled successfully",
        "cancelled_execution_id": stream.run_id,
    }
    events = list(executor.stream("GET", f"/executions/{stream.run_id}/events"))
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    rest = list(
        executor.stream(
            "GET", f"/executions/{stream.run_id}/events", headers={"Last-Event-ID": "2"}
        )
    )
    assert rest == events[2:]


def test_second_run_is_told_to_come_back(
    executor: Executor, folder: Path, pipeline: Pipelines, endless: str
) -> None:
    """429 with the headers and the words that clients know; with `queue=true` it waits."""
    first = executor.begin(pipeline(folder, endless, "first.csv"))
    answer = executor.request("POST", "/execute", {"pipeline": pipeline(folder)})
    assert answer.status == 429
    assert answer.json() == {
        "error": f"A pipeline is already running (ID: {first.run_id}). "
        "Please retry after 30 seconds",
        "execution_id": first.run_id,
        "retry_after": 30,
    }
    assert answer.headers["Retry-After"] == "30"
    assert answer.headers["X-RateLimit-Remaining"] == "0"

    body = {"pipeline": pipeline(folder, target="second.csv")}
    second = executor.stream("POST", "/execute?queue=true", body)
    waiting = next(second)
    assert (waiting["event_type"], waiting["position"]) == ("queued", 0)
    executor.request("POST", "/cancel")
    assert list(second)[-1]["event_type"] == "completed"
    first.close()


def test_cancel_of_nothing(executor: Executor) -> None:
    """Nothing runs, whatever is named."""
    for body in (None, {}, {"execution_id": "x"}):
        answer = executor.request("POST", "/cancel", body).json()
        assert answer["status"] == "not_running"
        assert answer["message"] == "No pipeline execution is currently running"
        assert answer["cancelled_execution_id"] is None


def test_cancel_of_another_id(
    executor: Executor, folder: Path, pipeline: Pipelines, endless: str
) -> None:
    """The run that goes on is named, and goes on."""
    stream = executor.begin(pipeline(folder, endless, "other.csv"))
    answer = executor.request("POST", "/cancel", {"execution_id": "x"}).json()
    assert answer["status"] == "not_found"
    assert answer["message"] == (
        f"Execution ID 'x' not found. Current execution has ID '{stream.run_id}'"
    )
    assert executor.state(stream.run_id) == "running"
    stream.close()


def test_cancel_answers_once_the_worker_is_gone(
    executor: Executor, folder: Path, pipeline: Pipelines, endless: str
) -> None:
    """The process that computed is no more, and nothing of the result is left."""
    stream = executor.begin(pipeline(folder, endless, "gone.csv"))
    worker = executor.worker_of_run()
    executor.request("POST", "/cancel", {"execution_id": stream.run_id})
    assert not worker.is_running()
    assert list(stream)[-1]["event_type"] == "cancelled"
    stream.close()


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_health_needs_no_key(executor: Executor, prefix: str) -> None:
    """And nothing else answers without."""
    answer = executor.request("GET", f"{prefix}/health", headers={"X-API-Key": ""})
    assert (answer.status, answer.json()) == (200, {"status": "OK"})
    assert executor.request("GET", f"{prefix}/ready", headers={"X-API-Key": ""}).status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/status"),
        ("POST", "/execute"),
        ("POST", "/cancel"),
        ("GET", "/executions/x"),
        ("GET", "/executions/x/events"),
        ("GET", "/metrics"),
        ("GET", "/ws/connect"),
    ],
)
@pytest.mark.parametrize("key", ["", "wrong", "k\xe9y", "key-of-the-tests-012345678"])
def test_wrong_keys_are_all_answered_alike(
    executor: Executor, method: str, path: str, key: str
) -> None:
    """The same bytes, whatever is wrong."""
    answer = executor.request(method, path, headers={"X-API-Key": key})
    assert answer.status == 401
    assert answer.body == b'{"error": "Authentication failed"}'
