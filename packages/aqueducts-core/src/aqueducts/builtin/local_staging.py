"""Writes that nobody sees before they are whole.

What is written goes into a staging folder beside the target, on the same file system, and takes
the target's place in one step.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import threading
from pathlib import Path

from aqueducts.builtin.exchange import exchange
from aqueducts.builtin.fsync import fsync, fsync_tree
from aqueducts.builtin.os_errors import storage_error
from aqueducts.builtin.staging_folders import (
    OLD_FOLDER,
    make_staging,
    remove_staging,
    remove_what_comes_late,
)
from aqueducts.connectors import StagedWrite
from aqueducts.errors import StorageError

__all__ = ["LocalStagedWrite", "identity"]

_ATTEMPTS = 20
_PLAIN_SUFFIX = re.compile(r"\.\w{1,20}", re.ASCII)


class LocalStagedWrite(StagedWrite):
    """A file or a folder that replaces another in one step."""

    def __init__(self, target: str, run_id: str, *, is_single_file: bool) -> None:
        # What a symbolic link points to is replaced, not the link.
        self._target = os.path.realpath(target)
        self._is_single_file = is_single_file
        self._mutex = threading.Lock()
        self._is_done = False
        self._may_commit = True
        self._made_parents: list[Path] = []
        try:
            _make_parents(Path(self._target).parent, self._made_parents)
            self._folder, self._lock = make_staging(self._target, run_id)
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
            fsync_tree(self.path)
            self.begin_commit(identity(self.path))
            with self._mutex:
                if self._is_done or not self._may_commit:
                    raise StorageError(f"writing {self._target!r} was ended before it was complete")
                self._replace()
                self._is_done = True
            fsync(Path(self._target).parent)
            for parent in self._made_parents:
                fsync(parent.parent)
        except OSError as error:
            raise storage_error(error, self._target, "write") from error
        finally:
            self.abort()

    def forbid_commit(self) -> None:
        """Let the target stay as it is; what was written is removed by `abort`."""
        with self._mutex:
            self._may_commit = False

    def abort(self) -> None:
        """Remove what is in the staging folder; the target stays as it is."""
        with self._mutex:
            was_done, self._is_done = self._is_done, True
            remove_staging(self._folder)
            if not was_done:
                remove_what_comes_late(self._folder)
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
            _replace_folder(str(self.path), self._target, str(self._folder / OLD_FOLDER))

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


def identity(path: str | Path) -> str:
    """What a file or folder keeps when it is renamed. Raises OSError."""
    status = os.stat(path)  # noqa: PTH116 - text path
    return f"{status.st_dev}:{status.st_ino}"


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


def _make_parents(parent: Path, made: list[Path]) -> None:
    missing = []
    while not parent.exists():
        missing.append(parent)
        parent = parent.parent
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        made.append(folder)


def _suffix(target: str) -> str:
    suffixes = Path(target).suffixes[-2:]
    return "".join(suffix for suffix in suffixes if _PLAIN_SUFFIX.fullmatch(suffix))
