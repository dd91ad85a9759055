"""The tables of the caller's session."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from datafusion import SessionContext

from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
from aqueducts.table_names import spellings


def reader(*rows: int) -> pa.RecordBatchReader:
    """A stream of one batch per row."""
    schema = pa.schema([("a", pa.int64())])
    batches = [pa.record_batch({"a": [row]}, schema=schema) for row in rows]
    return pa.RecordBatchReader.from_batches(schema, batches)


@pytest.mark.parametrize("name", ["result", "My Result", "Mixed", 'q"q', "x.y"])
def test_a_stream_becomes_a_table(name: str) -> None:
    """By its name, also as SQL folds it where it has no quotes, replacing what had it."""
    context = SessionContext()
    tables = DataFusionEngine().tables_of(context)
    assert tables.register(name, reader(1, 2)) == 2
    assert tables.register(name, reader(3)) == 1
    assert set(tables.names()) == set(spellings(name))
    quoted = '"' + name.replace('"', '""') + '"'
    for written in (quoted, *([name] if name.isidentifier() else [])):
        assert context.sql(f"SELECT a FROM {written}").to_pydict() == {"a": [3]}
        assert context.table(written).to_pydict() == {"a": [3]}


def test_an_empty_stream_is_a_table_with_columns() -> None:
    """Queries over it find them."""
    context = SessionContext()
    assert DataFusionEngine().tables_of(context).register("t", reader()) == 0
    assert context.table("t").schema().names == ["a"]
    assert context.sql("SELECT a FROM t").to_pydict() in ({}, {"a": []})


def test_a_stream_that_breaks_leaves_the_old_table() -> None:
    """It is given up only when the new one is all there."""

    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"a": [1]})
        raise RuntimeError("broke")

    context = SessionContext()
    tables = DataFusionEngine().tables_of(context)
    tables.register("t", reader(7))
    broken = pa.RecordBatchReader.from_batches(pa.schema([("a", pa.int64())]), batches())
    with pytest.raises(RuntimeError):
        tables.register("t", broken)
    assert context.table("t").to_pydict() == {"a": [7]}
