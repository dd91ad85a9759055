"""Writes that nobody sees before they are whole.

What is written goes into a staging folder beside the target, `.{name}.aqueducts-{run}/`, on the
same file system. Its `lock` is held by the process that writes: where it can be taken, the owner
is dead and the next run sweeps the folder.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aqueducts.builtin.exchange import exchange
from aqueducts.builtin.os_errors import storage_error
from aqueducts.connectors import StagedWrite
from aqueducts.errors import StorageError

__all__ = ["LocalStagedWrite", "sweep"]

_MARK = ".aqueducts-"
_LOCK = "lock"
_OLD = "old-"
"""With a number: the old folder, on its way out where folders cannot be swapped in one step."""
_ATTEMPTS = 20
_PLAIN_NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)
_PLAIN_SUFFIX = re.compile(r"\.\w{1,20}", re.ASCII)
_FSYNC_THREADS = 8
"""The disk's journal writes several at a time."""


class LocalStagedWrite(StagedWrite):
    """A file or a folder that replaces another in one step."""

    def __init__(self, target: str, run_id: str, *, is_single_file: bool) -> None:
        # What a symbolic link points to is replaced, not the link.
        self._target = os.path.realpath(target)
        self._is_single_file = is_single_file
        self._mutex = threading.Lock()
        self._is_done = False
        self._made_parents: list[Path] = []
        try:
            _make_parents(Path(self._target).parent, self._made_parents)
            self._folder, self._lock = _make_staging(self._target, run_id)
        except OSError:
            self._remove_parents()
            raise
        name = f"data{_suffix(self._target)}" if is_single_file else "data"
        self.path = self._folder / name

    def commit(self) -> None:
        """Put what was written in the target's place, durably.

        Raises StorageError; the target is then as it was.
        """
        try:
            self._keep_attributes()
            _fsync_tree(self.path)
            with self._mutex:
                if self._is_done:
                    raise StorageError(f"writing {self._target!r} was ended before it was complete")
                self._replace()
                self._is_done = True
            _fsync(Path(self._target).parent)
            for parent in self._made_parents:
                _fsync(parent.parent)
        except OSError as error:
            raise storage_error(error, self._target, "write") from error
        finally:
            self.abort()

    def abort(self) -> None:
        """Remove what is in the staging folder; the target stays as it is."""
        with self._mutex:
            was_done, self._is_done = self._is_done, True
            _remove_staging(self._folder)
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None
            if not was_done:
                self._remove_parents()

    def _remove_parents(self) -> None:
        for parent in reversed(self._made_parents):
            with contextlib.suppress(OSError):
                parent.rmdir()

    def _replace(self) -> None:
        if self._is_single_file:
            self.path.replace(self._target)
        else:
            _replace_folder(str(self.path), self._target, str(self._folder / _OLD))

    def _keep_attributes(self) -> None:
        """Give what is new the mode and, where allowed, the owner of what is old."""
        try:
            old = os.stat(self._target)  # noqa: PTH116 - text path
        except FileNotFoundError:
            return
        new = self.path.stat()
        if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
            with contextlib.suppress(PermissionError):
                os.chown(self.path, old.st_uid, old.st_gid)
        self.path.chmod(stat.S_IMODE(old.st_mode))


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
        old = sorted(folder.glob(f"{_OLD}*"))
        if old and not os.path.lexists(target):
            old[-1].rename(target)
            _fsync(target.parent)
        _remove_staging(folder)
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


def _make_staging(target: str, run_id: str) -> tuple[Path, int | None]:
    real = Path(target)
    name = f".{_label(real.name)}{_MARK}{run_id}"
    for attempt in range(_ATTEMPTS):
        folder = real.parent / (f"{name}-{attempt}" if attempt else name)
        with contextlib.suppress(FileExistsError):
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


def _replace_folder(new: str, target: str, aside: str) -> None:
    """Put a folder in the place of another, or of nothing, whatever other runs do meanwhile."""
    for attempt in range(_ATTEMPTS):
        try:
            try:
                if not exchange(new, target):
                    _swap_by_renames(new, target, f"{aside}{attempt:02}")
            except FileNotFoundError:
                os.rename(new, target)  # noqa: PTH104 - text paths
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            # Another run put its result there between the two steps: that one is replaced.
        else:
            return
    raise StorageError(f"other runs keep replacing {target!r}", hint="run one at a time")


def _swap_by_renames(new: str, target: str, aside: str) -> None:
    # Killed between the two renames, the next sweep puts the old folder back.
    os.rename(target, aside)  # noqa: PTH104 - text paths
    try:
        os.rename(new, target)  # noqa: PTH104 - text paths
    except OSError:
        with contextlib.suppress(OSError):
            os.rename(aside, target)  # noqa: PTH104 - text paths
        raise


def _remove_staging(folder: Path) -> None:
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


def _make_parents(parent: Path, made: list[Path]) -> None:
    missing = []
    while not parent.exists():
        missing.append(parent)
        parent = parent.parent
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        made.append(folder)


def _label(name: str) -> str:
    """The target's name where it is plain and short; else what is plain in it and a hash.

    The engine is given paths with this label, and takes some characters for globs.
    """
    if _PLAIN_NAME.fullmatch(name):
        return name
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    return f"{re.sub(r'[^A-Za-z0-9.-]+', '_', name)[:60]}~{digest}"


def _suffix(target: str) -> str:
    suffixes = Path(target).suffixes[-2:]
    return "".join(suffix for suffix in suffixes if _PLAIN_SUFFIX.fullmatch(suffix))


def _fsync_tree(path: Path) -> None:
    if not path.is_dir():
        _fsync(path)
        return
    files: list[str] = []
    folders: list[str] = []
    for folder, _, names in os.walk(path):
        folders.append(folder)
        files += [os.path.join(folder, name) for name in names]  # noqa: PTH118 - text paths
    with ThreadPoolExecutor(_FSYNC_THREADS) as pool:
        for each in (files, folders):
            list(pool.map(_fsync, each))


def _fsync(path: str | Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
