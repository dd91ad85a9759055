"""Finding data files in folders, with subfolders and by globs."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import PurePosixPath

import msgspec

from aqueducts.access import UNLIMITED, Access
from aqueducts.builtin.compression import COMPRESSION_ENDINGS
from aqueducts.builtin.os_errors import storage_error
from aqueducts.errors import StorageError
from aqueducts.relations import DataFile

__all__ = ["Found", "data_endings", "expand_glob", "has_wildcard", "is_metadata", "walk"]

_WILDCARD = re.compile(r"[*?[]")


class Found(msgspec.Struct):
    """Files that were found, by path, and those that were passed over."""

    access: Access
    """Asked for everything that a link leads to."""
    files: dict[str, DataFile] = msgspec.field(default_factory=dict)
    skipped: dict[str, None] = msgspec.field(default_factory=dict)

    def check(self, entry: os.DirEntry[str]) -> None:
        """Refuse a link that leads where the run may not go, before it is followed."""
        if self.access.is_limited and entry.is_symlink():
            self.access.check_path(entry.path)

    def add(self, path: str, status: os.stat_result) -> None:
        """Take a file as data."""
        self.files[path] = DataFile(path=path, size_bytes=status.st_size)


def data_endings(extensions: Sequence[str]) -> tuple[str, ...]:
    """The endings of a format's files, compressed ones included."""
    return tuple(
        extension + compression
        for extension in extensions
        for compression in ("", *COMPRESSION_ENDINGS)
    )


def is_metadata(name: str) -> bool:
    """Whether a name is not data by convention: `.x`, `_SUCCESS`; but a folder `_key=value` is."""
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def has_wildcard(text: str) -> bool:
    """Whether a path is a glob."""
    return _WILDCARD.search(text) is not None


def walk(
    folder: str, endings: tuple[str, ...], found: Found, above: frozenset[tuple[int, int]]
) -> None:
    """Collect the data files of a folder and all its subfolders.

    Symbolic links are followed, but not back into a folder that is being walked (`above`).
    """
    status = os.stat(folder)  # noqa: PTH116 - ten thousand files
    identity = (status.st_dev, status.st_ino)
    if identity in above:
        return
    inside = above | {identity}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if is_metadata(entry.name):
                continue
            found.check(entry)
            if entry.is_dir():
                walk(entry.path, endings, found, inside)
            elif not entry.name.lower().endswith(endings):
                found.skipped[entry.path] = None
            else:
                _add_file(entry, found)


def _add_file(entry: os.DirEntry[str], found: Found) -> None:
    try:
        status = entry.stat()
    except FileNotFoundError:
        raise StorageError(
            f"{entry.path!r} is a symbolic link to a file that does not exist",
            hint="remove the link, or bring the file back",
        ) from None
    if not stat.S_ISREG(status.st_mode):
        raise StorageError(
            f"{entry.path!r} is not a regular file", hint="remove it from the folder"
        )
    found.add(entry.path, status)


def expand_glob(
    pattern: str, endings: tuple[str, ...], access: Access = UNLIMITED
) -> tuple[str, Found]:
    """The files that match an absolute glob, and the folder above its first wildcard.

    Folders that match are walked. Where the pattern names an ending (`*.txt`) every file that
    matches is data; else those with one of `endings` or with none at all are.
    """
    parts = PurePosixPath(pattern).parts
    fixed = next(index for index, part in enumerate(parts) if has_wildcard(part))
    root = str(PurePosixPath(*parts[:fixed]))
    found = Found(access)
    last = parts[-1]
    names_ending = "." in re.split(r"[*?\]]", last)[-1]
    for entry in _matches(root, parts[fixed:], found, frozenset()):
        found.check(entry)
        if entry.is_dir():
            walk(entry.path, endings, found, frozenset())
        elif names_ending or entry.name.lower().endswith(endings) or "." not in entry.name:
            _add_file(entry, found)
        else:
            found.skipped[entry.path] = None
    return root, found


def _matches(
    folder: str, parts: Sequence[str], found: Found, above: frozenset[tuple[int, int]]
) -> Iterator[os.DirEntry[str]]:
    """Entries below a folder that match the parts of a pattern."""
    part, rest = parts[0], parts[1:]
    if part == "**" and not rest:
        part = "*"  # what is below the folders that match is walked anyway
    elif part == "**":
        yield from _matches_at_any_depth(folder, rest, found, above)
        return
    for entry in _entries(folder):
        if not _name_matches(part, entry.name):
            continue
        if not rest:
            yield entry
            continue
        found.check(entry)
        if entry.is_dir():
            yield from _matches(entry.path, rest, found, frozenset())


def _matches_at_any_depth(
    folder: str, rest: Sequence[str], found: Found, above: frozenset[tuple[int, int]]
) -> Iterator[os.DirEntry[str]]:
    status = os.stat(folder)  # noqa: PTH116 - ten thousand files
    identity = (status.st_dev, status.st_ino)
    if identity in above:
        return
    yield from _matches(folder, rest, found, above)
    for entry in _entries(folder):
        if is_metadata(entry.name):
            continue
        found.check(entry)
        if entry.is_dir():
            yield from _matches_at_any_depth(entry.path, rest, found, above | {identity})


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda each: each.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise storage_error(error, folder, "list") from error


def _name_matches(pattern: str, name: str) -> bool:
    if is_metadata(name) and pattern[0] != name[0]:
        return False
    return _compile(pattern).fullmatch(name) is not None


@lru_cache(maxsize=16)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))
