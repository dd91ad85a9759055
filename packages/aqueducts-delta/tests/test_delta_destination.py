"""Writing Delta tables: creating, appending, replacing, and what is refused before."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from aqueducts import Pipeline
from aqueducts.errors import DestinationError, StorageError, ValidationProblem

if TYPE_CHECKING:
    from conftest import Lake

APPEND = {"operation": "append"}
REPLACE = {"operation": "replace"}
ROWS = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "region": ["eu", "us", "eu"]})


def test_creates_the_table_it_is_told_of(lake: Lake) -> None:
    """Columns, partitions, properties and notes, all in the first version."""
    result = lake.write(
        ROWS,
        APPEND,
        partition_columns=["region"],
        table_properties={"delta.logRetentionDuration": "interval 30 days", "unset": None},
        metadata={"team": "sales", "ticket": 7},
        schema=[
            {"name": "id", "data_type": "int32", "nullable": False},
            {"name": "region", "data_type": "string"},
        ],
    )
    table = lake.table()
    assert table.version() == 0
    assert table.metadata().partition_columns == ["region"]
    assert table.metadata().configuration["delta.logRetentionDuration"] == "interval 30 days"
    assert pa.schema(table.schema().to_arrow()) == pa.schema(
        [pa.field("id", pa.int32(), nullable=False), ("region", pa.string())]
    )
    (entry,) = table.history()
    assert (entry["team"], entry["ticket"], entry["aqueductsRunId"]) == ("sales", 7, result.run_id)
    step = result.steps[-1]
    assert (step.rows, step.files, step.location) == (3, 2, str(lake.path))


def test_without_schema_takes_the_columns_of_the_result(lake: Lake) -> None:
    """All nullable, also where the query gives literals, so that the next run can write nulls."""
    for query in ("SELECT 1 AS id, 'a' AS name", "SELECT NULL AS id, NULL AS name"):
        lake.run(query, write_mode=APPEND)
    assert lake.rows() == [{"id": 1, "name": "a"}, {"id": None, "name": None}]


def test_widens_types_that_delta_lacks(lake: Lake) -> None:
    """Unsigned integers, dates and times of other units keep their values."""
    moment = datetime.datetime(2024, 1, 2, 3, 4, 5)  # noqa: DTZ001 - the type has no zone
    row = {
        "u8": pa.array([200], pa.uint8()),
        "u16": pa.array([60_000], pa.uint16()),
        "u32": pa.array([4_000_000_000], pa.uint32()),
        "u64": pa.array([2**64 - 1], pa.uint64()),
        "seconds": pa.array([moment], pa.timestamp("s")),
        "fixed": pa.array([b"abc"], pa.binary(3)),
        "pair": pa.array([[1, 2]], pa.list_(pa.uint8(), 2)),
    }
    lake.write(pa.table(row), APPEND)
    assert lake.rows() == [
        {
            "u8": 200,
            "u16": 60_000,
            "u32": 4_000_000_000,
            "u64": 2**64 - 1,
            "seconds": moment,
            "fixed": b"abc",
            "pair": [1, 2],
        }
    ]


def test_appends_by_name(lake: Lake) -> None:
    """Columns in another order and of narrower types find their places."""
    lake.write(ROWS, APPEND)
    lake.run("SELECT 'de' AS region, cast(4 AS smallint) AS id", write_mode=APPEND)
    assert lake.rows()[-1] == {"id": 4, "region": "de"}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT 1 AS id", "'region' is missing"),
        ("SELECT 1 AS id, 'x' AS region, 2 AS more", "'more' is not in it"),
        ("SELECT [1] AS id, 'x' AS region", "'id' is list<int64> instead of int64"),
        ("SELECT 1 AS id, interval '1 day' AS region", "'region' is interval"),
    ],
)
def test_refuses_other_columns_before_any_write(lake: Lake, query: str, message: str) -> None:
    """Columns that are missing, too many, or of a type without a cast, by their names."""
    lake.write(ROWS, APPEND)
    files = lake.data_files()
    with pytest.raises(DestinationError, match="does not fit the table") as caught:
        lake.run(query, write_mode=APPEND)
    assert message in caught.value.message
    assert (lake.table().version(), lake.data_files()) == (0, files)


@pytest.mark.parametrize("values", ["1, 2, 4.5", "'1', '2', 'x'", "1.0, 2e19"])
def test_a_value_that_does_not_fit_leaves_the_table(lake: Lake, values: str) -> None:
    """Nothing is cut off or rounded, and rows before the bad one are not written either."""
    lake.write(ROWS, APPEND)
    files = lake.data_files()
    query = f"SELECT unnest([{values}]) AS id, 'a' AS region"
    with pytest.raises(DestinationError, match="column 'id' holds a value that is no int64"):
        lake.run(query, write_mode=APPEND)
    assert (lake.table().version(), lake.data_files()) == (0, files)


def test_refuses_nulls_where_the_schema_has_none(lake: Lake) -> None:
    """By the name of the column."""
    schema = [{"name": "id", "data_type": "int64", "nullable": False}]
    with pytest.raises(DestinationError, match="column 'id' holds nulls"):
        lake.run("SELECT cast(NULL AS bigint) AS id", write_mode=APPEND, schema=schema)
    assert not lake.path.exists() or not lake.data_files()


def test_refuses_what_the_table_says_otherwise(lake: Lake) -> None:
    """Declared columns and partitions that are not those of the table, before sources are read."""
    lake.write(ROWS, APPEND, partition_columns=["region"])
    fields = [{"name": "id", "data_type": "string"}, {"name": "area", "data_type": "string"}]
    with pytest.raises(DestinationError, match="is not that of the table") as caught:
        lake.write(ROWS, APPEND, schema=fields)
    assert "'id' is string in the schema and int64 in the table" in caught.value.message
    assert "'region' of the table is not in the schema" in caught.value.message
    with pytest.raises(DestinationError, match="is divided by"):
        lake.write(ROWS, APPEND, partition_columns=["id"])
    with pytest.raises(DestinationError, match="cannot hold columns of these types: 'n'"):
        lake.write(ROWS, APPEND, schema=[{"name": "n", "data_type": "time64<microsecond>"}])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"partition_columns": ["regin"]}, "partition_columns names columns that there are not"),
        ({"partition_columns": ["id", "region"]}, "all columns are partition_columns"),
        ({"write_mode": {"operation": "upsert", "params": ["no"]}}, "write_mode.params names"),
        (
            {"write_mode": {"operation": "replace", "params": [{"column": "no", "value": 1}]}},
            "write_mode.params names 'no'",
        ),
    ],
)
def test_refuses_columns_that_are_not_there(
    lake: Lake, config: dict[str, Any], message: str
) -> None:
    """In partition columns, keys and conditions."""
    mode = config.pop("write_mode", APPEND)
    with pytest.raises(DestinationError, match=message):
        lake.write(ROWS, mode, **config)
    assert not lake.path.exists()


@pytest.mark.parametrize(
    "config",
    [
        {"write_mode": {"operation": "upsert", "params": []}},
        {"write_mode": {"operation": "upsert", "params": ["a", "a"]}},
        {"write_mode": {"operation": "merge"}},
        {"write_mode": APPEND, "metadata": {"operation": "mine"}},
        {"write_mode": APPEND, "schema_evolution": "all"},
        {
            "write_mode": APPEND,
            "schema": [{"name": "a", "type": "int64"}, {"name": "a", "type": "int32"}],
        },
        {},
    ],
)
def test_refuses_what_means_nothing(config: dict[str, Any]) -> None:
    """When the pipeline is loaded."""
    destination = {"type": "delta", "name": "out", "location": "x"} | config
    stages = [[{"name": "a", "query": "SELECT 1"}]]
    with pytest.raises(ValidationProblem):
        Pipeline.from_dict({"stages": stages, "destination": destination}, strict=True)


def test_older_spellings_are_accepted(lake: Lake) -> None:
    """Of the type, the fields and the operations."""
    destination = {
        "type": "Delta",
        "name": "out",
        "location": str(lake.path),
        "mode": {"operation": "Upsert", "params": ["id"]},
        "partition_cols": ["region"],
        "custom_metadata": {"a": 1},
        "storage_options": {},
    }
    stages = [[{"name": "a", "query": "SELECT 1"}]]
    made = Pipeline.from_dict({"stages": stages, "destination": destination}, strict=True)
    assert made.destination.write_mode.params == ["id"]
    assert made.destination.partition_columns == ["region"]


def test_replaces_the_whole_table(lake: Lake) -> None:
    """Without conditions; older versions stay readable."""
    lake.write(ROWS, REPLACE)
    lake.write(ROWS.slice(1, 1), REPLACE)
    assert lake.rows() == [{"id": 2, "region": "us"}]
    assert len(lake.read(version=0)) == 3


VALUES: list[tuple[str, Any, Any]] = [
    ("string", 'it\'s "x" OR 1=1 --', 'it\'s "x" OR 1=1 --'),
    ("string", None, None),
    ("int64", 7, 7),
    ("int64", "7", 7),
    ("int32", -7, -7),
    ("bool", True, True),
    ("bool", "false", False),
    ("float64", 1.5, 1.5),
    ("decimal<10,2>", "1.50", "1.50"),
    ("decimal<10,2>", 1.5, "1.50"),
    ("date32", "2024-02-29", "2024-02-29"),
    ("timestamp<microsecond>", "2024-02-29 12:00:00.000001", "2024-02-29 12:00:00.000001"),
    ("timestamp<microsecond,UTC>", "2024-02-29T12:00:00+02:00", "2024-02-29 10:00:00+00:00"),
]


@pytest.mark.parametrize("is_partition", [False, True])
@pytest.mark.parametrize(("data_type", "value", "found"), VALUES)
def test_replaces_rows_by_values_of_each_type(
    lake: Lake, data_type: str, value: Any, found: Any, is_partition: bool
) -> None:
    """Each value is quoted by its type; rows with other values stay."""
    schema = [{"name": "n", "data_type": "int64"}, {"name": "the key", "data_type": data_type}]
    text = None if found is None else str(found).lower() if data_type == "bool" else str(found)
    options: dict[str, Any] = {"schema": schema}
    if is_partition:
        options["partition_columns"] = ["the key"]
    other = {"bool": "false" if found else "true", "date32": "2020-01-01", "string": "x"}
    moment = "2020-01-01T00:00:00Z" if "UTC" in data_type else "2020-01-01 00:00:00"
    rest = other.get(data_type, moment if "timestamp" in data_type else "3")
    lake.write(pa.table({"n": [1, 2], "the key": pa.array([text, rest])}), APPEND, **options)
    mode = {"operation": "replace", "params": [{"column": "the key", "value": value}]}
    lake.write(pa.table({"n": [3], "the key": pa.array([text], pa.string())}), mode, **options)
    assert [row["n"] for row in lake.rows("n")] == [2, 3]
    kept = next(row["the key"] for row in lake.rows("n") if row["n"] == 3)
    assert str(kept) == str(found)


@pytest.mark.parametrize(
    ("data_type", "value"),
    [("int64", "x"), ("int64", 1.5), ("string", 1), ("bool", 2), ("date32", 5), ("binary", "x")],
)
def test_refuses_values_of_other_types(lake: Lake, data_type: str, value: Any) -> None:
    """Before anything is read or written."""
    mode = {"operation": "replace", "params": [{"column": "k", "value": value}]}
    schema = [{"name": "n", "data_type": "int64"}, {"name": "k", "data_type": data_type}]
    with pytest.raises(DestinationError, match="is no value of column 'k'"):
        lake.run("SELECT 1 AS n, NULL AS k", write_mode=mode, schema=schema)


def test_rows_that_would_not_be_replaced_are_refused(lake: Lake) -> None:
    """Rows that do not meet the conditions would be there twice after the next run."""
    lake.write(ROWS, APPEND)
    mode = {"operation": "replace", "params": [{"column": "region", "value": "eu"}]}
    with pytest.raises(DestinationError, match="in column 'region'"):
        lake.write(ROWS, mode)
    null = {"operation": "replace", "params": [{"column": "region", "value": None}]}
    with pytest.raises(DestinationError, match="another value than null"):
        lake.write(ROWS, null)
    assert lake.table().version() == 0


def test_keeps_deleted_rows_deleted(lake: Lake) -> None:
    """Where another program deleted rows by a vector, a rewritten file does not bring them back."""
    rows = pa.table({"id": pa.array(range(10)), "name": list("abcdefghij")})
    lake.write_with_deleted_rows(rows, [1, 3, 7])
    mode = {"operation": "upsert", "params": ["id"]}
    lake.write(pa.table({"id": [2, 100], "name": ["new", "more"]}), mode)
    kept = {row["id"]: row["name"] for row in lake.rows()}
    assert kept == {0: "a", 2: "new", 4: "e", 5: "f", 6: "g", 8: "i", 9: "j", 100: "more"}


def test_adds_columns_where_it_is_asked_to(lake: Lake) -> None:
    """Older rows have nulls; the table changes with the first rows, in one version."""
    lake.write(ROWS, APPEND)
    wide = ROWS.append_column("note", pa.array(["x", None, "y"]))
    with pytest.raises(DestinationError, match="'note' is not in it") as caught:
        lake.write(wide, APPEND)
    assert "schema_evolution: add_columns" in str(caught.value.hint)
    lake.write(wide, APPEND, schema_evolution="add_columns")
    assert lake.table().version() == 1
    assert sorted(str(row["note"]) for row in lake.rows()) == ["None"] * 4 + ["x", "y"]
    assert lake.read("SELECT note FROM t WHERE id = 1 AND note IS NOT NULL") == [("x",)]


@pytest.mark.parametrize("mode", [REPLACE, {"operation": "upsert", "params": ["id"]}])
def test_adds_columns_in_every_mode(lake: Lake, mode: dict[str, Any]) -> None:
    """Also where rows are replaced or updated."""
    lake.write(ROWS, APPEND)
    wide = ROWS.append_column("note", pa.array(["x", "y", "z"]))
    lake.write(wide, mode, schema_evolution="add_columns")
    assert [row["note"] for row in lake.rows()] == ["x", "y", "z"]


def test_added_columns_are_nullable(lake: Lake) -> None:
    """The rows that are there have no value for them."""
    lake.write(ROWS, APPEND)
    fields = [
        {"name": "id", "data_type": "int64"},
        {"name": "region", "data_type": "string"},
        {"name": "note", "data_type": "string", "nullable": False},
    ]
    wide = ROWS.append_column("note", pa.array(["x", "y", "z"]))
    with pytest.raises(DestinationError, match="must be nullable: 'note'"):
        lake.write(wide, APPEND, schema=fields, schema_evolution="add_columns")
    with pytest.raises(DestinationError, match="no column for these of the schema: 'note'"):
        lake.write(wide, APPEND, schema=fields)


def test_an_append_only_table_is_not_replaced(lake: Lake) -> None:
    """What the table's own properties forbid is told, and nothing is written."""
    lake.write(ROWS, APPEND, table_properties={"delta.appendOnly": "true"})
    with pytest.raises(DestinationError, match="append"):
        lake.write(ROWS, REPLACE)
    assert lake.table().version() == 0


