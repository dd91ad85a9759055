"""Large text files that are elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqueducts.builtin.datafusion_engine.copies import brought_near, is_elsewhere
from aqueducts.builtin.datafusion_engine.session import DataFusionSession
from aqueducts.builtin.datafusion_engine.slices import is_later_slice, sliced, whole_file
from aqueducts.connectors import EngineSettings
from aqueducts.data_files import open_file
from aqueducts.errors import SourceError
from aqueducts.relations import CsvDialect, DataFile, FileScan


class _Shelf:
    """One file in memory."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.given = 0

    def read(self, path: str, start: int, end: int) -> Iterator[memoryview]:
        for place in range(start, end, 1 << 20):
            piece = memoryview(self.content)[place : min(place + (1 << 20), end)]
            self.given += len(piece)
            yield piece

    @property
    def file(self) -> DataFile:
        return DataFile("x://b/a.csv", len(self.content), reader=self)


def _content(file: DataFile) -> bytes:
    with open_file(file) as opened:
        content = opened.read()
    assert len(content) == file.size_bytes
    return content


@given(
    lines=st.lists(st.text("ab,1", max_size=30), min_size=1, max_size=60),
    slice_bytes=st.integers(1, 200),
    ends_in_a_break=st.booleans(),
    has_header=st.booleans(),
)
def test_slices_are_the_file(
    lines: list[str], slice_bytes: int, ends_in_a_break: bool, has_header: bool
) -> None:
    """Whatever their size, every line is in one of them, and each begins with the header."""
    text = "\n".join(["id,text", *lines]) + ("\n" if ends_in_a_break else "")
    whole = _Shelf(text.encode()).file
    scan = FileScan("csv", [whole], dialect=CsvDialect(has_header=has_header))
    first, *others = [_content(part) for part in sliced(whole, scan, slice_bytes)]
    header = b"id,text\n" if has_header else b""
    assert all(part.startswith(header) for part in others)
    together = b"".join([first, *(part.removeprefix(header) for part in others)])
    assert together == text.encode()


def test_slices_know_their_file() -> None:
    """For plans and messages."""
    whole = _Shelf(b"# a comment\n\nid\n" + b"1\n" * 5000).file
    scan = FileScan("csv", [whole], dialect=CsvDialect(comment="#"))
    first, *others = sliced(whole, scan, 1000)
    assert whole_file(first) is whole
    assert not is_later_slice(first)
    assert not is_later_slice(whole)
    assert len(others) > 5
    assert all(is_later_slice(each) and whole_file(each) is whole for each in others)
    assert all(_content(each).startswith(b"id\n1\n") for each in others)


def test_a_file_without_line_breaks_is_one_slice() -> None:
    """There is nowhere to cut."""
    whole = _Shelf(b"x" * 300_000).file
    parts = sliced(whole, FileScan("json", [whole]), 100_000)
    assert [_content(part) for part in parts] == [b"x" * 300_000]


def _large(row: str, rows: int) -> _Shelf:
    return _Shelf(b"id,text\n" + "".join(row.format(n) for n in range(rows)).encode())


@pytest.fixture(scope="module")
def shelf() -> _Shelf:
    """More than what is copied: 70 MB."""
    return _large("{0},a text that makes the row longer and then some: {0}\n", 1_150_000)


def test_a_large_file_is_read_in_slices(shelf: _Shelf, tmp_path: Path) -> None:
    """All rows once, counted for the source; plans name one file."""
    session = DataFusionSession(EngineSettings(work_dir=tmp_path, threads=2), None)
    shelf.given = 0
    session.register("t", FileScan("csv", [shelf.file]), is_joined=True)
    assert shelf.given < len(shelf.content) / 2
    session.define("s", "SELECT count(*) AS n, sum(id) AS s, min(length(text)) AS l FROM t")
    described = session.describe("s")
    assert described is not None
    assert [(scan.source, scan.files) for scan in described.scans] == [("t", 1)]
    with session.frame("s").stream() as reader:
        rows = reader.read_all().to_pylist()
    assert rows == [{"n": 1_150_000, "s": sum(range(1_150_000)), "l": rows[0]["l"]}]
    assert session.rows_read() == {"t": 1_150_000}
    shelf.given = 0
    assert session.head("t", 2).num_rows == 2
    assert shelf.given < len(shelf.content) / 2
    session.close()


def test_a_bad_row_is_told_by_its_line_in_the_file(shelf: _Shelf, tmp_path: Path) -> None:
    """Not in the slice."""
    bad = _Shelf(shelf.content + b"oops,x\n")
    session = DataFusionSession(EngineSettings(work_dir=tmp_path, threads=2), None)
    session.register("t", FileScan("csv", [bad.file]), is_joined=False)
    session.define("s", "SELECT sum(id) AS s FROM t")
    with pytest.raises(SourceError, match=r"x://b/a\.csv, line 1150002: 'oops' in column 'id'"):
        session.head("s", 1)
    session.close()


def test_what_cannot_be_cut_is_copied(shelf: _Shelf, tmp_path: Path) -> None:
    """Values with line breaks, compressed files, and JSON whose columns are not known."""
    broken = _Shelf(b'id,text\n1,"two\nlines"\n' + shelf.content[8:])
    for scan in (
        FileScan("csv", [broken.file]),
        FileScan("csv", [shelf.file], compression="gzip"),
        FileScan("csv", [shelf.file], dialect=CsvDialect(newlines_in_values=True)),
        FileScan("json", [shelf.file]),
    ):
        read, whole = brought_near(scan, tmp_path / "copies")
        assert read.files == whole.files
        assert not is_elsewhere(read.files[0])
