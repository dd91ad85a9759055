"""Opening files wherever they are."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aqueducts.data_files import open_file
from aqueducts.errors import StorageError
from aqueducts.relations import DataFile


class _Shelf:
    """A store in memory, which notes what was asked for."""

    def __init__(self, content: bytes, piece_bytes: int = 7) -> None:
        self.content = content
        self.asked: list[tuple[int, int]] = []
        self.given = 0
        self.closed = 0
        self._piece_bytes = piece_bytes

    def read(self, path: str, start: int, end: int) -> Iterator[memoryview]:
        assert path == "shelf://a"
        self.asked.append((start, end))
        try:
            for place in range(start, end, self._piece_bytes):
                piece = self.content[place : min(place + self._piece_bytes, end)]
                self.given += len(piece)
                yield memoryview(piece)
        finally:
            self.closed += 1

    @property
    def file(self) -> DataFile:
        return DataFile("shelf://a", len(self.content), reader=self)


def test_local_files_are_opened_as_ever(tmp_path: Path) -> None:
    """A plain file."""
    tmp_path.joinpath("a").write_bytes(b"abc")
    with open_file(DataFile(str(tmp_path / "a"), 3)) as file:
        assert file.read() == b"abc"


def test_a_file_is_read_to_its_end() -> None:
    """Pieces are put together, and more is asked for at a time."""
    shelf = _Shelf(bytes(range(256)) * 8192, piece_bytes=10_000)
    with open_file(shelf.file) as file:
        assert file.read() == shelf.content
        assert file.read() == b""
        assert file.tell() == 1 << 21
    assert shelf.asked == [(0, 1 << 18), (1 << 18, 5 << 18), (5 << 18, 1 << 21)]


def test_nothing_is_asked_for_that_is_not_read() -> None:
    """Opening asks for nothing, and the first line for little more than itself."""
    shelf = _Shelf(b"id\n" + b"1\n" * 500_000, piece_bytes=4096)
    with open_file(shelf.file) as file:
        assert shelf.asked == []
        assert file.readline() == b"id\n"
    assert shelf.given <= 1 << 17
    assert shelf.closed == 1


def test_seeking_ends_a_reading() -> None:
    """From the start, from here and from the end."""
    shelf = _Shelf(bytes(200_000), piece_bytes=1000)
    with open_file(shelf.file) as file:
        file.read(10)
        assert file.seek(-3, os.SEEK_END) == 199_997
        assert file.read() == bytes(3)
        assert file.seek(5) == 5
        assert file.seek(100_000, os.SEEK_CUR) == 100_005
        assert len(file.read(1)) == 1
        assert file.seek(300_000) == 300_000
        assert file.read() == b""
        assert file.seekable()
    assert shelf.closed == len(shelf.asked)


def test_the_end_of_a_parquet_file_is_enough() -> None:
    """What libraries read through it is what they need."""
    made = io.BytesIO()
    pq.write_table(pa.table({"a": range(200_000)}), made)
    shelf = _Shelf(made.getvalue(), piece_bytes=4096)
    with open_file(shelf.file) as file:
        assert pq.read_metadata(file).num_rows == 200_000
    assert shelf.given < len(shelf.content) / 4


def test_compressed_files_are_read_through_it() -> None:
    """By Python's own modules."""
    shelf = _Shelf(gzip.compress(b"abc" * 1000))
    with open_file(shelf.file) as raw, gzip.open(raw) as file:
        assert file.read() == b"abc" * 1000


def test_what_a_reader_raises_passes_through() -> None:
    """A store's own words."""

    class _Broken:
        def read(self, path: str, start: int, end: int) -> Iterator[memoryview]:
            yield memoryview(b"a")
            raise StorageError(f"{path!r} is gone")

    with (
        open_file(DataFile("x://a", 9, reader=_Broken())) as file,
        pytest.raises(StorageError, match="'x://a' is gone"),
    ):
        file.read()


def test_a_file_that_is_shorter_than_it_was_ends() -> None:
    """No endless asking."""

    class _Short:
        def read(self, path: str, start: int, end: int) -> Iterator[memoryview]:
            if start == 0:
                yield memoryview(b"ab")

    with open_file(DataFile("x://a", 9, reader=_Short())) as file:
        assert file.read() == b"ab"
