"""`/ws/connect`, as both generations of clients use it."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from conftest import Executor

Pipelines = Callable[..., dict[str, Any]]

KEY = "key-of-the-tests-0123456789"
LAST = ("execution_succeeded", "execution_error", "cancel_response")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client."""
    async with aiohttp.ClientSession() as session:
        yield session


def connect(session: aiohttp.ClientSession, executor: Executor, path: str = "/ws/connect") -> Any:
    """A connection with the key."""
    url = f"http://127.0.0.1:{executor.port}{path}"
    return session.ws_connect(url, headers={"X-API-Key": KEY})


async def until(socket: Any, *kinds: str) -> list[dict[str, Any]]:
    """All messages up to one of these kinds."""
    found = []
    while True:
        message = json.loads(await socket.receive_str(timeout=60))
        found.append(message)
        if message["type"] in kinds:
            return found


TRANSCRIPT = [
    "execution_response",
    "progress_update started",
    "progress_update source_registered",
    "progress_update stage_started",
    "stage_output output_start",
    "stage_output output_chunk",
    "stage_output output_end",
    "progress_update stage_completed",
    "progress_update destination_completed",
    "progress_update completed",
    "execution_succeeded",
]
"""What the older client was written for, in its order."""

OLDER_FIELDS = {
    "execution_response": {"execution_id"},
    "progress_update": {"execution_id", "progress", "event"},
    "stage_output": {"execution_id", "stage_name", "payload"},
    "execution_succeeded": {"execution_id"},
}


