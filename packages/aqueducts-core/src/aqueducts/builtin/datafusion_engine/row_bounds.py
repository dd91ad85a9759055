"""How many rows text files can hold at the most.

Text files have no statistics, and without any a join builds its hash table from whichever side is
written first. A limit that cannot bite tells the planner the size; results never depend on it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

import msgspec

from aqueducts.builtin.datafusion_engine.csv_files import open_bytes
from aqueducts.relations import DataFile

__all__ = ["COUNTED_BYTES", "RowBound", "bound_rows"]

COUNTED_BYTES = 32 << 20
"""Sources up to this size (decompressed) are counted, at some gigabytes a second."""

_CHUNK_BYTES = 1 << 20


class RowBound(msgspec.Struct, frozen=True):
    """A number of rows that a source cannot exceed."""

    rows: int
    is_counted: bool
    """Close to the truth; otherwise only in proportion to the size."""


def bound_rows(
    files: Iterable[tuple[DataFile, str | None]], *, marks: Sequence[bytes], shortest_row_bytes: int
) -> RowBound | None:
    """Bound the rows of files with their compression; None where nothing can be said.

    Every row holds at least one of `marks` (but for the last row of a file) and takes at least
    `shortest_row_bytes`.
    """
    found = list(files)
    size = sum(file.size_bytes for file, _ in found)
    if size <= COUNTED_BYTES:
        counted = _count(found, marks)
        if counted is not None:
            return RowBound(counted, is_counted=True)
    if any(compression is not None for _, compression in found):
        return None
    rows = sum(file.size_bytes // max(1, shortest_row_bytes) + 1 for file, _ in found)
    return RowBound(rows, is_counted=False)


def _count(files: Iterable[tuple[DataFile, str | None]], marks: Sequence[bytes]) -> int | None:
    rows = 0
    left = COUNTED_BYTES
    for file, compression in files:
        rows += 1  # the last line may lack its break
        try:
            with open_bytes(file, compression) as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    rows += sum(chunk.count(mark) for mark in marks)
                    left -= len(chunk)
                    if left < 0:
                        return None
        except (OSError, EOFError, ValueError, zlib.error):
            return None  # broken files are the reader's to complain about, with the place
    return rows
