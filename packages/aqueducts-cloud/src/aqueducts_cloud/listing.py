"""Which objects of a bucket a location names: a folder's, or those of a glob."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence

import msgspec

from aqueducts_cloud.bucket import Found

__all__ = [
    "Selection",
    "data_endings",
    "folder_of_glob",
    "has_wildcard",
    "in_folder",
    "is_hidden",
    "matching",
]

_COMPRESSIONS = ("", ".gz", ".bz2", ".xz", ".zst")
_WILDCARD = re.compile(r"[*?[]")


class Selection(msgspec.Struct):
    """Objects that are data, and those that were passed over because of their endings."""

    files: list[Found] = msgspec.field(default_factory=list)
    skipped: list[Found] = msgspec.field(default_factory=list)


def data_endings(extensions: Sequence[str]) -> tuple[str, ...]:
    """The endings of a format's files, compressed ones included."""
    return tuple(extension + each for extension in extensions for each in _COMPRESSIONS)


def has_wildcard(key: str) -> bool:
    """Whether a key is a glob."""
    return _WILDCARD.search(key) is not None


def folder_of_glob(pattern: str) -> str:
    """The folder above a glob's first wildcard."""
    parts = pattern.split("/")
    fixed = next(index for index, part in enumerate(parts) if has_wildcard(part))
    return "/".join(parts[:fixed])


def is_hidden(names: Iterable[str]) -> bool:
    """Whether one of the names is no data by convention: `.x`, `_SUCCESS`, but not `_key=value`."""
    return any(_is_metadata(name) for name in names)


def in_folder(objects: Iterable[Found], folder: str, endings: tuple[str, ...]) -> Selection:
    """The data below a folder."""
    selection = Selection()
    for found in objects:
        relative = found.key.removeprefix(f"{folder}/" if folder else "").split("/")
        if not is_hidden(relative):
            _add(selection, found, found.key.lower().endswith(endings))
    return selection


def matching(objects: Iterable[Found], pattern: str, endings: tuple[str, ...]) -> Selection:
    """The data that a glob matches; folders that match are gone through.

    Where the glob names an ending (`*.txt`) every object that matches is data; else those with
    one of `endings`, or with none at all.
    """
    parts = pattern.split("/")
    names_ending = "." in re.split(r"[*?\]]", parts[-1])[-1]
    selection = Selection()
    for found in objects:
        names = found.key.split("/")
        for depth in range(len(names), 0, -1):
            rest = names[depth:]
            if is_hidden(rest) or not _matches(parts, names[:depth]):
                continue
            name = names[-1].lower()
            is_data = name.endswith(endings)
            if not rest:
                is_data = is_data or names_ending or "." not in name
            _add(selection, found, is_data)
            break
    return selection


def _add(selection: Selection, found: Found, is_data: bool) -> None:
    (selection.files if is_data else selection.skipped).append(found)


def _matches(parts: Sequence[str], names: Sequence[str]) -> bool:
    """Whether names match the parts of a glob, one by one; `**` is any number of folders."""
    if not parts:
        return not names
    part, rest = parts[0], parts[1:]
    if part == "**":
        if not rest:
            return len(names) == 1 and not is_hidden(names)
        return _matches(rest, names) or (
            bool(names) and not is_hidden(names[:1]) and _matches(parts, names[1:])
        )
    if not names:
        return False
    if _is_metadata(names[0]) and part[:1] != names[0][:1]:
        return False
    return fnmatch.fnmatchcase(names[0], part) and _matches(rest, names[1:])


def _is_metadata(name: str) -> bool:
    return name.startswith(".") or (name.startswith("_") and "=" not in name)
