"""The local file system."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote

from aqueducts.builtin.local_listing import (
    Found,
    data_endings,
    expand_glob,
    has_wildcard,
    walk,
)
from aqueducts.builtin.local_staging import LocalStagedWrite, identity
from aqueducts.builtin.local_target import check_file_target, check_folder_target
from aqueducts.builtin.os_errors import storage_error
from aqueducts.builtin.shown_names import listed, shown_path
from aqueducts.builtin.staging_folders import sweep
from aqueducts.connectors import Listing, ObjectStoreType, RunContext, StagedWrite, Store
from aqueducts.diagnostics import nearest
from aqueducts.errors import StorageError
from aqueducts.relations import DataFile

__all__ = ["LocalStore", "LocalStoreType"]

_FILE_URL = "file://"


class LocalStoreType(ObjectStoreType):
    """Paths and `file://` URLs."""

    schemes: ClassVar[tuple[str, ...]] = ("file",)

    def open(self, location: str, options: Mapping[str, str]) -> Store:  # noqa: ARG002 - no options
        """The store for a path; relative ones are below the working directory."""
        path = _path_of_url(location) if location.lower().startswith(_FILE_URL) else location
        return LocalStore(path)


class LocalStore(Store):
    """One path of the local file system."""

    def __init__(self, path: str) -> None:
        self._shown = path
        # Lost in what follows: that a folder is meant.
        self._is_folder_meant = path.endswith("/")
        self._path = _absolute(path)

    @property
    def local_path(self) -> str:
        """The absolute path."""
        return self._path

    def find(self, extensions: Sequence[str]) -> Listing:
        """The file, all data files of a folder and its subfolders, or those of a glob.

        A path that exists is never a glob.
        """
        endings = data_endings(extensions)
        try:
            status = self._status()
            if status is None:
                return self._find_glob(endings)
            if stat.S_ISDIR(status.st_mode):
                found = Found(self.access)
                walk(self._path, endings, found, frozenset())
                return self._listing(self._path, found, endings)
        except OSError as error:
            path = error.filename if isinstance(error.filename, str) else self._path
            raise storage_error(error, path, "read") from error
        if not stat.S_ISREG(status.st_mode):
            raise StorageError(
                f"{self._shown!r} is not a regular file",
                hint="write it to a file first: it is read more than once",
            )
        file = DataFile(path=self._path, size_bytes=status.st_size)
        return Listing(root=str(Path(self._path).parent), files=[file])

    def find_target(self, extensions: Sequence[str]) -> Listing | None:
        """The file, or the data files of the folder and its subfolders."""
        target = os.path.realpath(self._path)
        try:
            if not os.path.lexists(target):
                return None
            if not os.path.isdir(target):  # noqa: PTH112 - text path
                size = os.stat(target).st_size  # noqa: PTH116 - text path
                return Listing(str(Path(target).parent), [DataFile(target, size)])
            found = Found(self.access)
            walk(target, data_endings(extensions), found, frozenset())
        except OSError as error:
            raise storage_error(error, self._shown, "look at") from error
        files = [found.files[path] for path in sorted(found.files)]
        return Listing(target, files, is_directory=True)

    def check_target(self, *, is_single_file: bool, extensions: Sequence[str]) -> None:
        """Refuse to write here where that would destroy what no run wrote, or cannot be done."""
        try:
            self._check_access_to_target()
            sweep(self._path)
            self._check(is_single_file=is_single_file, extensions=extensions)
        except OSError as error:
            raise storage_error(error, self._shown, "write") from error

    def has_committed(self, proof: str) -> bool | None:
        """Whether what is at the path is the file or folder that was staged."""
        try:
            return identity(os.path.realpath(self._path)) == proof
        except FileNotFoundError:
            return False
        except OSError:
            return None

    def sweep(self) -> None:
        """Remove staging folders beside the path whose owners are dead."""
        with contextlib.suppress(OSError):
            sweep(self._path)

    def stage(self, context: RunContext, *, is_single_file: bool) -> StagedWrite:
        """Begin a write beside the target."""
        try:
            sweep(self._path)
            self._check_access_to_target()
            staged = LocalStagedWrite(self._path, context.run_id, is_single_file=is_single_file)
        except OSError as error:
            raise storage_error(error, self._shown, "write") from error
        context.staged(staged)
        return staged

    def _check_access_to_target(self) -> None:
        """What is staged is beside the target: the folder above it has to be allowed as well."""
        target = os.path.realpath(self._path)
        self.access.check_path(target)
        self.access.check_path(str(Path(target).parent))

    def _check(self, *, is_single_file: bool, extensions: Sequence[str]) -> None:
        target = os.path.realpath(self._path)
        if is_single_file:
            check_file_target(target, self._shown, is_folder_meant=self._is_folder_meant)
        else:
            check_folder_target(target, self._shown, data_endings(extensions))

    def _status(self) -> os.stat_result | None:
        """What is at the path; None where it can only be a glob."""
        try:
            # A Path would drop the slash.
            return os.stat(self._path + ("/" if self._is_folder_meant else ""))  # noqa: PTH116
        except NotADirectoryError:
            raise self._not_a_folder() from None
        except FileNotFoundError:
            if has_wildcard(self._path):
                return None
            raise self._missing() from None

    def _find_glob(self, endings: tuple[str, ...]) -> Listing:
        root, found = expand_glob(self._path, endings, self.access)
        if not found.files and not found.skipped:
            raise StorageError(
                f"no file matches {self._shown!r}",
                hint=f"{shown_path(root)!r} {_content(root)}",
            )
        return self._listing(root, found, endings)

    def _listing(self, root: str, found: Found, endings: tuple[str, ...]) -> Listing:
        if not found.files:
            kinds = ", ".join(ending for ending in endings if ending.count(".") == 1)
            if found.skipped:
                relative = sorted(path.removeprefix(root).lstrip("/") for path in found.skipped)
                hint = f"there are only {listed(relative)}; name files of other endings by a glob"
            else:
                hint = f"{shown_path(root)!r} {_content(root)}"
            raise StorageError(f"no file that ends in {kinds} in {self._shown!r}", hint=hint)
        files = [found.files[path] for path in sorted(found.files)]
        return Listing(root=root, files=files, is_directory=True, skipped=sorted(found.skipped))

    def _not_a_folder(self) -> StorageError:
        file = Path(self._path)
        while not os.path.lexists(file):
            file = file.parent
        return StorageError(
            f"{self._shown!r} cannot be read: {str(file)!r} is a file, not a folder",
            hint="remove the slash at the end" if str(file) == self._path else None,
        )

    def _missing(self) -> StorageError:
        if os.path.islink(self._path):  # noqa: PTH114 - text path
            target = os.path.realpath(self._path)
            return StorageError(
                f"{self._shown!r} is a symbolic link to {target!r}, which is missing"
            )
        missing = Path(self._path)
        while not missing.parent.exists():
            missing = missing.parent
        near = nearest(missing.name, os.listdir(missing.parent))  # noqa: PTH208 - names only
        is_relative = "://" not in self._shown and not Path(self._shown).is_absolute()
        whole = missing == Path(self._path)
        message = f"{self._shown!r} does not exist" + (
            "" if whole else f": there is no {missing.name!r} in {_folder(missing.parent)}"
        )
        if near is not None:
            guess = str(missing.parent / near)
            written = os.path.relpath(guess) if is_relative else guess
            return StorageError(message, hint=f"did you mean {written!r}?")
        hint = f"looked in {str(Path.cwd())!r}" if is_relative else None
        if self._shown.startswith("~"):
            hint = "write the whole path: ~ is not replaced by the home folder"
        return StorageError(message, hint=hint)


def _absolute(path: str) -> str:
    """The absolute path. Links are not followed, but before `..`, as the system does."""
    parts = (Path.cwd() / path).parts
    if ".." in parts:
        tail = len(parts) - parts[::-1].index("..")
        parts = (os.path.realpath(Path(*parts[:tail])), *parts[tail:])
    return "/" + str(Path(*parts)).lstrip("/")


def _path_of_url(url: str) -> str:
    host, slash, path = url[len(_FILE_URL) :].partition("/")
    if host.lower() not in ("", "localhost") or not slash:
        raise StorageError(
            f"{url!r} names the host {host!r}; only files of this machine can be used",
            hint="a file URL has three slashes: file:///absolute/path",
        )
    return "/" + unquote(path)


def _folder(path: Path) -> str:
    return "the working folder" if path == Path.cwd() else repr(shown_path(str(path)))


def _content(folder: str) -> str:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names only
    except OSError:
        return "does not exist"
    return f"holds {listed(names)}" if names else "is empty"
