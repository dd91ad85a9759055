"""The ends of Parquet files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aqueducts.builtin.parquet_footers import read_footer


def test_the_footer_is_the_one_that_pyarrow_reads(tmp_path: Path) -> None:
    """Rows, columns and types are those of the public reader."""
    path = tmp_path / "a b.parquet"
    pq.write_table(pa.table({"id": [1, 2, 3], "name": ["a", None, "c"]}), path)

    footer = read_footer(path)

    assert footer.equals(pq.read_metadata(path))
    assert footer.num_rows == 3


def test_what_is_no_parquet_file_is_refused(tmp_path: Path) -> None:
    """Other bytes and missing files raise what pyarrow raises."""
    path = tmp_path / "a.parquet"
    path.write_bytes(b"no such thing")

    with pytest.raises(pa.ArrowInvalid):
        read_footer(path)
    with pytest.raises(FileNotFoundError):
        read_footer(tmp_path / "missing.parquet")
