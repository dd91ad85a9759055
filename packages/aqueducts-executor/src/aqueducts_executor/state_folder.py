"""The folder that an executor keeps, and that no other may use meanwhile."""

from __future__ import annotations

import fcntl
import os
import uuid
from pathlib import Path

__all__ = ["StateFolder", "StateFolderError"]


class StateFolderError(Exception):
    """A folder that cannot be used, and why."""


class StateFolder:
    """Made for its owner only, and locked while the executor lives."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = path / "journal.jsonl"
        self.spill = path / "spill"
        self._lock: int | None = None

    def open(self) -> None:
        """Make and lock it. Raises StateFolderError."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.spill.mkdir(exist_ok=True, mode=0o700)
            self._lock = os.open(self.path / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"--state-dir {str(self.path)!r} is used by another executor"
            raise StateFolderError(f"{message}: give each one its own") from None
        except OSError as error:
            message = f"--state-dir {str(self.path)!r} cannot be used: {error.strerror}"
            raise StateFolderError(message) from error

    def executor_id(self) -> str:
        """The name that was made when the folder was new. Raises StateFolderError."""
        file = self.path / "executor-id"
        try:
            if not file.exists():
                new = file.with_suffix(".new")
                new.write_text(f"{uuid.uuid4()}\n", encoding="ascii")
                new.replace(file)
            return file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise StateFolderError(f"{str(file)!r} cannot be used: {error}") from error

    def close(self) -> None:
        """Let others use it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
