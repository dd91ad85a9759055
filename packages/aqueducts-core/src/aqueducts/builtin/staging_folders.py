"""Staging folders beside a target, and what is left of those whose runs died.

A folder is called `.{name}.aqueducts-{run}-{random}`. The process that writes in it holds its
`lock`: where that can be taken the owner is dead, and the next run sweeps the folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import time
from pathlib import Path

from aqueducts.builtin.fsync import fsync
from aqueducts.errors import StorageError

__all__ = [
    "OLD_FOLDER",
    "make_staging",
    "remove_staging",
    "remove_what_comes_late",
    "sweep",
]

OLD_FOLDER = "old-"
"""With a number: the old folder, on its way out where folders cannot be swapped in one step."""

_MARK = ".aqueducts-"
_LOCK = "lock"
_ATTEMPTS = 20
_LATE_SECONDS = 0.5
_CHECK_SECONDS = 0.01
_CALM_CHECKS = 5
_PLAIN_NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)


def sweep(target: str) -> None:
    """Remove what runs that died left beside a target; put back a folder that one had moved."""
    real = Path(os.path.realpath(target))
    prefix = f".{_label(real.name)}{_MARK}"
    try:
        with os.scandir(real.parent) as entries:
            left = [entry.path for entry in entries if entry.name.startswith(prefix)]
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    for folder in left:
        if _MARK not in Path(folder).name.removeprefix(prefix):
            _sweep_one(Path(folder), real)


def _sweep_one(folder: Path, target: Path) -> None:
    lock = _take_lock(folder)
    if lock is None:
        return
    try:
        old = sorted(folder.glob(f"{OLD_FOLDER}*"))
        if old and not os.path.lexists(target):
            old[-1].rename(target)
            fsync(target.parent)
        remove_staging(folder)
    finally:
        os.close(lock)


def _take_lock(folder: Path) -> int | None:
    """The lock of a staging folder; None where its owner lives or it is gone."""
    path = folder / _LOCK
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another run may have swept the folder between open and flock.
        if os.path.samestat(os.fstat(lock), path.stat()):
            return lock
    except OSError:
        pass
    os.close(lock)
    return None


def make_staging(target: str, run_id: str) -> tuple[Path, int | None]:
    """A new staging folder and its lock, which is None where the file system has no locks."""
    real = Path(target)
    for _ in range(_ATTEMPTS):
        # What tasks of a failed attempt still write must not end up in the next attempt's folder.
        unique = f"{run_id}-{secrets.token_hex(3)}"
        folder = real.parent / f".{_label(real.name)}{_MARK}{unique}"
        folder.mkdir(mode=0o700)
        lock = _take_lock(folder)
        # Taken by a sweep that began in this moment: it is removed, and a new one is made.
        if lock is not None:
            return folder, lock
        if not _can_lock(real.parent):
            return folder, None
    raise StorageError(f"cannot make a folder for the result beside {target!r}")


def _can_lock(parent: Path) -> bool:
    """Whether the file system has locks; where it has none nothing is ever swept."""
    handle = os.open(parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def remove_staging(folder: Path) -> None:
    """Remove a staging folder, its lock last: what is left halfway is swept later."""
    for _ in range(_ATTEMPTS):
        try:
            for entry in list(os.scandir(folder)):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                elif entry.name != _LOCK:
                    os.unlink(entry.path)  # noqa: PTH108 - text path
            (folder / _LOCK).unlink(missing_ok=True)
            folder.rmdir()
        except FileNotFoundError:
            if not folder.exists():
                return
        except OSError:
            # A writer that has not stopped yet may have added a file.
            continue
        else:
            return


def remove_what_comes_late(folder: Path) -> None:
    """Remove what the engine's tasks still write after the query they belong to has failed."""
    calm = 0
    deadline = time.monotonic() + _LATE_SECONDS
    while calm < _CALM_CHECKS and time.monotonic() < deadline:
        time.sleep(_CHECK_SECONDS)
        if folder.exists():
            calm = 0
            remove_staging(folder)
        else:
            calm += 1


def _label(name: str) -> str:
    """The target's name where it is plain and short; else what is plain in it and a hash.

    The engine is given paths with this label, and takes some characters for globs.
    """
    if _PLAIN_NAME.fullmatch(name):
        return name
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    return f"{re.sub(r'[^A-Za-z0-9.-]+', '_', name)[:60]}~{digest}"
