"""The temporary folder of a run, and the sweeping of folders that dead runs left."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType

from aqueducts.errors import StorageError

__all__ = ["Workspace", "sweep"]

_PREFIX = "aqueducts-run-"
_RUN_FOLDER = re.compile(_PREFIX + "[0-9a-f]{12}")
_LOCK = "lock"

_UNBORN_PREFIX = ".aqueducts-unborn-"
_UNBORN_SECONDS = 60


class Workspace:
    """A folder that lives as long as its run; its lock tells the living from the dead."""

    def __init__(self, parent: Path | None, run_id: str) -> None:
        self._parent = parent if parent is not None else Path(tempfile.gettempdir())
        self.path = self._parent / f"{_PREFIX}{run_id}"
        self._lock: int | None = None

    def __enter__(self) -> Workspace:
        try:
            self._make()
        except OSError as error:
            raise StorageError(
                f"no folder for temporary files can be made in {str(self._parent)!r}: "
                f"{error.strerror}",
                hint="choose another place with --spill-dir",
            ) from error
        return self

    def _make(self) -> None:
        self._parent.mkdir(parents=True, exist_ok=True)
        _sweep(self._parent)
        # Locked before it has the name that sweeping looks for.
        unborn = Path(tempfile.mkdtemp(prefix=_UNBORN_PREFIX, dir=self._parent))
        self._lock = os.open(unborn / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        unborn.rename(self.path)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.remove()

    def remove(self) -> None:
        """Delete the folder; may be called twice, and while queries still write to it."""
        _remove(self.path)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def sweep(folder: str | None) -> None:
    """Remove what dead runs left in a folder for temporary files; None means the system's."""
    _sweep(Path(folder or tempfile.gettempdir()))


def _sweep(parent: Path) -> None:
    _sweep_unborn(parent)
    for path in parent.glob(f"{_PREFIX}*"):
        try:
            lock = os.open(path / _LOCK, os.O_RDWR)
        except FileNotFoundError:
            # The lock goes last: what is left was written while its run was taken away.
            if _RUN_FOLDER.fullmatch(path.name) is not None:
                shutil.rmtree(path, ignore_errors=True)
            continue
        except OSError:
            continue  # another user's
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(path)
        except OSError:
            continue  # its run is alive
        finally:
            os.close(lock)


def _sweep_unborn(parent: Path) -> None:
    """Remove folders whose run was killed before they had their name; that takes a moment."""
    for path in parent.glob(f"{_UNBORN_PREFIX}*"):
        try:
            is_old = time.time() - path.stat().st_mtime > _UNBORN_SECONDS
        except OSError:
            continue  # it has its name by now
        if is_old:
            shutil.rmtree(path, ignore_errors=True)


def _remove(folder: Path) -> None:
    """Delete a folder, its lock last: whoever is killed meanwhile leaves what can be swept."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != _LOCK:
                path.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
