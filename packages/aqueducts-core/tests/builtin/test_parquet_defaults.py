"""Encodings that Parquet files are written with, per type and name."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aqueducts.builtin.datafusion_engine.settings import budget_for, new_context
from aqueducts.builtin.parquet_defaults import parquet_defaults
from aqueducts.connectors import EngineSettings


def _encoding(name: str, data_type: pa.DataType) -> str | None:
    return parquet_defaults(pa.schema([(name, data_type)])).get(f"format.encoding::{name}")


@pytest.mark.parametrize(
    ("data_type", "encoding"),
    [
        (pa.int8(), "delta_binary_packed"),
        (pa.uint64(), "delta_binary_packed"),
        (pa.date32(), "delta_binary_packed"),
        (pa.timestamp("us", "UTC"), "delta_binary_packed"),
        (pa.duration("s"), "delta_binary_packed"),
        (pa.decimal128(18, 2), "delta_binary_packed"),
        (pa.decimal128(19, 2), None),
        (pa.string(), "delta_length_byte_array"),
        (pa.large_binary(), "delta_length_byte_array"),
        (pa.float64(), None),
        (pa.bool_(), None),
        (pa.month_day_nano_interval(), None),
        (pa.dictionary(pa.int32(), pa.string()), None),
    ],
    ids=str,
)
def test_encoding_by_type(data_type: pa.DataType, encoding: str | None) -> None:
    """Integers and what is stored as one are packed, texts keep their lengths apart."""
    assert _encoding("c", data_type) == encoding


@pytest.mark.parametrize("name", ["Amount", "a.b"])
def test_names_that_options_cannot_say_are_left_alone(name: str) -> None:
    """Upper case and dots would address another column, or none."""
    assert _encoding(name, pa.int64()) is None


def test_nested_leaves() -> None:
    """Leaves inside structs and lists have paths of their own."""
    nested = pa.struct([("x", pa.int64()), ("y", pa.list_(pa.string())), ("z", pa.float64())])
    options = parquet_defaults(pa.schema([("s", nested), ("m", pa.map_("string", "int64"))]))

    assert {key for key in options if "::" in key} == {
        "format.encoding::s.x",
        "format.encoding::s.y.list.item",
    }


def test_a_leaf_and_a_column_of_one_path_are_left_alone() -> None:
    """The option for one would reach the other, whose type may not have that encoding."""
    schema = pa.schema([("a", pa.struct([("b", pa.int64())])), ("a.b", pa.string())])

    assert not [key for key in parquet_defaults(schema) if "::" in key]


def test_the_engine_applies_them(tmp_path: Path) -> None:
    """COPY takes all options, and the files hold the encodings, nested columns too."""
    context = new_context(EngineSettings(work_dir=tmp_path), budget_for(None, None))
    context.register_record_batches(
        "t",
        [
            [
                pa.record_batch(
                    {
                        "id": pa.array(range(70_000), pa.int64()),
                        "text": [f"text number {i}" for i in range(70_000)],
                        "l": [[i] for i in range(70_000)],
                        "price": [i / 7 for i in range(70_000)],
                    }
                )
            ]
        ],
    )
    schema = context.table("t").schema()
    options = ", ".join(f"'{key}' '{value}'" for key, value in parquet_defaults(schema).items())
    path = tmp_path / "t.parquet"
    context.sql(f"COPY t TO '{path}' STORED AS PARQUET OPTIONS ({options})").collect()

    group = pq.ParquetFile(path).metadata.row_group(0)
    encodings = {
        group.column(i).path_in_schema: group.column(i).encodings for i in range(group.num_columns)
    }
    assert "DELTA_BINARY_PACKED" in encodings["id"]
    assert "DELTA_BINARY_PACKED" in encodings["l.list.item"]
    assert "DELTA_LENGTH_BYTE_ARRAY" in encodings["text"]
    assert "PLAIN" in encodings["price"]
    assert group.column(0).compression == "ZSTD"
    assert pq.read_table(path).num_rows == 70_000
