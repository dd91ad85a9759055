"""Putting local files into a bucket: nobody sees an object before all of it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["PART_BYTES", "PreparedUploads", "upload"]

PART_BYTES = 8 << 20
"""Of an upload in parts; what is smaller is sent by one request."""
_MOST_PARTS = 9000
_PARTS_AT_ONCE = 4
_FILES_AT_ONCE = 8


async def upload(store: ObjectStore, key: str, path: Path) -> None:
    """Make an object of a file. On any error, and when it is given up, no part of it is left."""
    async with _writer(store, key, path) as writer:
        await _send(writer, path)


class PreparedUploads:
    """Many files on their way: large ones are sent but for their last step, which shows them.

    Left by an exception, what was sent is removed again, and what was shown stays.
    """

    def __init__(self, store: ObjectStore, files: Mapping[str, Path]) -> None:
        self._store = store
        by_size = sorted(files.items(), key=lambda each: each[1].stat().st_size, reverse=True)
        # Each holds a part in memory until it is shown.
        self._large = {
            key: path for key, path in by_size[:_FILES_AT_ONCE] if path.stat().st_size > PART_BYTES
        }
        self._rest = {key: path for key, path in by_size if key not in self._large}
        self._unfinished = AsyncExitStack()

    async def __aenter__(self) -> PreparedUploads:
        await self._unfinished.__aenter__()
        try:
            for key, path in self._large.items():
                writer = await self._unfinished.enter_async_context(_writer(self._store, key, path))
                await _send(writer, path)
        except BaseException as error:
            await self._unfinished.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(self, *raised: Any) -> None:
        await self._unfinished.__aexit__(*raised)

    async def show(self) -> None:
        """Make all files objects that others see."""
        await self._unfinished.aclose()
        places = asyncio.Semaphore(_FILES_AT_ONCE)

        async def one(key: str, path: Path) -> None:
            async with places:
                await upload(self._store, key, path)

        async with asyncio.TaskGroup() as group:
            for key, path in self._rest.items():
                group.create_task(one(key, path))


def _writer(store: ObjectStore, key: str, path: Path) -> Any:
    import obstore

    # Left by an exception, also that of a cancelled task, obstore's writer aborts the upload.
    return obstore.open_writer_async(
        store, key, buffer_size=_part_bytes(path), max_concurrency=_PARTS_AT_ONCE
    )


async def _send(writer: Any, path: Path) -> None:
    part_bytes = _part_bytes(path)
    with path.open("rb") as file:
        while piece := file.read(part_bytes):
            await writer.write(piece)


def _part_bytes(path: Path) -> int:
    return max(PART_BYTES, -(-path.stat().st_size // _MOST_PARTS))
