"""What a suite of an engine says of it, and checks of the relations that are registered."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from aqueducts.connectors import Engine, EngineSettings, Session
from aqueducts.errors import EngineError, SourceError
from aqueducts.relations import (
    ArrowStream,
    ArrowTable,
    DataFile,
    FileScan,
    GivenTable,
    TableProvider,
)
from aqueducts.testing.suite import Suite, expect_error, explained, needs, optional, require
from aqueducts.testing.tables import ALL_TYPES, difference, small_table, table_of_types

__all__ = ["EngineRelations", "query_rows"]


class EngineRelations(Suite, ABC):
    """What `EngineSuite` is told, and its checks of what goes into an engine."""

    files_are_read: bool = True
    """Whether the engine reads files itself."""

    has_memory_limit: bool = True
    """Whether the engine keeps to `max_memory_bytes`."""

    long_query: str = "SELECT count(*) AS n FROM t AS a, t AS b, t AS c, t AS d, t AS e, t AS f"
    """A query over `t`, a table of 1,000 rows, that takes minutes and can be interrupted."""

    @abstractmethod
    def engine(self) -> type[Engine]:
        """The class under test."""

    @optional
    def given_session(self, tables: dict[str, pa.Table]) -> Any:
        """A session as a caller has it, in the engine's own type, with these tables."""
        raise NotImplementedError

    @optional
    def table_provider(self, table: pa.Table) -> Any:
        """What the engine takes in a TableProvider, with the rows of a table."""
        raise NotImplementedError

    def test_streams_are_registered(self, tmp_path: Path) -> None:
        """An ArrowStream is a table with its types; nothing is read before it is asked for."""
        table, opened = table_of_types(ALL_TYPES), []

        def batches(*_: Any) -> Iterator[pa.RecordBatch]:
            opened.append(1)
            yield from table.to_batches()

        with self._session(tmp_path) as session:
            stream = ArrowStream(table.schema, batches, is_rereadable=True)
            schema = session.register("t", stream, is_joined=False)
            session.define("s", "SELECT * FROM t")
            require(not opened, "register or define reads the stream", "read when a frame is run")
            require(
                schema.names == table.schema.names,
                f"register gives {schema.names}",
                "give its schema",
            )
            with session.frame("s").stream() as reader:
                problem = difference(table, reader.read_all(), is_ordered=True)
            require(problem is None, f"all types: {problem}", "hand out what came in")

    def test_tables_in_memory_are_registered(self, tmp_path: Path) -> None:
        """An ArrowTable is a table with its types and its order, with rows or without."""
        whole = table_of_types(ALL_TYPES)
        for table in (whole, whole.slice(0, 0)):
            with self._session(tmp_path) as session:
                with explained("an ArrowTable cannot be registered", "register its batches"):
                    session.register("t", ArrowTable(table), is_joined=False)
                problem = difference(table, query_rows(session, "SELECT * FROM t"), is_ordered=True)
                require(problem is None, f"{problem}", "hand out what came in")

    def test_partitions_are_all_read(self, tmp_path: Path) -> None:
        """Every partition of a stream is read once per scan."""
        table = small_table(rows=9)
        stream = ArrowStream(
            table.schema, lambda part, *_: table.slice(part * 3, 3).to_batches(), partitions=3
        )
        with self._session(tmp_path) as session:
            session.register("t", stream, is_joined=False)
            problem = difference(table, query_rows(session, "SELECT * FROM t"))
            require(problem is None, f"{problem}", "open every partition")

    def test_filters_of_streams_are_applied(self, tmp_path: Path) -> None:
        """A stream that gives all rows and all columns is filtered and projected."""
        table = small_table(rows=9)
        stream = ArrowStream(table.schema, lambda *_: table.to_batches(), is_rereadable=True)
        with self._session(tmp_path) as session:
            session.register("t", stream, is_joined=False)
            found = query_rows(session, "SELECT label FROM t WHERE id >= 4 AND label <> 'row 6'")
            expected = ["row 4", "row 5", "row 7", "row 8"]
            require(
                sorted(found.column(0).to_pylist()) == expected,
                f"the filter gives {found.column(0).to_pylist()}",
                "apply filters exactly, whatever a stream does with them",
            )

    def test_streams_are_closed_early(self, tmp_path: Path) -> None:
        """A stream is closed as soon as no more rows are wanted."""
        closed, given = threading.Event(), []

        def batches(*_: Any) -> Iterator[pa.RecordBatch]:
            try:
                for number in range(10_000):
                    given.append(number)
                    yield small_table(rows=1000, start=number * 1000).to_batches()[0]
            finally:
                closed.set()

        with self._session(tmp_path) as session:
            schema = small_table().schema
            session.register("t", ArrowStream(schema, batches), is_joined=False)
            found = session.head("t", 3)
            require(found.num_rows == 3, f"head gives {found.num_rows} rows of 3", "give the first")
            require(
                closed.wait(5) and len(given) < 1000,
                f"{len(given)} batches are read for 3 rows, and the stream is "
                f"{'closed' if closed.is_set() else 'left open'}",
                "pull batches as they are needed, and close generators",
            )

    @needs("table_provider")
    def test_table_providers_are_registered(self, tmp_path: Path) -> None:
        """A TableProvider is a table with its types, joined or not, and may be read twice."""
        table = table_of_types(ALL_TYPES)
        for is_joined in (False, True):
            relation = TableProvider(self.table_provider(table), size_bytes=table.nbytes)
            with self._session(tmp_path) as session:
                with explained("a TableProvider cannot be registered", "register its provider"):
                    session.register("t", relation, is_joined=is_joined)
                for _ in range(2):
                    problem = difference(table, query_rows(session, "SELECT * FROM t"))
                    require(problem is None, f"{problem}", "hand out what the provider gives")

    @needs("files_are_read")
    def test_files_are_registered(self, tmp_path: Path) -> None:
        """CSV, JSON and Parquet files are tables."""
        table = small_table(rows=4)
        for kind in ("csv", "json", "parquet"):
            path = tmp_path / f"in.{kind}"
            if kind == "csv":
                pyarrow.csv.write_csv(table, path)
            elif kind == "parquet":
                pq.write_table(table, path)
            else:
                path.write_text("".join(f'{{"id": {n}, "label": "row {n}"}}\n' for n in range(4)))
            scan = FileScan(kind, [DataFile(str(path), path.stat().st_size)])
            with self._session(tmp_path / kind) as session:
                session.register("t", scan, is_joined=False)
                problem = difference(table, query_rows(session, "SELECT * FROM t"))
                require(problem is None, f"{kind}: {problem}", "read the file")

    def test_other_relations_are_refused(self, tmp_path: Path) -> None:
        """What is no relation is an EngineError that names the source."""
        with self._session(tmp_path) as session:
            with expect_error(
                (EngineError,), "for a relation that is none", "raise EngineError"
            ) as caught:
                session.register("strange", 7, is_joined=False)  # type: ignore[arg-type]  # a mistake
            require("strange" in str(caught[0]), "the error does not name the source", "name it")

    @needs("given_session")
    def test_given_tables_are_there(self, tmp_path: Path) -> None:
        """Tables of the caller's session are read, kept, and added to."""
        table = small_table(rows=3)
        given = self.given_session({"here": table})
        engine = self.engine()()
        tables = engine.tables_of(given)
        require("here" in list(tables.names()), f"names() is {tables.names()}", "list all tables")
        rows = tables.register("new one", small_table(rows=2).to_reader())
        require(rows == 2, f"register of the session's tables tells {rows} rows of 2", "count them")
        require(
            "new one" in list(tables.names()), "a table that was added is not listed", "keep it"
        )
        session = engine.open_session(self._settings(tmp_path), given)
        session.register("here", GivenTable("here"), is_joined=False)
        session.define("s", "SELECT id FROM here")
        problem = difference(table.select(["id"]), query_rows(session, "SELECT * FROM s"))
        require(problem is None, f"a given table: {problem}", "read it from the caller's session")
        session.close()
        require(
            "here" in list(tables.names()) and "s" not in list(tables.names()),
            f"after close the caller's session has {list(tables.names())}",
            "leave the caller's tables, and take away what the run added",
        )

    def test_errors_of_streams_come_through(self, tmp_path: Path) -> None:
        """What a stream raises of ours is raised; anything else is a SourceError with its name."""
        for raised in (SourceError("the cursor is gone"), ValueError("the cursor is gone")):

            def batches(*_: Any, error: Exception = raised) -> Iterator[pa.RecordBatch]:
                yield small_table().to_batches()[0]
                raise error

            with self._session(tmp_path / type(raised).__name__) as session:
                session.register("t", ArrowStream(small_table().schema, batches), is_joined=False)
                session.define("s", "SELECT * FROM t")
                remedy = "raise the stream's own error; keep it, engines tend to keep its text only"
                with expect_error((SourceError,), "for a stream that breaks", remedy) as caught:
                    session.frame("s").stream().read_all()
                require(
                    "the cursor is gone" in str(caught[0]), f"the error is: {caught[0]}", remedy
                )

    def _settings(self, folder: Path, max_memory_bytes: int | None = None) -> EngineSettings:
        work_dir = folder / "work"
        work_dir.mkdir(parents=True, exist_ok=True)
        return EngineSettings(work_dir=work_dir, threads=2, max_memory_bytes=max_memory_bytes)

    def _session(self, folder: Path) -> _Closing:
        return _Closing(self.engine()().open_session(self._settings(folder), None))

    def _filled(self, folder: Path) -> _Closing:
        """A session with a table `t` of three rows."""
        closing = self._session(folder)
        table = small_table(rows=3)
        stream = ArrowStream(table.schema, lambda *_: table.to_batches(), is_rereadable=True)
        closing.session.register("t", stream, is_joined=False)
        return closing


class _Closing:
    """A session that is closed at the end of `with`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __enter__(self) -> Session:
        return self.session

    def __exit__(self, *_: object) -> None:
        self.session.close()


def query_rows(session: Session, query: str) -> pa.Table:
    """All rows of a query."""
    session.define("__asked", query)
    with session.frame("__asked").stream() as reader:
        return reader.read_all()
