"""Large text files that are elsewhere, in slices that the engine takes for files.

The engine reads a text file by one long answer, and its client gives up on answers after a while: a
destination that is slow would end the run. A slice is short. It begins and ends at a line break, as
the pieces of local files do that the engine itself makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import msgspec

from aqueducts.data_files import open_file
from aqueducts.relations import DataFile, FileReader, FileScan

__all__ = ["is_later_slice", "sliced", "whole_file"]

_SLICE_BYTES = 8 << 20
_MOST_SLICES = 512
_WINDOW_BYTES = 1 << 16
_PLACES_AT_ONCE = 8


class _Slice:
    """Reads a part of a file, behind the line that names its columns."""

    def __init__(self, file: DataFile, reader: FileReader, header: bytes, start: int) -> None:
        self.file = file
        self.start = start
        self._reader = reader
        self._header = header

    def read(self, path: str, start: int, end: int) -> Iterator[memoryview]:
        ahead = len(self._header)
        if start < ahead:
            yield memoryview(self._header[start:end])
        first, last = max(start - ahead, 0) + self.start, end - ahead + self.start
        if first < last:
            yield from self._reader.read(path, first, last)


def whole_file(file: DataFile) -> DataFile:
    """The file that a slice is of; any other file itself."""
    return file.reader.file if isinstance(file.reader, _Slice) else file


def is_later_slice(file: DataFile) -> bool:
    """Whether it is a slice of a file, and not the first."""
    return isinstance(file.reader, _Slice) and file.reader.start > 0


def sliced(file: DataFile, scan: FileScan, slice_bytes: int = _SLICE_BYTES) -> list[DataFile]:
    """The slices of a plain text file whose values hold no line breaks.

    Raises StorageError.
    """
    reader = file.reader
    if reader is None or file.size_bytes <= slice_bytes:
        return [file]
    size = max(slice_bytes, -(-file.size_bytes // _MOST_SLICES))
    places = range(size, file.size_bytes, size)
    with ThreadPoolExecutor(max_workers=_PLACES_AT_ONCE) as pool:
        found = list(pool.map(lambda place: _line_start(file, place), places))
    header = _header(file, scan) if scan.format == "csv" and scan.dialect.has_header else b""
    inner = sorted({each for each in found if each is not None and each > len(header)})
    return _between([0, *inner, file.size_bytes], file, reader, header)


def _between(
    ends: Sequence[int], file: DataFile, reader: FileReader, header: bytes
) -> list[DataFile]:
    slices = []
    for start, end in pairwise(ends):
        above = header if start else b""
        slices.append(
            msgspec.structs.replace(
                file,
                size_bytes=end - start + len(above),
                reader=_Slice(file, reader, above, start),
            )
        )
    return slices


def _line_start(file: DataFile, place: int) -> int | None:
    """Where the first line begins at a place or behind it; None where there is none near."""
    with open_file(file) as opened:
        opened.seek(place - 1)
        passed = 0
        while passed < _SLICE_BYTES and (window := opened.read(_WINDOW_BYTES)):
            at = window.find(b"\n")
            if at >= 0:
                start = place + passed + at
                return start if start < file.size_bytes else None
            passed += len(window)
    return None


def _header(file: DataFile, scan: FileScan) -> bytes:
    """The line that names the columns, with its end."""
    comment = scan.dialect.comment
    with open_file(file) as opened:
        for line in opened:
            is_comment = comment is not None and line.startswith(comment.encode())
            if line.strip(b"\r\n") and not is_comment:
                return line if line.endswith(b"\n") else line + b"\n"
    return b""
