"""Folders as they are at one moment, also while their files are being replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from aqueducts.errors import StorageError
from aqueducts_cloud.bucket import Bucket, Found

__all__ = ["MARKER", "Marker", "is_marker", "marked_files", "settled"]

MARKER = "_aqueducts_replacing.json"
"""Name of what marks a folder whose files are being replaced. Tools that follow the conventions
of Hive pass it over as metadata."""

_PAGE = 1000
"""Objects that a store lists by one request, of one moment."""
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.25


class Marker(msgspec.Struct, frozen=True):
    """Which files of a folder count while they are being replaced."""

    run: str
    phase: Literal["old", "new"]
    files: tuple[str, ...]
    """Keys relative to the folder."""
    beat: int = 0
    """Goes up for as long as its run lives."""

    def content(self) -> bytes:
        """What the object holds."""
        return msgspec.json.encode(self)


def is_marker(key: str) -> bool:
    """Whether a key is that of a marker."""
    return key.rpartition("/")[2] == MARKER


async def marked_files(bucket: Bucket, key: str) -> Marker | None:
    """What a marker says; None where there is none. Raises StorageError for what is none."""
    content = await bucket.get(key)
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=Marker)
    except (msgspec.ValidationError, msgspec.DecodeError):
        raise StorageError(
            f"the object {key!r} cannot be read, which tells what files count",
            hint="delete it, and write the files of its folder again",
        ) from None


async def settled(bucket: Bucket, folder: str) -> list[Found]:
    """The objects below a folder that count, all of one moment.

    One page of a listing is of one moment; more pages are looked at twice. Raises StorageError
    where other runs do not stop replacing files.
    """
    for _ in range(_ATTEMPTS):
        objects = await bucket.list(folder)
        if len(objects) >= _PAGE and await bucket.list(folder) != objects:
            continue
        markers = [each.key for each in objects if is_marker(each.key)]
        if not markers:
            return objects
        found = {key: await marked_files(bucket, key) for key in markers}
        chosen = _chosen(objects, found)
        if chosen is not None:
            return chosen
        await asyncio.sleep(_PAUSE_SECONDS)
    raise StorageError(
        f"the files of {folder!r} are being replaced by other runs",
        hint="run again once they are done; where none is at work, delete the object "
        f"{MARKER} in the folder",
    )


def _chosen(objects: Sequence[Found], markers: Mapping[str, Marker | None]) -> list[Found] | None:
    """What the markers say that counts; None where they are of another moment than the listing."""
    chosen = {each.key: each for each in objects if not is_marker(each.key)}
    # What a folder's marker says, one of a folder in it cannot change.
    for key in sorted(markers, key=len, reverse=True):
        marker = markers[key]
        if marker is None:
            return None
        prefix = key.removesuffix(MARKER)
        named = {f"{prefix}{name}" for name in marker.files}
        if not named <= chosen.keys():
            return None
        chosen = {
            each: found
            for each, found in chosen.items()
            if not each.startswith(prefix) or each in named
        }
    return list(chosen.values())
