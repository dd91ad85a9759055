"""What writes do to the rows that are there, and that failures do nothing, on all databases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa
import pytest

from aqueducts.errors import DestinationError, EngineError, RunError
from aqueducts.testing import Bench, ScriptedFrame

if TYPE_CHECKING:
    from conftest import Database

WAYS = ("postgresql", "adbc-postgresql", "mysql", "sqlite", "adbc-sqlite")
OLD = [("1", "one", "x"), ("2", "two", "y")]


class Place:
    """A table `t` of three columns with two rows, and a way to write to it."""

    def __init__(self, way: str, database: Database, folder: Path) -> None:
        self.way = way
        self.database = database
        self._folder = folder
        database.execute(
            "CREATE TABLE t (id integer PRIMARY KEY, name varchar(20), "
            "note varchar(20) DEFAULT 'd')",
            "INSERT INTO t VALUES (1, 'one', 'x'), (2, 'two', 'y')",
        )

    def config(self, mode: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Fields of the destination."""
        database = self.database
        if not self.way.startswith("adbc"):
            # Fewer rows at a time than are written, so that some are sent before others fail.
            connection: dict[str, Any] = {
                "type": "odbc",
                "connection_string": database.connection_string,
                "batch_size": 2,
            }
        elif database.kind == "sqlite":
            connection = {"type": "adbc", "uri": f"sqlite://{database.name}"}
        else:
            host = f"127.0.0.1:{database.server.port}/{database.name}"
            password = quote(database.password, safe="")
            connection = {"type": "adbc", "uri": f"postgresql://app:{password}@{host}"}
        return {**connection, "name": "t", "write_mode": mode, **fields}

    def write(self, mode: dict[str, Any], table: pa.Table, **fields: Any) -> int:
        """Write a table as a run does."""
        with Bench(self._folder) as bench:
            destination = bench.destination(self.config(mode, **fields))
            destination.prepare(bench.context)
            destination.check(table.schema, bench.context)
            return destination.write(ScriptedFrame.of(bench, table), bench.context).rows

    def rows(self, columns: str = "id, name, note", table: str = "t") -> list[Any]:
        """What is there."""
        return self.database.rows(f"SELECT {columns} FROM {table} ORDER BY 1")


