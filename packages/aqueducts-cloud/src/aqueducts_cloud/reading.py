"""Reading files of a bucket by ranges."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING

from aqueducts.errors import StorageError
from aqueducts_cloud.bucket import Bucket
from aqueducts_cloud.failures import failure, gone

if TYPE_CHECKING:
    from obstore import GetOptions

__all__ = ["BucketReader"]

_PIECE_BYTES = 4 << 20
_PIECES_AHEAD = 4
"""Pieces that are asked for at the same time: one connection alone is slow to many stores."""
_ATTEMPTS = 5
_PAUSE_SECONDS = 0.2
_CUT = ("body", "connection closed", "incomplete", "reset", "kind: Decode", "kind: Interrupted")
"""Words of obstore about answers that were cut off."""


class BucketReader:
    """Reads the objects that were found, and no others that have taken their place since."""

    def __init__(self, bucket: Bucket, base: str, e_tags: Mapping[str, str | None]) -> None:
        self._bucket = bucket
        self._base = base
        self._e_tags = e_tags

    def __repr__(self) -> str:
        return f"BucketReader({self._base!r})"

    def read(self, path: str, start: int, end: int) -> Iterator[memoryview]:
        """The bytes of a range.

        Each piece is a request of its own, so that none is open while nobody reads; one that is
        cut off is asked for again.
        """
        waiting: deque[Future[memoryview]] = deque()
        try:
            while start < end or waiting:
                while start < end and len(waiting) < _PIECES_AHEAD:
                    stop = min(start + _PIECE_BYTES, end)
                    waiting.append(self._bucket.requests.begin(self._piece(path, start, stop)))
                    start = stop
                yield self._bucket.requests.wait(waiting.popleft())
        finally:
            for begun in waiting:
                begun.cancel()

    async def _piece(self, path: str, start: int, end: int) -> memoryview:
        for attempt in range(_ATTEMPTS):
            try:
                piece = await self._get(path, start, end)
            except StorageError:
                raise
            except FileNotFoundError:
                raise gone(path) from None  # it was there when it was found
            # obstore tries again what fails before an answer, and not what is cut off in it.
            except Exception as error:  # noqa: BLE001
                if attempt + 1 == _ATTEMPTS or not _was_cut(error):
                    raise failure(error, self._bucket.provider, "read", path) from None
            else:
                if len(piece) == end - start:
                    return piece
            await asyncio.sleep(_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311
        raise StorageError(
            f"cannot read {path!r}: it is shorter than it was",
            hint="run again; end what writes there while it is read",
        )

    async def _get(self, path: str, start: int, end: int) -> memoryview:
        import obstore

        options: GetOptions = {"range": (start, end)}
        e_tag = self._e_tags.get(path)
        if e_tag is not None:
            options["if_match"] = e_tag
        key = path.removeprefix(self._base)
        answer = await obstore.get_async(self._bucket.store, key, options=options)
        return memoryview(await answer.bytes_async())


def _was_cut(error: Exception) -> bool:
    """Whether an answer ended early; what a store answered is what it means."""
    if type(error).__name__ != "GenericError":
        return False
    text = str(error)
    return "status code" not in text and any(mark in text for mark in _CUT)
