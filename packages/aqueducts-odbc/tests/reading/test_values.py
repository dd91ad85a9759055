"""Texts of a database as values of Arrow, where Arrow alone would take them for others."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from aqueducts.errors import SourceError
from aqueducts_odbc.reading import ColumnReading, converted

EXACT = [
    ("0.000000000000000001", pa.decimal128(38, 18), Decimal("1E-18")),
    ("-99999999999999999999.5", pa.decimal128(38, 18), Decimal("-99999999999999999999.5")),
    ("1e5", pa.decimal128(38, 18), Decimal(100_000)),
    ("inf", pa.float64(), float("inf")),
    (None, pa.decimal128(38, 18), None),
]
REFUSED = [
    ("1e30", pa.decimal128(38, 18)),
    ("1000000000000000000000000000000", pa.decimal128(38, 18)),
    ("1e-199", pa.decimal128(38, 18)),
    ("NaN", pa.decimal128(38, 18)),
    ("1e400", pa.float64()),
    ("1e39", pa.float32()),
    ("24:00:00", pa.time64("us")),
]


def _read(text: str | None, data_type: pa.DataType) -> object:
    column = ColumnReading("c", pa.string(), data_type, "q.c")
    batch = pa.record_batch({"c": pa.array(["0", text] if text != "24:00:00" else [text])})
    return converted(batch, [column]).column(0).to_pylist()[-1]


@pytest.mark.parametrize(("text", "data_type", "value"), EXACT)
def test_texts_are_read(text: str | None, data_type: pa.DataType, value: object) -> None:
    """To the last digit that the type has."""
    assert _read(text, data_type) == value


@pytest.mark.parametrize(("text", "data_type"), REFUSED)
def test_texts_are_refused(text: str, data_type: pa.DataType) -> None:
    """By their value."""
    with pytest.raises(SourceError) as caught:
        _read(text, data_type)
    assert repr(text) in caught.value.message