def test_checks_by_the_table_itself_hold(lake: Lake) -> None:
    """A constraint of the table that a row breaks ends the run."""
    lake.write(ROWS, APPEND)
    lake.table().alter.add_constraint({"small": "id < 10"})
    with pytest.raises(DestinationError, match=r"(?i)invalid data|constraint|check"):
        lake.run("SELECT 11 AS id, 'x' AS region", write_mode=APPEND)
    assert len(lake.rows()) == 3


def test_refuses_schemes_that_nothing_serves(lake: Lake) -> None:
    """With the command that installs it, when the pipeline is loaded."""
    with pytest.raises(ValidationProblem, match="storage scheme 's3' is not installed"):
        lake.write(ROWS, APPEND, location="s3://bucket/table")


def test_a_place_that_cannot_be_written_is_told(lake: Lake) -> None:
    """A file in the way."""
    lake.folder.joinpath("file").write_text("")
    with pytest.raises((DestinationError, StorageError)):
        lake.write(ROWS, APPEND, location=str(lake.folder / "file"))
    with pytest.raises((DestinationError, StorageError)):
        lake.write(ROWS, APPEND, location=str(lake.folder / "file" / "table"))


def test_writes_to_tables_with_mapped_columns(lake: Lake) -> None:
    """New files use the names that the log gives to the columns."""
    lake.write_with_mapped_columns(pa.table({"id": [1, 2], "name": ["a", "b"]}))
    lake.write(
        pa.table({"id": [2, 3], "name": ["c", "d"]}), {"operation": "upsert", "params": ["id"]}
    )
    assert [row["name"] for row in lake.rows()] == ["a", "c", "d"]


def test_other_writers_tables_are_read_by_name(lake: Lake) -> None:
    """A table that deltalake made with large types is appended to."""
    write_deltalake(
        str(lake.path), ROWS.cast(pa.schema([("id", pa.int64()), ("region", pa.large_string())]))
    )
    lake.write(ROWS, APPEND)
    assert len(lake.rows()) == 6


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("mode", [APPEND, REPLACE, {"operation": "upsert", "params": ["id"]}])
def test_a_table_may_be_read_and_written_in_one_run(
    lake: Lake, threads: int, mode: dict[str, Any]
) -> None:
    """What is read is the version from before; reading does not wait for writing."""
    lake.threads = threads
    lake.write(ROWS, APPEND, partition_columns=["region"])
    source = {"type": "delta", "name": "t", "location": str(lake.path)}
    lake.run("SELECT id, upper(region) AS region FROM t", [source], mode)
    old = ["eu", "eu", "us"] if mode == APPEND else []
    assert sorted(row["region"] for row in lake.rows()) == ["EU", "EU", "US", *old]
