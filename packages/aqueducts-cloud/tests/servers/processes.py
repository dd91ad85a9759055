"""Servers as processes of their own: started, waited for, and ended whatever happens."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["answers_on", "free_port", "is_missing_allowed", "process"]

HOST = "127.0.0.1"
_PATIENCE_SECONDS = 120
_GRACE_SECONDS = 10
_SHOWN_BYTES = 4000


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def answers_on(port: int) -> Callable[[], bool]:
    """Whether somebody takes connections on a port by now."""

    def is_ready() -> bool:
        with socket.socket() as client:
            client.settimeout(1)
            return client.connect_ex((HOST, port)) == 0

    return is_ready


def is_missing_allowed() -> bool:
    """Whether a test may skip where its server is not installed: on a desk, never in CI."""
    return os.environ.get("CI") != "true"


@contextmanager
def process(
    command: Sequence[str | Path],
    log: Path,
    is_ready: Callable[[], bool] = lambda: True,
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ready, with what it says in a file; it ends with the block.

    Raises RuntimeError, with the end of the file, where it ends or takes two minutes.
    """
    with log.open("wb") as output:
        started = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(os.environ) | dict(environment or {}),
            start_new_session=True,  # so that it ends together with all that it has started
        )
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not is_ready():
            if started.poll() is not None or time.monotonic() > deadline:
                told = log.read_bytes()[-_SHOWN_BYTES:].decode(errors="replace")
                raise RuntimeError(f"{command[0]} did not start; the end of {log}:\n{told}")
            time.sleep(0.05)
        yield started
    finally:
        _signal(started, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            started.wait(_GRACE_SECONDS)
        _signal(started, signal.SIGKILL)
        started.wait()


def _signal(started: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(started.pid, number)
