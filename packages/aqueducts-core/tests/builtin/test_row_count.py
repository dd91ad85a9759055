"""Counting rows of written text files."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqueducts.builtin import row_count
from aqueducts.builtin.row_count import count_csv_records, count_lines

_CELLS = st.text(st.sampled_from('ab"\n\r,é'), max_size=6)


@given(
    rows=st.lists(st.lists(_CELLS, min_size=2, max_size=3), max_size=20), chunk=st.integers(1, 9)
)
def test_newlines_in_quotes_are_no_records(rows: list[list[str]], chunk: int) -> None:
    """Whatever the cells hold and wherever chunks end, each row counts once."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_count, "_CHUNK_BYTES", chunk)
        counted = count_csv_records(io.BytesIO(text.getvalue().encode()))

    assert counted == len(rows)


@pytest.mark.parametrize(
    ("text", "lines"), [(b"", 0), (b"a", 1), (b"a\n", 1), (b"a\nb", 2), (b'"\n\n"', 3), (b"\n", 1)]
)
def test_lines(text: bytes, lines: int) -> None:
    """The last line counts with or without its newline."""
    assert count_lines(io.BytesIO(text)) == lines


@pytest.mark.parametrize(("text", "records"), [(b"", 0), (b'a\n"x\ny"', 2), (b'""\n""\n', 2)])
def test_records(text: bytes, records: int) -> None:
    """Empty texts, missing last newlines and rows of one empty value."""
    assert count_csv_records(io.BytesIO(text)) == records
