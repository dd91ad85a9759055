"""What `aqueducts plan` tells of a write to a Delta table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from aqueducts.plan_facts import ColumnChange, TargetChange
from aqueducts.testing import Bench, ScriptedFrame

ROWS = pa.table({"id": pa.array([1, 2], pa.int64()), "region": ["eu", "us"]})


def _change(folder: Path, mode: dict[str, Any], result: pa.Schema, **config: Any) -> TargetChange:
    with Bench(folder) as bench:
        described = {"type": "delta", "location": str(folder / "table"), "write_mode": mode}
        change = bench.destination(described | config).describe_write(result, bench.context)
        assert isinstance(change, TargetChange)
        return change


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A folder with a table of two files."""
    with Bench(tmp_path) as bench:
        config = {
            "type": "delta",
            "location": str(tmp_path / "table"),
            "write_mode": {"operation": "append"},
            "partition_columns": ["region"],
        }
        bench.destination(config).write(ScriptedFrame.of(bench, ROWS), bench.context)
    return tmp_path


def test_a_table_that_is_not_there_is_created(tmp_path: Path) -> None:
    """Whatever the mode, there are no rows yet."""
    mode = {"operation": "upsert", "params": ["id"]}
    assert _change(tmp_path, mode, ROWS.schema) == TargetChange(action="create")


@pytest.mark.parametrize(
    ("mode", "action", "detail"),
    [
        ({"operation": "append"}, "add", None),
        ({"operation": "replace"}, "replace", None),
        (
            {"operation": "upsert", "params": ["id", "region"]},
            "update",
            "rows of the same id, region are replaced, others added",
        ),
        (
            {
                "operation": "replace",
                "params": [{"column": "id", "value": 1}, {"column": "region", "value": None}],
            },
            "update",
            "rows are replaced where id is 1 and region is null",
        ),
    ],
)
def test_tells_what_becomes_of_the_rows(
    table: Path, mode: dict[str, Any], action: str, detail: str | None
) -> None:
    """With the files that are there."""
    change = _change(table, mode, ROWS.schema)
    assert (change.action, change.detail, change.files) == (action, detail, 2)
    assert change.size_bytes == sum(
        path.stat().st_size for path in (table / "table").rglob("*.parquet")
    )
    assert change.columns == ()


def test_tells_columns_that_differ(table: Path) -> None:
    """Those that are new, with the type that they get, and those that the result lacks."""
    wide = pa.schema([("id", pa.int64()), ("note", pa.large_string()), ("n", pa.uint8())])
    change = _change(table, {"operation": "append"}, wide, schema_evolution="add_columns")
    assert change.columns == (
        ColumnChange(name="note", change="added", after="string"),
        ColumnChange(name="n", change="added", after="int16"),
        ColumnChange(name="region", change="removed", before="string"),
    )
