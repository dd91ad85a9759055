"""Asking an executor: status, cancelling, and watching runs over server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from aiohttp import web

import aqueducts
from aqueducts import events
from aqueducts.protocol import (
    CancelAnswer,
    CurrentRun,
    Execution,
    MemoryStatus,
    QueueStatus,
    RunMessages,
    Status,
    StreamEvent,
    encode,
    execution_error,
    messages,
)

from .conftest import A_RUN, ID, KEY, ScriptedExecutor

STATUS = Status(
    executor_id="etl-1",
    version="0.1.0",
    mode="standalone",
    state="busy",
    current=CurrentRun(
        execution_id=ID, progress=42, current_stage="adults:0_0", started_at="2026-01-02T03:04:05Z"
    ),
    queue=QueueStatus(depth=2, capacity=100),
    memory=MemoryStatus(limit=2_000_000_000, worker_rss=211_000_000),
    uptime_s=3725.0,
    plugins=("builtin 0.1.0",),
)

EVENTS_PATH = f"/executions/{ID}/events"


def answer(body: msgspec.Struct, status: int = 200) -> Callable[[web.Request], Awaitable[Any]]:
    """Answer with a body, whatever is asked."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=encode(body), status=status, content_type="application/json")

    return handle


def client(executor: ScriptedExecutor) -> aqueducts.Executor:
    """The client of a started executor."""
    if not executor.port:
        executor.start()
    return aqueducts.Executor(executor.address, api_key=KEY)


def frames(*, first: int = 1, ending: messages.ExecutorMessage | None = None) -> list[bytes]:
    """The run as frames from an event on."""
    run = RunMessages(ID)
    sent: list[messages.ExecutorMessage] = [messages.ExecutionResponse(execution_id=ID)]
    sent += [message for event in A_RUN for message in run.of(event)]
    sent.append(ending or messages.ExecutionSucceeded(execution_id=ID))
    kinds = {
        messages.ExecutionSucceeded: "completed",
        messages.ExecutionError: "error",
        messages.CancelResponse: "cancelled",
    }
    found = []
    for seq, message in enumerate(sent, 1):
        event = StreamEvent(
            event_type=kinds.get(type(message), "progress"),  # type: ignore[arg-type]
            execution_id=ID,
            seq=seq,
            ts="2026-01-02T03:04:05Z",
            detail=msgspec.Raw(encode(message)),
        )
        found.append(
            b"id: %d\nevent: %s\ndata: %s\n\n" % (seq, event.event_type.encode(), encode(event))
        )
    return found[first - 1 :]


async def test_status_is_told(executor: ScriptedExecutor) -> None:
    """As it was sent."""
    executor.answers["GET", "/status"] = answer(STATUS)
    assert await client(executor).status() == STATUS


async def test_a_run_can_be_asked_about(executor: ScriptedExecutor) -> None:
    """Also one that is not there."""
    execution = Execution(execution_id=ID, state="crashed", error="signal 11")
    executor.answers["GET", f"/executions/{ID}"] = answer(execution)
    assert await client(executor).execution(ID) == execution

    async def missing(request: web.Request) -> web.Response:
        return web.json_response({"error": "there is no run 'a/b'"}, status=404)

    executor.answers["GET", "/executions/a/b"] = missing
    with pytest.raises(aqueducts.UnknownRunError, match="there is no run 'a/b'"):
        await client(executor).execution("a/b")
    assert executor.requests[-1].raw_path == "/executions/a%2Fb"


async def test_cancelling_tells_what_became_of_it(executor: ScriptedExecutor) -> None:
    """With an id and without."""
    told = CancelAnswer(status="not_running", message="nothing runs", cancelled_execution_id=None)
    bodies = []

    async def cancel(request: web.Request) -> web.Response:
        bodies.append(await request.json())
        return web.Response(body=encode(told), content_type="application/json")

    executor.answers["POST", "/cancel"] = cancel
    assert await client(executor).cancel() == told
    assert await client(executor).cancel(ID) == told
    assert bodies == [{}, {"execution_id": ID}]


async def test_answers_that_make_no_sense_are_refused(executor: ScriptedExecutor) -> None:
    """What answers may be anything."""
    executor.answers["GET", "/status"] = answer(QueueStatus(depth=1, capacity=2))
    with pytest.raises(aqueducts.ProtocolError):
        await client(executor).status()
    with pytest.raises(aqueducts.ExecutorUnreachableError, match="is no executor: HTTP status 404"):
        await client(executor).execution(ID)


async def test_a_run_is_handed_over_without_a_listener(executor: ScriptedExecutor) -> None:
    """Its id is in a header."""
    pipeline = aqueducts.Pipeline.from_dict({"stages": [[{"name": "a", "query": "select 1"}]]})
    asked = []

    async def execute(request: web.Request) -> web.StreamResponse:
        asked.append((dict(request.query), await request.json()))
        stream = web.StreamResponse(headers={"X-Execution-Id": ID})
        await stream.prepare(request)
        await stream.write(b": still there\n\n")
        return stream

    executor.answers["POST", "/execute"] = execute
    assert await client(executor).submit(pipeline) == ID
    assert asked == [
        (
            {"detach": "true", "queue": "true"},
            {"pipeline": {"stages": [[{"name": "a", "query": "select 1"}]]}},
        )
    ]


