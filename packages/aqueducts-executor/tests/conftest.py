"""Real executors on loopback, and what to send them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

KEY = "key-of-the-tests-0123456789"

_START_SECONDS = 60.0


class Answer:
    """An HTTP answer, read whole."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = dict(response.getheaders())
        self.body = response.read()

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Stream:
    """Server-sent events of one request, as they come."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection
        self.response = connection.getresponse()
        self.run_id = self.response.headers.get("X-Execution-Id", "")

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self

    def __next__(self) -> dict[str, Any]:
        data, number = None, None
        while line := self.response.readline():
            text = line.decode().rstrip("\n")
            if text.startswith("data: "):
                data = json.loads(text.removeprefix("data: "))
            elif text.startswith("id: "):
                number = int(text.removeprefix("id: "))
            elif not text and data is not None:
                assert data["seq"] == number
                return data  # type: ignore[no-any-return]  # an object
        raise StopIteration

    def until(self, event_type: str) -> dict[str, Any]:
        """Pass over events until one of this type."""
        for event in self:
            if event["event_type"] == event_type:
                return event
        raise AssertionError(f"the stream ended without {event_type!r}")

    def close(self) -> None:
        """Close the connection, whatever is still to come."""
        self.response.close()
        self._connection.close()


class Executor:
    """A server in a process of its own."""

    def __init__(
        self, folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.log: list[dict[str, Any]] = []
        self.raw_log = ""
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "aqueducts_executor",
                "--host=127.0.0.1",
                "--port=0",
                *arguments,
            ],
            cwd=folder,
            env={**os.environ, "AQUEDUCTS_API_KEY": KEY, **(environment or {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        self.port = int(self.logged("listening")["ports"][0])
        self._connections: list[http.client.HTTPConnection] = []

    def logged(self, event: str) -> dict[str, Any]:
        """The next line of the log that tells of such an event."""
        deadline = time.monotonic() + _START_SECONDS
        while (line := self._lines.get(timeout=deadline - time.monotonic())) is not None:
            if line["event"] == event:
                return line
        raise AssertionError(f"the server ended:\n{self.raw_log}")

    def connect(self) -> http.client.HTTPConnection:
        """A new connection; closed with the server."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self._connections.append(connection)
        return connection

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request, with the key where `headers` does not say otherwise."""
        connection = self.connect()
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method, path, content, {**_headers(), **(headers or {})})
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    def stream(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Stream:
        """Send a request that answers with events."""
        connection = self.connect()
        content = None if body is None else json.dumps(body).encode()
        connection.request(method, path, content, {**_headers(), **(headers or {})})
        return Stream(connection)

    def execute(self, pipeline: object, query: str = "") -> list[dict[str, Any]]:
        """Run a pipeline to its end; returns all events."""
        stream = self.stream("POST", f"/execute{query}", {"pipeline": pipeline})
        assert stream.response.status == 200, stream.response.read()
        events = list(stream)
        stream.close()
        return events

    def begin(self, pipeline: object, query: str = "") -> Stream:
        """Run a pipeline; returns the stream once the run has started."""
        stream = self.stream("POST", f"/execute{query}", {"pipeline": pipeline})
        assert stream.response.status == 200, stream.response.read()
        stream.until("started")
        return stream

    def state(self, run_id: str) -> str:
        """The state of a run."""
        return str(self.request("GET", f"/executions/{run_id}").json()["state"])

    def workers(self) -> list[psutil.Process]:
        """Processes that the server began and that are there."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []

    def worker_of_run(self) -> psutil.Process:
        """The process of the run that goes on."""
        return next(each for each in self.workers() if each.name() == "aqueducts-run")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        self._reader.join(timeout=10)
        for connection in self._connections:
            connection.close()
        if self.process.stderr is not None:
            self.process.stderr.close()
        return code

    def _read_log(self) -> None:
        if self.process.stderr is None:
            return
        for line in self.process.stderr:
            self.raw_log += line
            with contextlib.suppress(json.JSONDecodeError):
                entry = json.loads(line)
                self.log.append(entry)
                self._lines.put(entry)
        self._lines.put(None)


def _headers() -> dict[str, str]:
    return {"X-API-Key": KEY, "Content-Type": "application/json"}


def pipeline_of(
    folder: Path, query: str = "SELECT * FROM t", target: str = "out.csv", **stage: object
) -> dict[str, Any]:
    """A pipeline from `in.csv` to `target`, both in the folder."""
    return {
        "version": "v2",
        "sources": [
            {
                "type": "file",
                "name": "t",
                "format": {"type": "csv", "options": {"has_header": True}},
                "location": str(folder / "in.csv"),
            }
        ],
        "stages": [[{"name": "s", "query": query, **stage}]],
        "destination": {
            "type": "file",
            "name": "out",
            "format": {"type": target.rpartition(".")[2]},
            "location": str(folder / target),
        },
    }


ENDLESS = (
    "SELECT sum(a.value * b.value) AS n "
    "FROM generate_series(1, 100000000) a, generate_series(1, 100000000) b"
)
"""A query that takes longer than any test, and little memory."""


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data root of the executor that tests share."""
    folder = tmp_path_factory.mktemp("executor")
    (folder / "in.csv").write_text("a,b\n1,x\n2,y\n3,z\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def shared_executor(shared_folder: Path) -> Iterator[Executor]:
    """One executor for all tests that leave nothing in it."""
    executor = Executor(shared_folder)
    yield executor
    executor.stop()


@pytest.fixture
def executor(shared_executor: Executor) -> Executor:
    """An executor that is idle."""
    deadline = time.monotonic() + 30
    while shared_executor.request("GET", "/status").json()["state"] != "idle":
        assert time.monotonic() < deadline, "a test has left a run behind"
        time.sleep(0.02)
    return shared_executor


@pytest.fixture
def folder(shared_folder: Path) -> Path:
    """Where the shared executor may read and write; `in.csv` is there."""
    return shared_folder


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Executor]]:
    """Starts executors that end with the test."""
    (tmp_path / "in.csv").write_text("a,b\n1,x\n2,y\n3,z\n", encoding="utf-8")
    started: list[Executor] = []

    def begin(*arguments: str, environment: Mapping[str, str] | None = None) -> Executor:
        executor = Executor(tmp_path, *arguments, environment=environment)
        started.append(executor)
        return executor

    yield begin
    for executor in started:
        executor.stop(signal.SIGKILL)


@pytest.fixture
def pipeline() -> Callable[..., dict[str, Any]]:
    """Makes pipelines."""
    return pipeline_of


@pytest.fixture
def endless() -> str:
    """A query that does not end by itself."""
    return ENDLESS
