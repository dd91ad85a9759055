"""A worker, as its parent sees it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Mapping

import msgspec

from aqueducts_executor.machine import WorkerEnd
from aqueducts_executor.worker.frames import BadFrameError, FrameReader, encode_frame
from aqueducts_executor.worker.messages import FromWorker, Ready, ToWorker, WorkerSetup

__all__ = ["WorkerProcess", "WorkerStartError"]

_MODULE = "aqueducts_executor.worker.main"
_START_SECONDS = 60.0
_TAIL_BYTES = 4000

_OWN_SECRETS = ("AQUEDUCTS_API_KEY", "AQUEDUCTS_API_KEY_FILE")
"""What no pipeline may read through `${secret:env:...}`, whatever is allowed."""


class WorkerStartError(Exception):
    """A worker that did not get ready, and what it printed."""


class WorkerProcess:
    """One process, in a group of its own; made by `begin`."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: FrameReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self.pid = process.pid
        self.plugins: tuple[tuple[str, str], ...] = ()
        self.has_wall = False
        """Whether the kernel keeps it from files outside of its roots."""

    @classmethod
    async def begin(cls, setup: WorkerSetup) -> WorkerProcess:
        """Start a process and wait until it has the engine. Raises WorkerStartError."""
        here, there = socket.socketpair()
        try:
            # Not in a thread: the worker dies with the thread that began it.
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                _MODULE,
                str(there.fileno()),
                str(os.getpid()),
                msgspec.json.encode(setup).decode(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=(there.fileno(),),
                start_new_session=True,
                env=_environment(os.environ),
            )
        except OSError as error:
            here.close()
            raise WorkerStartError(f"no process can be started: {error.strerror}") from error
        finally:
            there.close()
        stream, writer = await asyncio.open_connection(sock=here)
        worker = cls(process, FrameReader(stream), writer)
        try:
            await worker._get_ready()
        except BaseException:
            worker.kill()
            await worker.end()
            raise
        return worker

    async def _get_ready(self) -> None:
        printed = asyncio.ensure_future(self._printed())
        try:
            async with asyncio.timeout(_START_SECONDS):
                message = await self._reader.read()
            if isinstance(message, Ready):
                self.plugins, self.has_wall = message.plugins, message.has_wall
                return
            self.kill()
            raise WorkerStartError(f"a worker did not start: {await printed}")
        except (TimeoutError, BadFrameError) as error:
            raise WorkerStartError("a worker did not start in time") from error
        finally:
            printed.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await printed

    async def _printed(self) -> str:
        """The last of what it printed before it had anything to do with a pipeline."""
        if self._process.stderr is None:
            return ""
        tail = b""
        while part := await self._process.stderr.read(_TAIL_BYTES):
            tail = (tail + part)[-_TAIL_BYTES:]
        return tail.decode(errors="replace").strip()

    @property
    def is_alive(self) -> bool:
        """Whether its process goes on, as far as the parent has heard."""
        return self._process.returncode is None

    def send(self, message: ToWorker) -> None:
        """Send it; a worker that is gone does not get it."""
        self._writer.write(encode_frame(message))

    async def receive(self) -> FromWorker | None:
        """The next message; None once it is gone. Raises BadFrameError."""
        return await self._reader.read()

    def stop(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it, and every process that it began."""
        self._signal(signal.SIGKILL)

    async def end(self) -> WorkerEnd:
        """Wait until it is gone; returns how it ended."""
        self._writer.close()
        code = await self._process.wait()
        # What it began, such as a driver's helper, is in its group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
        if code >= 0:
            return WorkerEnd(exit_code=code)
        return WorkerEnd(exit_code=None, signal_name=signal.Signals(-code).name)

    def _signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in own.items() if key not in _OWN_SECRETS}