async def test_a_pipeline_that_is_refused_has_its_problems(executor: ScriptedExecutor) -> None:
    """422 brings all of them."""

    async def refuse(request: web.Request) -> web.Response:
        problem = {"path": ["stages", 0], "message": "too many", "code": "plan"}
        return web.json_response({"error": "invalid", "problems": [problem]}, status=422)

    executor.answers["POST", "/execute"] = refuse
    pipeline = aqueducts.Pipeline.from_dict({"stages": [[{"name": "a", "query": "select 1"}]]})
    with pytest.raises(aqueducts.ValidationProblem) as caught:
        await client(executor).submit(pipeline)
    assert [each.message for each in caught.value.problems] == ["too many"]


def stream_in_parts(executor: ScriptedExecutor, parts: list[int]) -> list[str | None]:
    """Send the run in parts, each over a connection of its own; the ids that were asked for."""
    asked: list[str | None] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        last = request.headers.get("Last-Event-ID")
        asked.append(last)
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        count = parts[len(asked) - 1]
        await stream.write(b": begin\n\n" + b"".join(frames(first=int(last or 0) + 1)[:count]))
        return stream

    executor.answers["GET", EVENTS_PATH] = handle
    return asked


async def test_watching_tells_the_whole_run(executor: ScriptedExecutor) -> None:
    """The events and the result of a run that began elsewhere."""
    stream_in_parts(executor, [100])
    heard: list[events.Event] = []
    result = await client(executor).attach(ID, on_event=heard.append)
    started = msgspec.structs.replace(A_RUN[0], run_id=ID)
    assert heard == [events.RunAccepted(execution_id=ID), started, *A_RUN[1:]]
    assert (result.run_id, result.rows) == (ID, 1)


async def test_watching_takes_a_stream_up_again(
    executor: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the event behind the last one, nothing lost and nothing twice."""
    monkeypatch.setattr("aqueducts.remote.attachment._PAUSES", (0.01, 0.01, 0.01))
    asked = stream_in_parts(executor, [3, 0, 4, 100])
    heard: list[events.Event] = []
    await client(executor).attach(ID, on_event=heard.append)
    assert asked == [None, "3", "3", "7"]
    told = [
        event
        for event in heard
        if event != events.Notice(code="connection-lost", message="connecting again")
    ]
    assert told[2:] == A_RUN[1:]


async def test_watching_gives_up_some_time(
    executor: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An executor that is gone stays gone."""
    monkeypatch.setattr("aqueducts.remote.attachment._PAUSES", (0.01, 0.01, 0.01))
    stream_in_parts(executor, [3, 0, 0, 0, 0])
    with pytest.raises(aqueducts.ConnectionLostError, match="was lost"):
        await client(executor).attach(ID)


@pytest.mark.parametrize(
    ("ending", "kind", "words"),
    [
        (
            execution_error(ID, aqueducts.RunCrashedError("ended by signal 11")),
            aqueducts.RunCrashedError,
            "ended by signal 11",
        ),
        (messages.CancelResponse(execution_id=ID), aqueducts.RunError, "cancelled"),
    ],
)
async def test_watching_ends_as_the_run_did(
    executor: ScriptedExecutor,
    ending: messages.ExecutorMessage,
    kind: type[aqueducts.AqueductsError],
    words: str,
) -> None:
    """With the error that it had."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"".join(frames(ending=ending)), content_type="text/event-stream")

    executor.answers["GET", EVENTS_PATH] = handle
    with pytest.raises(kind, match=words):
        await client(executor).attach(ID)


@pytest.mark.parametrize(
    ("kind", "error"), [("completed", None), ("error", "it broke"), ("cancelled", "cancelled")]
)
async def test_streams_without_details_tell_the_end(
    executor: ScriptedExecutor, kind: Any, error: str | None
) -> None:
    """Every event says of itself what it is."""
    event = StreamEvent(event_type=kind, execution_id=ID, error=error, seq=1, ts="now")

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=b"data: %s\n\n" % encode(event))

    executor.answers["GET", EVENTS_PATH] = handle
    attaching = client(executor).attach(ID)
    if error is None:
        assert (await attaching).run_id == ID
    else:
        with pytest.raises(aqueducts.RunError, match=error):
            await attaching


async def test_the_end_of_a_run_may_bring_its_numbers(executor: ScriptedExecutor) -> None:
    """One event is the last progress and the end in one."""
    *_, update = RunMessages(ID).of(A_RUN[-1])
    detail = msgspec.Raw(encode(update))
    event = StreamEvent(
        event_type="completed", execution_id=ID, progress=100, seq=1, ts="now", detail=detail
    )

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=b"data: %s\n\n" % encode(event))

    executor.answers["GET", EVENTS_PATH] = handle
    result = await client(executor).attach(ID)
    assert (result.duration_ms, result.peak_memory_bytes) == (21.0, 150_000_000)


async def test_watching_a_run_that_is_not_there(executor: ScriptedExecutor) -> None:
    """Is an error at once, as is an executor that is not there."""

    async def missing(request: web.Request) -> web.Response:
        return web.json_response({"error": "no such run"}, status=404)

    executor.answers["GET", EVENTS_PATH] = missing
    with pytest.raises(aqueducts.UnknownRunError):
        await client(executor).attach(ID)
    with pytest.raises(aqueducts.ExecutorUnreachableError):
        await aqueducts.Executor("127.0.0.1:1").attach(ID)


async def test_to_stop_watching_leaves_the_run_alone(executor: ScriptedExecutor) -> None:
    """No cancel is sent."""
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def handle(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse()
        await stream.prepare(request)
        await stream.write(frames()[0])
        loop.call_soon_threadsafe(begun.set)
        await asyncio.sleep(20)
        return stream

    executor.answers["GET", EVENTS_PATH] = handle
    watching = asyncio.create_task(client(executor).attach(ID))
    await begun.wait()
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    assert [request.method for request in executor.requests] == ["GET"]
