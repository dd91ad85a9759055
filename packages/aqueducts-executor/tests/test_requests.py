"""Requests that no good client sends."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aqueducts.testing import FaultProxy, Faults

if TYPE_CHECKING:
    from conftest import Executor

Pipelines = Callable[..., dict[str, Any]]

MIB = 1 << 20


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 415),
        (b"not json", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"pipeline": 1}', 422),
        (b'{"pipeline": null}', 422),
        (b'{"pipeline": {"version": "v9", "sources": 5}}', 422),
        (b'{"pipeline": {"sources": ' + b"[" * 62 + b"]" * 62 + b"}}", 422),
        (b'{"pipeline": {"sources": ' + b"[" * 63 + b"]" * 63 + b"}}", 400),
        (b"[" * 200_000, 400),
        (b'{"pipeline": {"a": [' + b"1," * 150_000 + b"1]}}", 400),
        (b'{"pipeline": "\xff"}', 400),
        (b'{"pipeline": {"sources": "' + b"x" * (3 * MIB) + b'"}}', 422),
        (b'{"pipeline": {"x": "' + b"x" * (4 * MIB) + b'"}}', 413),
        (b"\x00" * 100, 400),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bodies(executor: Executor, body: bytes, status: int) -> None:
    """Each has its status and says in words what is wrong."""
    headers = {"Content-Type": "application/json"} if body else {"Content-Type": "text/plain"}
    answer = executor.request("POST", "/execute", body, headers)
    assert answer.status == status, answer.body[:500]
    assert answer.json()["error"]


def test_body_has_to_be_json(executor: Executor) -> None:
    """A form of a page in somebody's browser is not taken."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = executor.request("POST", "/execute", b'{"pipeline": {}}', {"Content-Type": kind})
        assert answer.status == 415


def test_unknown_paths_methods_and_ids(executor: Executor) -> None:
    """In JSON like everything else."""
    assert executor.request("GET", "/nothing").json() == {"error": "Not Found"}
    assert executor.request("GET", "/execute").status == 405
    assert executor.request("GET", "/executions/none").status == 404
    assert executor.request("GET", "/executions/none/events").status == 404
    assert executor.request("POST", "/execute?queue=perhaps", {"pipeline": {}}).status == 400


def raw(executor: Executor, data: bytes, seconds: float = 20.0) -> bytes:
    """What comes back for some bytes until the server closes."""
    with socket.create_connection(("127.0.0.1", executor.port), timeout=seconds) as connection:
        found = b""
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(1 << 16):
                found += part
        except (ConnectionError, TimeoutError):
            pass
        return found


def test_raw_requests(executor: Executor) -> None:
    """Nothing that is sent makes an answer of the 5xx kind, or ends the server."""
    hostile = [
        b"",
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /health HTTP/1.1\r\n" + b"A: b\r\n" * 2000 + b"\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /execute HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        b"POST /execute HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nX-API-Key : k\r\n\r\n",
        b"GET /%00%ff/..%2f HTTP/1.1\r\nHost: a\r\n\r\n",
    ]
    dice = random.Random(3)
    valid = b"GET /status HTTP/1.1\r\nHost: a\r\nX-API-Key: wrong\r\nConnection: close\r\n\r\n"
    for _ in range(150):
        text = bytearray(valid)
        for _ in range(dice.randint(1, 8)):
            text[dice.randrange(len(text))] = dice.randrange(256)
        hostile.append(bytes(text))
    for data in hostile:
        answer = raw(executor, data)
        assert not answer.startswith(b"HTTP/1.1 5"), data[:200]
    assert executor.request("GET", "/health").status == 200


def test_slow_heads_and_others(executor: Executor) -> None:
    """Two hundred connections that send nothing more do not keep others from being served."""
    slow = []
    for _ in range(200):
        connection = socket.create_connection(("127.0.0.1", executor.port))
        connection.sendall(b"GET /health HTTP/1.1\r\nHo")
        slow.append(connection)
    assert executor.request("GET", "/health").status == 200
    # Each is closed some seconds after it was opened, though it is never silent.
    deadline = time.monotonic() + 60
    slow[0].settimeout(0.5)
    while time.monotonic() < deadline:
        try:
            slow[0].sendall(b"x")
            if not slow[0].recv(100):
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    else:
        raise AssertionError("a head that never ends is waited for")
    for connection in slow:
        connection.close()


def test_reader_that_stops_reading_does_not_hold_the_run(
    executor: Executor, folder: Path, pipeline: Pipelines
) -> None:
    """Others see all events meanwhile, and the run comes to its end."""
    wide = "SELECT a, repeat('x', 20000) AS text FROM t"
    stages = [[{"name": f"s{index}", "query": wide, "show": 3}] for index in range(60)]
    body = {"pipeline": pipeline(folder, target="stalled.csv") | {"stages": stages}}
    content = json.dumps(body).encode()
    with socket.create_connection(("127.0.0.1", executor.port)) as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        head = (
            "POST /execute?detach=true HTTP/1.1\r\nHost: a\r\n"
            "X-API-Key: key-of-the-tests-0123456789\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        stalled.sendall(head.encode() + content)
        start = stalled.recv(300, socket.MSG_WAITALL)
        run_id = start.lower().partition(b"x-execution-id: ")[2][:36].decode()
        events = list(executor.stream("GET", f"/executions/{run_id}/events"))
    assert events[-1]["event_type"] == "completed"
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


def test_vanished_client_is_noticed(
    executor: Executor, folder: Path, pipeline: Pipelines, endless: str
) -> None:
    """A connection that is reset on its way ends the run as one that is closed does."""
    with FaultProxy("127.0.0.1", executor.port) as proxy:
        direct, executor.port = executor.port, proxy.port
        try:
            stream = executor.begin(pipeline(folder, endless, "reset.csv"))
        finally:
            executor.port = direct
        proxy.faults = Faults(is_reset=True)
        events = list(executor.stream("GET", f"/executions/{stream.run_id}/events"))
        assert events[-1]["event_type"] == "cancelled"
        stream.close()


def test_lost_connection_is_taken_up_where_it_broke(
    executor: Executor, folder: Path, pipeline: Pipelines
) -> None:
    """With `Last-Event-ID`, at every place: nothing is missing and nothing comes twice."""
    events = executor.execute(pipeline(folder, target="resumed.csv"), "?detach=true")
    path = f"/executions/{events[0]['execution_id']}/events"
    for place in range(len(events) + 1):
        rest = executor.stream("GET", path, headers={"Last-Event-ID": str(place)})
        assert list(rest) == events[place:]
        rest.close()
    for nonsense in ("-1", "x", "9" * 30):
        whole = executor.stream("GET", path, headers={"Last-Event-ID": nonsense})
        assert list(whole) == events
        whole.close()