@pytest.fixture(params=WAYS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Each database, each way."""
    database = request.getfixturevalue(request.param.removeprefix("adbc-"))
    return Place(request.param, database, tmp_path)


def people(*rows: tuple[int | None, str | None]) -> pa.Table:
    """Rows of an id and a name."""
    ids, names = zip(*rows, strict=True) if rows else ((), ())
    return pa.table({"id": pa.array(ids, pa.int64()), "name": pa.array(names, pa.string())})


def test_modes_in_turn(place: Place) -> None:
    """Append adds, upsert updates what it has and keeps the rest, replace leaves only its own."""
    assert place.write({"operation": "append"}, people((3, "three"))) == 1
    assert place.rows() == [*OLD, ("3", "three", "d")]
    upsert = {"operation": "upsert", "keys": ["id"]}
    assert place.write(upsert, people((2, "zwei"), (4, None), (5, "five"))) == 3
    expected = [
        OLD[0],
        ("2", "zwei", "y"),
        ("3", "three", "d"),
        ("4", None, "d"),
        ("5", "five", "d"),
    ]
    assert place.rows() == expected
    assert place.write(upsert, people((5, "five"), (4, "four")).select(["id"])) == 2
    assert place.rows() == expected
    assert place.write({"operation": "replace"}, people((7, "seven"))) == 1
    assert place.rows() == [("7", "seven", "d")]


def test_upserts_refuse_what_is_no_key(place: Place) -> None:
    """Equal keys, nulls in keys, keys without an index: nothing is written."""
    upsert = {"operation": "upsert", "keys": ["id"]}
    with pytest.raises(DestinationError, match=r"the same keys: id=1 \(3 rows\); id=3 \(2 rows\)"):
        place.write(upsert, people((1, "a"), (3, "b"), (1, "c"), (3, "d"), (1, "e")))
    with pytest.raises(DestinationError, match="'id' holds nulls"):
        place.write(upsert, people((None, "a")))
    with pytest.raises(DestinationError, match=r"keys \(name\) are no primary key") as caught:
        place.write({"operation": "upsert", "keys": ["name"]}, people((3, "a")))
    assert "(id)" in str(caught.value)
    assert place.rows() == OLD


def test_custom_statements(place: Place) -> None:
    """A plain insert is sent many rows at a time, any other statement row by row."""
    marks = ("$1", "$2") if place.way == "adbc-postgresql" else ("?", "?")
    plain = f"INSERT INTO t (id, name) VALUES ({marks[0]}, {marks[1]})"
    other = f"INSERT INTO t (id, name) VALUES ({marks[0]}, upper({marks[1]}))"
    first = {"pre_insert": "DELETE FROM t WHERE id = 1", "insert": plain}
    assert (
        place.write({"operation": "custom", "transaction": first}, people((3, "c"), (4, None))) == 2
    )
    assert place.rows() == [OLD[1], ("3", "c", "d"), ("4", None, "d")]
    second = {"pre_insert": None, "insert": other}
    assert (
        place.write({"operation": "custom", "transaction": second}, people((5, "e"), (6, "f"))) == 2
    )
    assert place.rows()[-2:] == [("5", "E", "d"), ("6", "F", "d")]
    with pytest.raises(DestinationError):
        place.write({"operation": "custom", "transaction": first}, people((7, "g"), (2, "double")))
    assert ("7", "g", "d") not in place.rows()
    assert len(place.rows()) == 5


@pytest.mark.parametrize("operation", ["append", "replace", "upsert", "custom"])
def test_failures_leave_what_was_there(place: Place, operation: str, tmp_path: Path) -> None:
    """The query fails midway, the database refuses a row late, the run is stopped."""
    mark = ("$1", "$2") if place.way == "adbc-postgresql" else ("?", "?")
    mode: dict[str, Any] = {"operation": operation}
    if operation == "upsert":
        mode["keys"] = ["id"]
    if operation == "custom":
        insert = f"INSERT INTO t (id, name) VALUES ({mark[0]}, {mark[1]})"
        mode["transaction"] = {"pre_insert": "DELETE FROM t", "insert": insert}
    many = people(*((number, "n") for number in range(10, 16)))

    def fail(number: int) -> None:
        if number == 2:
            raise EngineError("the query failed")

    with Bench(tmp_path / "query") as bench:
        destination = bench.destination(place.config(mode))
        with pytest.raises(EngineError, match="the query failed"):
            destination.write(ScriptedFrame.of(bench, many, fail), bench.context)
    assert place.rows() == OLD
    late = pa.concat_tables([many, people((20, "x" * 21))])
    with pytest.raises(DestinationError, match="'name'"):
        place.write(mode, late)
    assert place.rows() == OLD
    if operation != "upsert":
        with pytest.raises(RunError):
            place.write(mode, pa.concat_tables([many, people((10, "again"))]))
        assert place.rows() == OLD


def test_columns_that_do_not_fit(place: Place) -> None:
    """One error names them all, before any work."""
    wrong = pa.table({"notes": [1], "name": [[1]], "extra": ["a"]})
    with pytest.raises(DestinationError) as caught:
        place.write({"operation": "append"}, wrong)
    message = str(caught.value)
    for words in (
        "no column 'notes'",
        "no column 'extra'",
        "'name' is list<int64>",
        "did you mean",
    ):
        assert words in message
    if place.database.kind != "sqlite":
        assert "'id' is missing" in message
    upper = people((3, "three")).rename_columns(["ID", "Name"])
    assert place.write({"operation": "append"}, upper) == 1
    assert place.rows()[-1] == ("3", "three", "d")


def test_tables_that_are_missing(place: Place) -> None:
    """An error, or a table of the result's columns; a failure leaves no table."""
    with pytest.raises(DestinationError, match="there is no table 'nothing'"):
        place.write({"operation": "append"}, people((1, "a")), name="nothing")
    fields = {"name": "made", "create_table": "if_missing"}
    upsert = {"operation": "upsert", "keys": ["id"]}
    with pytest.raises(DestinationError, match="the same keys"):
        place.write(upsert, people((1, "a"), (1, "b")), **fields)
    with pytest.raises(DestinationError, match="there is no table 'made'"):
        place.write(upsert, people((1, "a")), name="made")
    for name in ("a", "b"):
        place.write(upsert, people((1, name), (2, None)), **fields)
    assert place.rows("id, name", "made") == [("1", "b"), ("2", None)]


def test_plans_say_what_will_happen(place: Place, tmp_path: Path) -> None:
    """Without changing anything."""
    with Bench(tmp_path / "plan") as bench:
        for mode, action in (("append", "add"), ("replace", "replace")):
            destination = bench.destination(place.config({"operation": mode}))
            change = destination.describe_write(people().schema, bench.context)
            assert change is not None
            assert change.action == action
    assert place.rows() == OLD


def test_names_of_postgresql(postgresql: Database, tmp_path: Path) -> None:
    """Schemas, names in quotes, and names that SQL would fold."""
    place = Place("postgresql", postgresql, tmp_path)
    postgresql.execute(
        'CREATE SCHEMA "My Sales"',
        'CREATE TABLE "My Sales"."Orders.2024" (id integer, name text)',
        'CREATE TABLE "Mixed" (id integer, name text)',
    )
    for name in ('"My Sales"."Orders.2024"', "[My Sales].[Orders.2024]", 'My Sales."Orders.2024"'):
        assert place.write({"operation": "append"}, people((1, "a")), name=name) == 1
    assert len(place.rows("id", '"My Sales"."Orders.2024"')) == 3
    assert place.write({"operation": "append"}, people((1, "a")), name="Mixed") == 1
    assert place.write({"operation": "append"}, people((9, "a")), name="PUBLIC.T") == 1
    for name in ("a.b.c.d", '"open', "a..b"):
        with pytest.raises(DestinationError, match="no name of a table"):
            place.write({"operation": "append"}, people((1, "a")), name=name)


def test_engines_without_transactions_are_refused(mysql: Database, tmp_path: Path) -> None:
    """What cannot be rolled back is not begun."""
    place = Place("mysql", mysql, tmp_path)
    mysql.execute("CREATE TABLE m (id integer, name text) ENGINE = MyISAM")
    with pytest.raises(DestinationError, match="engine MyISAM has no transactions") as caught:
        place.write({"operation": "append"}, people((1, "a")), name="m")
    assert "ENGINE = InnoDB" in str(caught.value)


def test_unique_indexes_beside_the_keys(mysql: Database, tmp_path: Path) -> None:
    """A row that equals another one in an index that is no key is an error, and no update."""
    place = Place("mysql", mysql, tmp_path)
    mysql.execute("CREATE UNIQUE INDEX by_name ON t (name)")
    with pytest.raises(DestinationError, match="uplicate entry"):
        place.write({"operation": "upsert", "keys": ["id"]}, people((3, "one")))
    assert place.rows() == OLD
