"""An executor in a process of its own, and requests to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import psutil

__all__ = ["ENDLESS", "LocalExecutor", "pipeline"]

_KEY = "key-of-the-benchmarks"
_HEADERS = {"X-API-Key": _KEY}

ENDLESS = (
    "SELECT sum(a.value * b.value) AS n "
    "FROM generate_series(1, 100000000) a, generate_series(1, 100000000) b"
)
"""Uses all cores until it is stopped, and little memory."""


def pipeline(folder: Path, query: str, target: str = "out.parquet") -> dict[str, Any]:
    """One stage, and a file."""
    return {
        "version": "v2",
        "sources": [],
        "stages": [[{"name": "s", "query": query}]],
        "destination": {
            "type": "file",
            "name": "out",
            "format": {"type": target.rpartition(".")[2]},
            "location": str(folder / target),
        },
    }


class LocalExecutor:
    """Use it in `async with`."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self._command = [sys.executable, "-m", "aqueducts_executor", "--host=127.0.0.1"]
        self._command += ["--port=0", f"--api-key={_KEY}", f"--state-dir={folder}/state"]
        self._command += [f"--data-root={folder}", *options]

    async def __aenter__(self) -> LocalExecutor:
        await self.start()
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        self.session = aiohttp.ClientSession(
            headers=_HEADERS, connector=connector, timeout=timeout, read_bufsize=1 << 16
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        self.stop(signal.SIGTERM)

    async def start(self) -> None:
        """Begin the process and wait until it listens."""
        self.process = self._begin()
        assert self.process.stderr is not None  # noqa: S101 - for the type checker
        while line := await asyncio.to_thread(self.process.stderr.readline):
            entry = json.loads(line)
            if entry["event"] == "listening":
                self.url = f"http://127.0.0.1:{entry['ports'][0]}"
                break
        self._log = asyncio.create_task(asyncio.to_thread(self.process.stderr.read))

    def _begin(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )

    def left_behind(self) -> list[Path]:
        """Staging folders in the folder of targets."""
        return [path for path in self.folder.iterdir() if ".aqueducts-" in path.name]

    def stop(self, number: signal.Signals) -> float:
        """Send a signal; seconds until the process has ended."""
        began = time.perf_counter()
        self.process.send_signal(number)
        self.process.wait(60)
        return time.perf_counter() - began

    async def warm(self) -> None:
        """Wait until a spare is ready, and nothing runs."""
        while True:
            names = [each.name() for each in self.workers()]
            if names.count("aqueducts-spare") >= 2 and "aqueducts-run" not in names:
                return
            await asyncio.sleep(0.02)

    def workers(self) -> list[psutil.Process]:
        """Processes of the server."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []

    async def execute(self, body: dict[str, Any], query: str = "") -> AsyncIterator[dict[str, Any]]:
        """Run a pipeline; yields its events."""
        url = f"{self.url}/execute{query}"
        async with self.session.post(url, json={"pipeline": body}) as response:
            async for event in events_of(response):
                yield event

    async def follow(self, run_id: str) -> AsyncIterator[dict[str, Any]]:
        """The events of a run."""
        url = f"{self.url}/executions/{run_id}/events"
        async with self.session.get(url) as response:
            async for event in events_of(response):
                yield event

    async def begin(self, body: dict[str, Any]) -> str:
        """Run a pipeline detached; returns its id once it has started."""
        async for event in self.execute(body, "?detach=true"):
            return str(event["execution_id"])
        raise RuntimeError("the run has no events")

    async def cancel(self, run_id: str) -> dict[str, Any]:
        """End a run."""
        url = f"{self.url}/cancel"
        async with self.session.post(url, json={"execution_id": run_id}) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    async def get(self, path: str) -> str:
        """The text of an answer."""
        async with self.session.get(self.url + path) as response:
            return await response.text()


async def events_of(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """The objects in a stream."""
    async for line in response.content:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])
