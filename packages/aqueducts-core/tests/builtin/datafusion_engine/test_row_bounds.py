"""Bounds on the rows of text files: never too low, and close where files are small."""

from __future__ import annotations

import bz2
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aqueducts.builtin.datafusion_engine import row_bounds
from aqueducts.builtin.datafusion_engine.row_bounds import RowBound, bound_rows
from aqueducts.relations import DataFile

CSV = (b"\n", b"\r")


def _file(path: Path, content: bytes) -> DataFile:
    path.write_bytes(content)
    return DataFile(str(path), len(content))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(st.integers(0, 99), min_size=2, max_size=2), max_size=30),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    has_last=st.booleans(),
)
@pytest.mark.parametrize("is_counted", [True, False])
def test_never_below_the_rows(
    tmp_path: Path, rows: list[list[int]], end: str, has_last: bool, is_counted: bool
) -> None:
    """Counted or estimated, whatever ends the lines, the bound covers all rows."""
    text = end.join(",".join(map(str, row)) for row in rows) + (end if has_last else "")
    file = _file(tmp_path / "a.csv", text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_bounds, "COUNTED_BYTES", (1 << 20) if is_counted else -1)
        bound = bound_rows([(file, None)], marks=CSV, shortest_row_bytes=2)

    assert bound is not None
    assert bound.rows >= len(rows)
    assert bound.is_counted is is_counted


def test_small_files_are_counted_closely(tmp_path: Path) -> None:
    """Of small files the bound is one more than their lines, in all compressions."""
    content = b"a,b\n" + b"1,2\n" * 1000
    files = [
        (_file(tmp_path / "a.csv", content), None),
        (_file(tmp_path / "a.csv.gz", gzip.compress(content)), "gzip"),
        (_file(tmp_path / "a.csv.bz2", bz2.compress(content)), "bzip2"),
    ]

    assert bound_rows(files, marks=CSV, shortest_row_bytes=2) == RowBound(3 * 1002, True)


def test_json_objects_are_counted_by_their_braces(tmp_path: Path) -> None:
    """Every JSON row has a brace, also where two share a line."""
    text = "\n".join(json.dumps({"a": i}) for i in range(50)) + '{"a": 51}'
    file = _file(tmp_path / "a.json", text.encode())

    assert bound_rows([(file, None)], marks=(b"{",), shortest_row_bytes=2) == RowBound(52, True)


def test_large_compressed_files_say_nothing(tmp_path: Path) -> None:
    """A few bytes may hold any number of rows once they are decompressed."""
    file = _file(tmp_path / "a.csv.gz", gzip.compress(b"1\n" * (17 << 20)))
    assert file.size_bytes < row_bounds.COUNTED_BYTES

    assert bound_rows([(file, "gzip")], marks=CSV, shortest_row_bytes=1) is None


def test_broken_files_are_left_to_the_reader(tmp_path: Path) -> None:
    """What cannot be decompressed has no bound and raises nothing here."""
    file = _file(tmp_path / "a.csv.gz", b"no gzip at all")

    assert bound_rows([(file, "gzip")], marks=CSV, shortest_row_bytes=1) is None