@pytest.mark.parametrize("path", ["/ws/connect", "/api/ws/connect"])
async def test_transcript_of_the_older_client(
    executor: Executor,
    folder: Path,
    pipeline: Pipelines,
    session: aiohttp.ClientSession,
    path: str,
) -> None:
    """It gets the messages that it knows, in its order, with the fields that it needs."""
    async with connect(session, executor, path) as socket:
        request = {"type": "execution_request", "pipeline": pipeline(folder, show=2)}
        await socket.send_str(json.dumps(request))
        messages = await until(socket, *LAST)
    shown = []
    for message in messages:
        kind = message["type"]
        assert message.keys() >= OLDER_FIELDS[kind] | {"type"}
        assert "detail" not in message
        inner = message.get("event") or message.get("payload") or {}
        shown.append(f"{kind} {inner.get('type', '')}".strip())
    assert shown == TRANSCRIPT
    run_id = messages[0]["execution_id"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", run_id)
    assert {message["execution_id"] for message in messages} == {run_id}
    stage = messages[3]["event"]
    assert stage == {"type": "stage_started", "name": "s", "position": 0, "sub_position": 0}
    for message in messages:
        duration = (message.get("event") or {}).get("duration_ms", 0)
        assert isinstance(duration, int)


async def test_newer_client_gets_the_runs_own_events(
    executor: Executor, folder: Path, pipeline: Pipelines, session: aiohttp.ClientSession
) -> None:
    """With `detail` each update carries what the run told."""
    async with connect(session, executor) as socket:
        request = {"type": "execution_request", "pipeline": pipeline(folder), "detail": True}
        await socket.send_str(json.dumps(request))
        messages = await until(socket, *LAST)
    details = [each["detail"]["type"] for each in messages if "detail" in each]
    assert details[0] == "started"
    assert "destination_started" in details
    assert details[-1] == "completed"


async def test_runs_wait_in_their_order(
    executor: Executor,
    folder: Path,
    pipeline: Pipelines,
    endless: str,
    session: aiohttp.ClientSession,
) -> None:
    """Positions go down as those before are done or leave; a closed socket cancels its runs."""
    async with connect(session, executor) as first, connect(session, executor) as second:
        running = {"type": "execution_request", "pipeline": pipeline(folder, endless, "e.csv")}
        await first.send_str(json.dumps(running))
        await until(first, "progress_update")
        waiting = {"type": "execution_request", "pipeline": pipeline(folder, target="w.csv")}
        async with connect(session, executor) as third:
            await third.send_str(json.dumps(waiting))
            assert (await until(third, "queue_position"))[-1]["position"] == 0
            await second.send_str(json.dumps(waiting))
            assert (await until(second, "queue_position"))[-1]["position"] == 1
        assert (await until(second, "queue_position"))[-1]["position"] == 0
        await first.close()
        messages = await until(second, *LAST)
        assert messages[-1]["type"] == "execution_succeeded"


async def test_cancel_tells_the_owner_and_whoever_asked(
    executor: Executor,
    folder: Path,
    pipeline: Pipelines,
    endless: str,
    session: aiohttp.ClientSession,
) -> None:
    """Both hear of it once the worker is gone; each once."""
    async with connect(session, executor) as owner, connect(session, executor) as other:
        request = {"type": "execution_request", "pipeline": pipeline(folder, endless, "c.csv")}
        await owner.send_str(json.dumps(request))
        messages = await until(owner, "progress_update")
        run_id = messages[0]["execution_id"]
        cancel = json.dumps({"type": "cancel_request", "execution_id": run_id})
        await other.send_str(cancel)
        assert (await until(other, "cancel_response"))[-1]["execution_id"] == run_id
        assert (await until(owner, *LAST))[-1]["type"] == "cancel_response"
        assert not [each for each in executor.workers() if each.name() == "aqueducts-run"]
        await other.send_str(cancel)
        assert (await until(other, "error"))[-1]["message"]


async def test_invalid_pipeline_is_an_execution_error(
    executor: Executor, folder: Path, pipeline: Pipelines, session: aiohttp.ClientSession
) -> None:
    """With an id first, as clients expect one, and all problems in it."""
    broken = pipeline(folder, "SELEC 1")
    async with connect(session, executor) as socket:
        await socket.send_str(json.dumps({"type": "execution_request", "pipeline": broken}))
        messages = await until(socket, *LAST)
    assert [each["type"] for each in messages] == ["execution_response", "execution_error"]
    assert messages[1]["execution_id"] == messages[0]["execution_id"]
    assert messages[1]["problems"]


HOSTILE = [
    "",
    "null",
    "[]",
    "42",
    '"text"',
    "{",
    "{}",
    '{"type": null}',
    '{"type": "no_such_type"}',
    '{"type": "execution_request"}',
    '{"type": "execution_request", "pipeline": null}',
    '{"type": "execution_request", "pipeline": "x"}',
    '{"type": "execution_request", "pipeline": {"sources": 1}, "detail": 7}',
    '{"type": "cancel_request"}',
    '{"type": "cancel_request", "execution_id": 5}',
    '{"type": "cancel_request", "execution_id": "' + "x" * 10_000 + '"}',
    "[" * 100_000,
    '{"a":' * 5000 + "1" + "}" * 5000,
    '{"type": "execution_request", "pipeline": ' + "[" * 64 + "]" * 64 + "}",
    '{"type": "execution_request", "pipeline": ' + "9" * 400 + "}",
    '{"type": "execution_request", "pipeline": NaN}',
    '{"type": "execution_request", "pipeline": {"sources": 1, "sources": 2}}',
    '{"type": "execution_request", "pipeline": {"sources": "\\ud800"}}',
    "\x00\x01\x02",
]


async def test_hostile_messages_keep_the_socket(
    executor: Executor, session: aiohttp.ClientSession
) -> None:
    """Each is answered with an error; the connection and the server go on."""
    async with connect(session, executor) as socket:
        for text in HOSTILE:
            await socket.send_str(text)
            message = (await until(socket, "error", "execution_error"))[-1]
            assert message["message"], text[:80]
        await socket.send_bytes(b"\xff\xfe")
        assert (await until(socket, "error"))[-1]["message"]


async def test_fuzzed_messages(
    executor: Executor, folder: Path, pipeline: Pipelines, session: aiohttp.ClientSession
) -> None:
    """Valid messages with bytes changed, cut and doubled; the server stays as it is."""
    dice = random.Random(7)
    valid = [
        json.dumps({"type": "cancel_request", "execution_id": "x"}),
        json.dumps({"type": "execution_request", "pipeline": {"sources": 5, "stages": 5}}),
    ]
    answered = 0
    async with connect(session, executor) as socket:
        for _ in range(500):
            text = list(dice.choice(valid))
            for _ in range(dice.randint(1, 6)):
                place = dice.randrange(len(text))
                change = dice.choice(("cut", "double", "swap", "any"))
                if change == "cut":
                    del text[place : place + dice.randint(1, 5)]
                elif change == "double":
                    text[place:place] = text[place : place + 9]
                elif change == "swap":
                    text[place] = dice.choice('{}[]",:\\0x')
                else:
                    text[place] = chr(dice.randrange(1, 0xD7FF))
                text = text or ["{"]
            await socket.send_str("".join(text))
            await until(socket, "error", "execution_error", "execution_succeeded")
            answered += 1
    assert answered == 500
    assert executor.request("GET", "/health").status == 200


async def test_message_that_is_too_large_closes_with_1009(
    executor: Executor, session: aiohttp.ClientSession
) -> None:
    """More than 4 MiB."""
    async with connect(session, executor) as socket:
        await socket.send_str('{"type": "' + "x" * (4 << 20) + '"}')
        message = await socket.receive(timeout=30)
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        assert socket.close_code == 1009


async def test_pings_are_answered(executor: Executor, session: aiohttp.ClientSession) -> None:
    """A client that asks whether the executor is there gets an answer."""
    url = f"http://127.0.0.1:{executor.port}/ws/connect"
    async with session.ws_connect(url, headers={"X-API-Key": KEY}, autoping=False) as socket:
        await socket.ping(b"there?")
        message = await socket.receive(timeout=30)
        assert (message.type, message.data) == (aiohttp.WSMsgType.PONG, b"there?")


async def test_connection_without_upgrade(executor: Executor) -> None:
    """A plain GET is told what the path is for."""
    answer = await asyncio.to_thread(executor.request, "GET", "/ws/connect")
    assert answer.status == 400
    assert "WebSocket" in answer.json()["error"]


async def test_shutdown_closes_sockets(
    start: Callable[..., Executor], session: aiohttp.ClientSession
) -> None:
    """With a close frame that says why, and exit code 0."""
    executor = await asyncio.to_thread(start)
    async with connect(session, executor) as socket:
        executor.process.terminate()
        message = await socket.receive(timeout=30)
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 1001
    assert await asyncio.to_thread(executor.process.wait, 60) == 0
