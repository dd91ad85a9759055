"""Replacing all files of a folder so that no reader sees old and new ones together.

A bucket has no step that changes many objects. While a folder is being replaced, a marker in it
names the files that count:

1. the marker is put there, and names the old files;
2. the new files appear, under names of their own;
3. the marker is put once more, and names the new files: the moment in which the folder changes;
4. the old files are deleted, and then the marker.

A listing that has no marker was taken before 1 or after 4, and is whole; one that has it is cut
down to what the marker names. Killed in between, the marker stays, and so does what readers see,
until the next write. Only who does not know the marker sees old and new files from 2 to 4.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aqueducts.errors import StorageError
from aqueducts_cloud.bucket import Bucket
from aqueducts_cloud.snapshots import MARKER, Marker, is_marker, marked_files, settled
from aqueducts_cloud.uploads import PreparedUploads

__all__ = ["Replacement"]

_BEAT_SECONDS = 10.0
_DEAD_SECONDS = 45.0
"""A marker that nobody has renewed for so long is of a run that died."""
_LOOK_SECONDS = 1.0


class Replacement:
    """One replacing of the files of a folder."""

    def __init__(self, bucket: Bucket, folder: str, run: str) -> None:
        self._bucket = bucket
        self._folder = folder
        self._prefix = f"{folder}/" if folder else ""
        self._marker_key = f"{self._prefix}{MARKER}"
        self._run = run
        self._owner = f"{run}-{secrets.token_hex(4)}"
        """Whose the marker is: of this write, and of no other of the same run."""
        self._beat = 0
        self._is_switched = False

    async def replace(self, files: Mapping[str, Path], may_switch: Callable[[], bool]) -> None:
        """Put local files, by their names below the folder, in the place of all that is there.

        `may_switch` is asked in the last moment. On any error what was there is there still.
        """
        there = {each.key for each in await self._bucket.list(self._folder)}
        new = {self._free(name, there): path for name, path in files.items()}
        async with PreparedUploads(self._bucket.store, new) as uploads:
            await self._take_marker(new)
            try:
                await self._while_beating(uploads)
                await self._switch(sorted(new), may_switch)
            except BaseException:
                await self._take_back(sorted(new))
                raise
        await self._clean(new)

    def _free(self, name: str, there: set[str]) -> str:
        """The key for a file: one that is there keeps its content until it is deleted."""
        key = f"{self._prefix}{name}"
        if key not in there:
            return key
        folder, slash, last = key.rpartition("/")
        stem, dot, rest = last.partition(".")
        return f"{folder}{slash}{stem}-{self._run}{dot}{rest}"

    async def _take_marker(self, new: Mapping[str, Path]) -> None:
        """Put the marker for the old files; waits for a run that is replacing them now."""
        old = await self._counting()
        mode: Any = "create"
        while True:
            try:
                await self._put("old", old, mode)
                break
            except Exception as error:
                if await self._is_ours():
                    break  # only the answer was lost
                if not _is_taken(error):
                    raise
                mode = await self._wait_for_other()
                old = await self._counting()
        # Another run may have ended between the look and the marker. From here on nobody may
        # begin; who reads now finds names that are gone, and looks again.
        if mode == "create":
            now = await self._bucket.list(self._folder)
            found = [each.key for each in now if not is_marker(each.key)]
            if found != old:
                old = found
                await self._put("old", old, "overwrite")
        self._old = old
        if not new.keys().isdisjoint(old):
            await self._bucket.delete([self._marker_key])
            raise self._disturbed()

    async def _counting(self) -> list[str]:
        return [each.key for each in await settled(self._bucket, self._folder)]

    async def _wait_for_other(self) -> Any:
        """How to put the marker once another run is over: it is gone, or nobody renews it."""
        clock = asyncio.get_running_loop().time
        seen: Any = None
        since = 0.0
        while True:
            found = await self._bucket.head(self._marker_key)
            if found is None:
                return "create"
            version = {"e_tag": found.e_tag, "version": found.version}
            if version != seen:
                seen, since = version, clock()
            elif clock() - since > _DEAD_SECONDS:
                return {name: value for name, value in version.items() if value is not None}
            await asyncio.sleep(_LOOK_SECONDS)

    async def _while_beating(self, uploads: PreparedUploads) -> None:
        """Show the new files, and that this run lives meanwhile."""
        beating = asyncio.create_task(self._beat_on())
        try:
            await uploads.show()
        finally:
            beating.cancel()
            await asyncio.wait([beating])

    async def _beat_on(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            self._beat += 1
            await self._put("old", self._old, "overwrite")

    async def _switch(self, new: Sequence[str], may_switch: Callable[[], bool]) -> None:
        if not await self._is_ours():
            raise self._disturbed()
        if not may_switch():
            raise StorageError(f"writing {self._prefix!r} was ended before it was complete")
        try:
            await self._put("new", new, "overwrite")
        except Exception:
            # The answer may be lost, and not the request.
            current = await marked_files(self._bucket, self._marker_key)
            if current is None or (current.run, current.phase) != (self._owner, "new"):
                raise
        self._is_switched = True

    async def _is_ours(self) -> bool:
        current = await marked_files(self._bucket, self._marker_key)
        return current is not None and current.run == self._owner

    async def _put(self, phase: Any, keys: Sequence[str], mode: Any) -> None:
        names = tuple(key.removeprefix(self._prefix) for key in keys)
        marker = Marker(self._owner, phase, names, self._beat)
        await self._bucket.put(self._marker_key, marker.content(), mode)

    async def _take_back(self, new: Sequence[str]) -> None:
        """Remove what is new, and the marker last: until then readers see what was there."""
        if self._is_switched:
            return
        try:
            if await self._is_ours():
                await self._bucket.delete(new)
                await self._bucket.delete([self._marker_key])
        # What ended the write is the error to tell; the marker keeps readers right.
        except Exception:  # noqa: BLE001, S110
            pass

    async def _clean(self, new: Mapping[str, Path]) -> None:
        """Delete all but what is new, also what runs that died have left."""
        try:
            there = [each.key for each in await self._bucket.list(self._folder)]
            await self._bucket.delete(
                [key for key in there if key not in new and key != self._marker_key]
            )
            await self._bucket.delete([self._marker_key])
        # The folder has changed already; the marker keeps readers right until the next write.
        except Exception:  # noqa: BLE001, S110
            pass

    def _disturbed(self) -> StorageError:
        return StorageError(
            f"another run is replacing the files of {self._prefix!r}", hint="run one at a time"
        )


def _is_taken(error: Exception) -> bool:
    """Whether another run has put its marker first."""
    return isinstance(error, FileExistsError) or type(error).__name__ in (
        "AlreadyExistsError",
        "PreconditionError",
    )
