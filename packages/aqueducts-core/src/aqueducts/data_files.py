"""Opening the files of sources, wherever they are."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from aqueducts.relations import DataFile, FileReader

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["open_file"]

_BUFFER_BYTES = 1 << 16
_FIRST_BYTES = 1 << 18
_MOST_BYTES = 16 << 20
_GROWTH = 4


def open_file(file: DataFile) -> BinaryIO:
    """The bytes of a file as a binary file that can be sought in.

    Of a file on another machine only what is read is asked for. Raises OSError for local files,
    StorageError for others, also while they are read.
    """
    if file.reader is None:
        return Path(file.path).open("rb")
    raw = _RemoteFile(file, file.reader)
    return cast("BinaryIO", io.BufferedReader(raw, _BUFFER_BYTES))


class _RemoteFile(io.RawIOBase):
    """A file behind a reader: more is asked for at a time while nobody seeks."""

    def __init__(self, file: DataFile, reader: FileReader) -> None:
        self._file = file
        self._reader = reader
        self._position = 0
        self._pieces: Iterator[memoryview] | None = None
        self._piece = memoryview(b"")
        self._wanted = _FIRST_BYTES

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._file.size_bytes}
        position = max(0, start[whence] + offset)
        if position != self._position:
            self._end_reading()
            self._position = position
        return position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        target = memoryview(buffer).cast("B")
        while not self._piece:
            if self._position >= self._file.size_bytes:
                return 0
            is_new = self._pieces is None
            if self._pieces is None:
                self._pieces = self._read_on()
            piece = next(self._pieces, None)
            if piece is not None:
                self._piece = piece
            elif is_new:
                return 0  # shorter than it was
            else:
                self._pieces = None
        count = min(len(target), len(self._piece))
        target[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        self._position += count
        return count

    def close(self) -> None:
        self._end_reading()
        super().close()

    def _read_on(self) -> Iterator[memoryview]:
        end = min(self._position + self._wanted, self._file.size_bytes)
        self._wanted = min(self._wanted * _GROWTH, _MOST_BYTES)
        return self._reader.read(self._file.path, self._position, end)

    def _end_reading(self) -> None:
        close = getattr(self._pieces, "close", None)
        self._pieces = None
        self._piece = memoryview(b"")
        self._wanted = _FIRST_BYTES
        if close is not None:
            close()
