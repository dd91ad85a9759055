"""Upserts: which rows replace which, what is refused, and which files are touched."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from aqueducts.errors import DestinationError
from aqueducts_delta.writes import memory_notice

if TYPE_CHECKING:
    from conftest import Lake

APPEND = {"operation": "append"}


def _by(*keys: str) -> dict[str, Any]:
    return {"operation": "upsert", "params": list(keys)}


def test_creates_updates_and_adds(lake: Lake) -> None:
    """The first run makes the table; rows with known keys are replaced as a whole."""
    lake.write(pa.table({"id": [1, 2], "name": ["a", "b"], "n": [1, 2]}), _by("id"))
    result = lake.write(pa.table({"id": [2, 3], "name": ["B", "c"], "n": [None, 3]}), _by("id"))
    assert lake.rows() == [
        {"id": 1, "name": "a", "n": 1},
        {"id": 2, "name": "B", "n": None},
        {"id": 3, "name": "c", "n": 3},
    ]
    assert result.rows == 2


def test_nulls_are_keys_like_others(lake: Lake) -> None:
    """A null replaces a null, in single and in composite keys."""
    rows = pa.table({"a": [1, 1, None, None], "b": ["x", None, "x", None], "n": [1, 2, 3, 4]})
    lake.write(rows, _by("a", "b"))
    lake.write(rows.set_column(2, "n", pa.array([10, 20, 30, 40])), _by("a", "b"))
    assert sorted(row["n"] for row in lake.rows()) == [10, 20, 30, 40]
    lake.write(pa.table({"a": pa.array([None], pa.int64()), "b": ["x"], "n": [300]}), _by("a", "b"))
    assert sorted(row["n"] for row in lake.rows()) == [10, 20, 40, 300]


def test_lists_are_compared_as_sets(lake: Lake) -> None:
    """Neither order nor repetition nor how a null is written makes another key."""
    lists = pa.array([["a", "b"], [None, "c"], [], None], pa.list_(pa.string()))
    lake.write(pa.table({"tags": lists, "n": [1, 2, 3, 4]}), _by("tags"))
    other = pa.array([["b", "a", "a"], ["c", None, None], [], None], pa.list_(pa.string()))
    lake.write(pa.table({"tags": other, "n": [10, 20, 30, 40]}), _by("tags"))
    assert sorted(row["n"] for row in lake.rows("n")) == [10, 20, 30, 40]
    twice = pa.array([["x", "y"], ["y", "x", "x"]])
    with pytest.raises(DestinationError, match="same keys: tags="):
        lake.write(pa.table({"tags": twice, "n": [1, 2]}), _by("tags"))


KEYS: dict[str, list[Any]] = {
    "int8": [-1, 5],
    "float64": [0.5, -1.5],
    "string": ["it's", '"q" %_\\'],
    "bool": [True, False],
    "date32": [datetime.date(2024, 2, 29), datetime.date(1969, 1, 1)],
    "timestamp<microsecond,UTC>": [
        datetime.datetime(2024, 1, 1, 0, 0, 0, 1, datetime.UTC),
        datetime.datetime(1969, 1, 1, tzinfo=datetime.UTC),
    ],
    "timestamp<microsecond>": [
        datetime.datetime(2024, 1, 1, 0, 0, 0, 1),  # noqa: DTZ001 - the type has no zone
        datetime.datetime(1969, 1, 1),  # noqa: DTZ001 - the type has no zone
    ],
    "decimal<12,3>": [Decimal("-1.500"), Decimal("12.345")],
    "binary": [b"\x00", b"\xff"],
    "struct<a:int64,b:string>": [{"a": 1, "b": "x"}, {"a": 1, "b": None}],
    "list<int64>": [[1, 2], []],
}


@pytest.mark.parametrize("data_type", KEYS)
def test_keys_of_each_type(lake: Lake, data_type: str) -> None:
    """What was written is found again by its key."""
    from aqueducts.arrow_types import to_arrow
    from aqueducts.models.types import parse_type

    values = pa.array(KEYS[data_type], to_arrow(parse_type(data_type)))
    for number in (1, 2):
        lake.write(pa.table({'the "key"': values, "n": [number, number]}), _by('the "key"'))
    assert [row["n"] for row in lake.rows("n")] == [2, 2]


def test_nan_is_no_key(lake: Lake) -> None:
    """Statistics of files leave it out, so that it would never be found again."""
    rows = pa.table({"x": [0.5, math.nan], "n": [1, 2]})
    with pytest.raises(DestinationError, match="column 'x' holds NaN, which is no key"):
        lake.write(rows, _by("x"))


def test_refuses_keys_that_cannot_be_compared(lake: Lake) -> None:
    """Maps, and lists of lists, by name."""
    rows = pa.table(
        {
            "m": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
            "l": pa.array([[[1]]]),
            "n": [1],
        }
    )
    with pytest.raises(DestinationError, match=r"cannot be keys of an upsert: 'm' .*'l'"):
        lake.write(rows, _by("n", "m", "l"))


def test_shows_rows_with_the_same_keys(lake: Lake) -> None:
    """Some of them, with how many rows each has; nothing is written."""
    lake.write(pa.table({"id": [1], "k": ["x"], "n": [0]}), _by("id", "k"))
    ids = [number // 2 for number in range(20)]
    rows = pa.table({"id": ids, "k": [None] * 20, "n": list(range(20))})
    rows = rows.set_column(1, "k", pa.nulls(20, pa.string()))
    with pytest.raises(
        DestinationError, match="several rows of the result have the same keys"
    ) as e:
        lake.write(rows, _by("id", "k"))
    assert e.value.message.count("k=None (2 rows)") == 5
    assert e.value.message.endswith(" and more")
    assert lake.table().version() == 0


def test_the_first_write_is_looked_through_as_well(lake: Lake) -> None:
    """A table is not made of rows that the next upsert could not tell apart."""
    with pytest.raises(DestinationError, match="id=1"):
        lake.write(pa.table({"id": [1, 1], "n": [1, 2]}), _by("id"))
    assert not lake.path.exists()


def test_touches_only_the_partitions_of_its_keys(lake: Lake) -> None:
    """Files of other partitions, and with other ranges of keys, are neither read nor rewritten."""
    for start in (0, 1000):
        ids = list(range(start, start + 100))
        rows = pa.table({"day": [f"d{each % 5}" for each in ids], "id": ids, "n": [0] * 100})
        lake.write(rows, APPEND, partition_columns=["day"])
    before = lake.data_files()
    for name in before:
        path = lake.path / name
        if "day=d3" not in name or "1003" not in _ids(path):
            path.write_bytes(b"nobody may look in here")
    lake.write(pa.table({"day": ["d3"], "id": [1003], "n": [7]}), _by("day", "id"))
    added = lake.data_files() - before
    assert len(added) == 1
    assert "day=d3" in next(iter(added))
    metrics = lake.table().history(1)[0]["operationMetrics"]
    assert (metrics["num_target_files_removed"], metrics["num_target_rows_updated"]) == (1, 1)


def _ids(path: Any) -> str:
    import pyarrow.parquet as pq

    return str(pq.ParquetFile(path).read().column("id").to_pylist())


def test_a_row_may_move_to_another_partition(lake: Lake) -> None:
    """Where the partition is no key, the old row is found wherever it is."""
    options = {"partition_columns": ["region"]}
    lake.write(pa.table({"id": [1, 2], "region": ["eu", "us"]}), _by("id"), **options)
    lake.write(pa.table({"id": [1], "region": ["us"]}), _by("id"))
    assert lake.rows() == [{"id": 1, "region": "us"}, {"id": 2, "region": "us"}]


@pytest.mark.slow
def test_many_rows_are_merged_as_a_stream(lake: Lake) -> None:
    """More rows than are held in memory: all of them arrive, each once."""
    lake.run(
        "SELECT value AS id, repeat('x', 200) AS text, 0 AS n FROM generate_series(1, 400000)",
        write_mode=_by("id"),
    )
    lake.run(
        "SELECT value AS id, repeat('y', 200) AS text, 1 AS n FROM generate_series(200001, 600000)",
        write_mode=_by("id"),
    )
    counts = lake.read("SELECT n, count(*), count(DISTINCT id) FROM t GROUP BY n ORDER BY n")
    assert counts == [("0", "200000", "200000"), ("1", "400000", "400000")]


def test_an_empty_result_changes_no_row(lake: Lake) -> None:
    """And is no error."""
    lake.write(pa.table({"id": [1], "n": [1]}), _by("id"))
    lake.run("SELECT 1 AS id, 2 AS n WHERE false", write_mode=_by("id"))
    assert lake.rows() == [{"id": 1, "n": 1}]


def test_a_merge_that_takes_much_memory_is_told_of() -> None:
    """Before it begins, with what to do; one of few rows is not."""
    assert memory_notice(200_000, 20_000_000) is None
    notice = memory_notice(20_000_000, 1_150_000_000)
    assert notice is not None
    assert "merges 20,000,000 rows at once, which takes about 4.4 GB" in notice.message
    assert "in several runs" in notice.message
