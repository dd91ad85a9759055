"""The source in runs: parameters, ranges, errors, and what becomes of a driver that fails."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from aqueducts import Pipeline, run_sync
from aqueducts.errors import SourceError
from aqueducts.relations import ArrowStream
from aqueducts.results import RunSettings
from aqueducts.testing import Bench
from aqueducts.threads import Cancellation, RunCancelledError

if TYPE_CHECKING:
    from conftest import Database


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A run's context."""
    with Bench(tmp_path) as bench:
        yield bench


def stream_of(bench: Bench, database: Database, query: str, **fields: Any) -> ArrowStream:
    """The relation of a query."""
    relation = bench.source(database.config(load_query=query, **fields)).open(bench.context)
    assert isinstance(relation, ArrowStream)
    return relation


def rows_of(stream: ArrowStream) -> list[dict[str, Any]]:
    """All rows of a stream, by reading its partitions one after another."""
    return [
        row
        for part in range(stream.partitions)
        for batch in stream.open(part, None, None)
        for row in batch.to_pylist()
    ]


def eventually(is_so: Callable[[], bool]) -> bool:
    """Whether it becomes so while one can wait."""
    for _ in range(300):
        if is_so():
            return True
        time.sleep(0.1)
    return False


def children() -> list[int]:
    """Processes of drivers that this one has started."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += [int(each) for each in (task / "children").read_text().split()]
    return [pid for pid in found if b"driver_side" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_parameters_are_bound(database: Database, bench: Bench) -> None:
    """Values of the pipeline file stand for question marks, whatever is in them."""
    database.execute(
        "CREATE TABLE t (n integer, s varchar(40))",
        "INSERT INTO t VALUES (1, 'it''s; --'), (2, 'b'), (3, NULL)",
    )
    query = "SELECT n, '?' AS mark FROM t WHERE s = ? OR n >= ? -- and what?"
    stream = stream_of(bench, database, query, parameters=["it's; --", 3])
    assert rows_of(stream) == [{"n": 1, "mark": "?"}, {"n": 3, "mark": "?"}]


def test_a_parameter_may_be_null(sqlite: Database, bench: Bench) -> None:
    """Null is NULL, and no text."""
    stream = stream_of(bench, sqlite, "SELECT ? IS NULL AS a", parameters=[None])
    assert rows_of(stream) == [{"a": 1}]


def test_ranges_hold_each_row_once(database: Database, bench: Bench) -> None:
    """Rows below, above and without a value of the column are read, too."""
    database.execute("CREATE TABLE t (n integer)")
    database.execute(
        "INSERT INTO t VALUES (NULL), " + ", ".join(f"({number})" for number in range(-5, 30))
    )
    partition = {"column": "n", "lower": 0, "upper": 20, "num": 3}
    stream = stream_of(bench, database, "SELECT n, n AS m FROM t", partition=partition)
    assert stream.partitions == 3
    found = [row["n"] for row in rows_of(stream)]
    assert sorted(found, key=str) == sorted([None, *range(-5, 30)], key=str)
    assert all(any(stream.open(part, None, None)) for part in range(3))


def test_ranges_need_a_column(sqlite: Database, bench: Bench) -> None:
    """A column that is not there is an error with the nearest one."""
    partition = {"column": "idd", "lower": 0, "upper": 20, "num": 2}
    with pytest.raises(SourceError, match="did you mean 'id'"):
        stream_of(bench, sqlite, "SELECT 1 AS id", partition=partition)


@pytest.mark.parametrize(
    "query", ["CREATE TABLE u (n integer)", "/* now */ DELETE FROM t", "-- nothing"]
)
def test_what_gives_no_rows_is_refused(database: Database, bench: Bench, query: str) -> None:
    """A source changes nothing, not even when its columns are looked at."""
    database.execute("CREATE TABLE t (n integer)", "INSERT INTO t VALUES (1)")
    with pytest.raises(SourceError, match="write a query that gives rows"):
        stream_of(bench, database, query)
    assert database.rows("SELECT n FROM t") == [("1",)]
    with pytest.raises(RuntimeError if database.server else Exception):
        database.rows("SELECT n FROM u")


def test_columns_of_one_name_are_refused(database: Database, bench: Bench) -> None:
    """They could not be told apart."""
    with pytest.raises(SourceError, match=r"name .* in the query"):
        stream_of(bench, database, "SELECT 1 AS a, 2 AS b, 3 AS a")


@pytest.mark.parametrize(
    ("kind", "query", "first"),
    [
        ("postgresql", "SHOW server_version_num", None),
        ("mysql", "SHOW DATABASES LIKE 'mysql'", "mysql"),
        ("sqlite", "PRAGMA encoding", "UTF-8"),
    ],
)
def test_databases_tell_of_themselves(
    kind: str, query: str, first: str | None, request: pytest.FixtureRequest, bench: Bench
) -> None:
    """What cannot be a part of a query is read as texts."""
    stream = stream_of(bench, request.getfixturevalue(kind), query)
    assert stream.schema.types == [pa.string()]
    [row] = rows_of(stream)
    assert first in (None, *row.values())


def test_a_with_query_is_read(database: Database, bench: Bench) -> None:
    """So are comments and semicolons at the end."""
    query = "WITH c AS (SELECT 1 AS a) SELECT a FROM c; -- all"
    assert rows_of(stream_of(bench, database, query.replace("; -- all", " ;\n"))) == [{"a": 1}]
    assert rows_of(stream_of(bench, database, query.replace(";", ""))) == [{"a": 1}]


def test_a_query_has_its_time(postgresql: Database, bench: Bench) -> None:
    """`query_timeout` ends it on the server."""
    query = "SELECT 1 AS a FROM pg_sleep(60)"
    stream = stream_of(bench, postgresql, query, query_timeout=1)
    with pytest.raises(SourceError, match="57014"):
        rows_of(stream)


def test_a_driver_that_knows_no_time_out_is_left(mysql: Database, bench: Bench) -> None:
    """Nothing is left running on the server either."""
    stream = stream_of(bench, mysql, "SELECT sleep(61) AS a FROM (SELECT 1) t", query_timeout=1)
    with pytest.raises(SourceError, match="query_timeout"):
        rows_of(stream)
    running = "SELECT id FROM information_schema.processlist WHERE info LIKE '%sleep(61)%'"
    assert eventually(lambda: len(mysql.rows(running)) <= 1)  # this question holds it, too


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_server_that_never_answers(
    kind: str, request: pytest.FixtureRequest, bench: Bench
) -> None:
    """`login_timeout` holds for drivers that ignore the time-out of ODBC, too."""
    database = request.getfixturevalue(kind)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        string = database.connection_string.replace(
            f"Port={database.server.port}", f"Port={silent.getsockname()[1]}"
        )
        with pytest.raises(SourceError, match="cannot connect"):
            stream_of(bench, database, "SELECT 1", connection_string=string, login_timeout=1)


def test_the_server_ends_the_connection(postgresql: Database, bench: Bench) -> None:
    """Rows that came are no result: it is an error in mid-read."""
    query = "SELECT g AS a, repeat('x', 100) AS b FROM generate_series(1, 2000000) g"
    batches = iter(stream_of(bench, postgresql, query).open(0, None, None))
    next(batches)
    postgresql.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with pytest.raises(SourceError, match=r"ended the connection|connection broke"):
        list(batches)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_a_driver_that_crashes_is_named(
    postgresql: Database, bench: Bench, number: signal.Signals
) -> None:
    """The process of the driver ends; the run goes on to say so."""
    query = "SELECT g AS a, repeat('x', 100) AS b FROM generate_series(1, 2000000) g"
    batches = iter(stream_of(bench, postgresql, query).open(0, None, None))
    next(batches)
    [process] = children()
    os.kill(process, number)
    with pytest.raises(SourceError) as caught:
        list(batches)
    assert number.name in caught.value.message
    assert "psqlodbcw.so" in caught.value.message
    assert not children()


def test_a_crash_names_the_source_in_a_run(postgresql: Database, tmp_path: Path) -> None:
    """The error is at the source in the file, though a stage was reading it."""
    run = _SleepingRun(postgresql, tmp_path)
    run.start()
    os.kill(run.driver(), signal.SIGSEGV)
    error = run.ended()
    assert isinstance(error, SourceError)
    assert error.step == "sleeper"
    assert "SIGSEGV" in error.message


def test_a_cancelled_run_ends_its_query(postgresql: Database, tmp_path: Path) -> None:
    """Neither a process nor a statement on the server is left."""
    run = _SleepingRun(postgresql, tmp_path)
    run.start()
    run.cancellation.cancel()
    assert isinstance(run.ended(), RunCancelledError)
    assert eventually(lambda: not children())
    running = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%sleep(62%'"
    assert eventually(lambda: len(postgresql.rows(running)) == 1)  # this question


class _SleepingRun:
    """A run whose query sleeps on the server."""

    def __init__(self, database: Database, folder: Path) -> None:
        query = "SELECT 1 AS a FROM pg_sleep(62)"
        self._pipeline = Pipeline.from_dict(
            {
                "sources": [database.config(name="sleeper", load_query=query)],
                "stages": [[{"name": "out", "query": "SELECT * FROM sleeper", "show": 0}]],
            }
        )
        self._settings = RunSettings(spill_dir=str(folder))
        self.cancellation = Cancellation()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._database = database

    def start(self) -> None:
        """Run until the query sleeps."""
        self._thread.start()
        running = (
            "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%sleep(62%' "
            "AND query LIKE '%declare%' AND pid <> pg_backend_pid()"
        )
        assert eventually(lambda: bool(self._database.rows(running)))

    def driver(self) -> int:
        """The process of the driver."""
        [process] = children()
        return process

    def ended(self) -> BaseException | None:
        """What it ended with."""
        self._thread.join(60)
        return self._error

    def _run(self) -> None:
        try:
            run_sync(self._pipeline, settings=self._settings, cancellation=self.cancellation)
        except BaseException as error:  # noqa: BLE001 - it is looked at
            self._error = error


def test_the_driver_ends_with_its_run(postgresql: Database) -> None:
    """A run that is killed leaves neither a process nor a statement on the server."""
    program = (
        "import sys, json\n"
        "from aqueducts import Pipeline, run_sync\n"
        "run_sync(Pipeline.from_dict(json.loads(sys.argv[1])))\n"
    )
    query = "SELECT 1 AS a FROM pg_sleep(63)"
    data = {
        "sources": [postgresql.config(name="s", load_query=query)],
        "stages": [[{"name": "out", "query": "SELECT * FROM s", "show": 0}]],
    }
    running = (
        "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%sleep(63%' "
        "AND pid <> pg_backend_pid()"
    )
    with subprocess.Popen([sys.executable, "-c", program, json.dumps(data)]) as process:
        assert eventually(lambda: bool(postgresql.rows(running)))
        process.kill()
    assert eventually(lambda: not postgresql.rows(running))


ABORTS = {
    "a NULL in a column that has none": (
        "SELECT NULL AS a UNION ALL SELECT 'x'",
        "pa.schema([pa.field('a', pa.string(), nullable=False)])",
        {},
    ),
    "a time zone": (
        "SELECT CAST('2024-01-02 03:04:05' AS varchar(40)) AS a",
        "pa.schema([pa.field('a', pa.timestamp('us', 'UTC'))])",
        {"types": {"a": "timestamp<us,UTC>"}},
    ),
    "a blob of SQLite": ("SELECT x'00ff' AS a", "None", {}),
}


@pytest.mark.parametrize("name", ABORTS)
def test_what_ends_the_process_is_out_of_reach(name: str, sqlite: Database, tmp_path: Path) -> None:
    """arrow-odbc alone ends the process for these; the source reads them."""
    query, schema, fields = ABORTS[name]
    bare = (
        "import sys, arrow_odbc, pyarrow as pa\n"
        "connection = arrow_odbc.connect(sys.argv[1])\n"
        f"for batch in connection.read_arrow_batches({query!r}, max_text_size=99, "
        f"max_binary_size=99, schema={schema}): pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", bare, sqlite.connection_string], capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGABRT, "it is safe now: the list of types may grow"
    with Bench(tmp_path) as bench:
        assert len(rows_of(stream_of(bench, sqlite, query, **fields))) >= 1


def test_two_scans_read_the_query_once(postgresql: Database, tmp_path: Path) -> None:
    """Where the engine needs the rows twice they are kept on disk."""
    postgresql.execute("CREATE SEQUENCE runs")
    query = "SELECT nextval('runs') AS run, g AS n FROM generate_series(1, 3) g"
    pipeline = Pipeline.from_dict(
        {
            "sources": [postgresql.config(name="s", load_query=query)],
            "stages": [
                [
                    {"name": "a", "query": "SELECT * FROM s"},
                    {"name": "b", "query": "SELECT * FROM s"},
                ],
                [{"name": "out", "query": "SELECT a.run, b.n FROM a JOIN b USING (n)", "show": 9}],
            ],
        }
    )
    result = run_sync(pipeline, settings=RunSettings(spill_dir=str(tmp_path)))
    [output] = result.outputs
    assert output.table is not None
    assert sorted(row[0] or "" for row in output.table.rows) == ["1", "2", "3"]


def test_other_drivers_are_used_as_they_come(
    postgresql: Database, bench: Bench, tmp_path: Path
) -> None:
    """Under another name the driver is a stranger: queries and procedures are run as they are."""
    library = tmp_path / "libstranger.so"
    library.symlink_to(postgresql.server.library)
    string = postgresql.connection_string.replace(postgresql.server.library, str(library))
    query = "SELECT 1 AS n, 1234567.891::float8 AS f, 'ü' AS s, true AS b, NULL AS c"
    stream = stream_of(bench, postgresql, query, connection_string=string, types={"b": "bool"})
    expected = {"n": 1, "f": 1234567.891, "s": "ü", "b": True, "c": None}
    assert rows_of(stream) == [expected]

    postgresql.execute("CREATE PROCEDURE p(INOUT n integer) LANGUAGE sql AS 'SELECT n + 1'")
    stream = stream_of(bench, postgresql, "CALL p(41)", connection_string=string)
    assert rows_of(stream) == [{"n": 42}]
    with pytest.raises(SourceError, match="begins with 'CALL'"):
        stream_of(bench, postgresql, "CALL p(41)")
