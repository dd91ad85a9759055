"""Checks of an engine: what it reads, how queries are defined and results handed out."""

from __future__ import annotations

import threading
from abc import ABC
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from aqueducts.connectors import EngineWriter
from aqueducts.errors import EngineError, OutOfMemoryError
from aqueducts.plan_facts import QueryPlan
from aqueducts.relations import ArrowStream
from aqueducts.table_names import quote
from aqueducts.testing.engine_relations import EngineRelations, query_rows
from aqueducts.testing.suite import expect_error, explained, fail, needs, require
from aqueducts.testing.tables import (
    AWKWARD_NAMES,
    difference,
    small_table,
)

__all__ = ["EngineSuite"]

_STATEMENTS = (
    "CREATE TABLE made AS SELECT 1 AS a",
    "CREATE EXTERNAL TABLE made STORED AS CSV LOCATION '/etc/passwd'",
    "DROP TABLE t",
    "INSERT INTO t VALUES (9, 'x')",
    "COPY (SELECT 1) TO '/tmp/made.csv'",
    "SET a.b = 1",
)
_LONG_SECONDS = 30.0
_LITTLE_MEMORY = 64 << 20
"""Of a limit: what one query here holds is more than that."""


class EngineSuite(EngineRelations, ABC):
    """Checks of an engine. Override `engine`."""

    def test_name_is_offered(self) -> None:
        """The plugin offers the engine by its name."""
        kind = self.engine()
        require(
            self.installed_plugins().engines.get(kind.name) is kind,
            f"no installed plugin offers {kind.__name__} as {kind.name!r}",
            "return the class from the hook aqueducts_engines",
        )

    def test_volatile_functions_are_in_lower_case(self) -> None:
        """Functions are known by their names in lower case."""
        names = self.engine()().volatile_functions
        wrong = sorted(name for name in names if name != name.lower())
        require(not wrong, f"volatile_functions has {wrong}", "give names in lower case")

    def test_syntax_errors_have_a_place(self) -> None:
        """Line and column of a mistake are told; a right query gives None."""
        engine = self.engine()()
        right = engine.check_syntax('SELECT "a b" FROM t WHERE x IN (SELECT y FROM u)')
        require(right is None, f"a right query is told to be wrong: {right}", "return None")
        found = engine.check_syntax("SELECT a\nFROM t\nWHERE AND b")
        if found is None:
            fail("a wrong query is taken for right", "parse it")
        message, line, column = found
        require(
            message and line == 3 and column >= 6,
            f"the mistake in line 3 is told at {line}:{column} ({message!r})",
            "count lines and columns from 1",
        )

    def test_definitions_are_checked(self, tmp_path: Path) -> None:
        """Unknown tables and columns, and types that do not fit, are EngineErrors of `define`."""
        queries = {
            "an unknown table": ("SELECT * FROM no_such_table", "no_such_table"),
            "an unknown column": ("SELECT no_such_column FROM t", "no_such_column"),
            "an unknown function": ("SELECT no_such_function(id) FROM t", "no_such_function"),
            "two columns of one name": ("SELECT id AS x, label AS x FROM t", "x"),
        }
        with self._filled(tmp_path) as session:
            schema = session.define("s", "SELECT id + 1 AS next, label FROM t")
            require(
                schema.names == ["next", "label"], f"define gives {schema.names}", "give the schema"
            )
            for what, (query, name) in queries.items():
                remedy = "plan the query in define, and raise EngineError"
                with expect_error((EngineError,), f"for {what}", remedy) as caught:
                    session.define("broken", query)
                require(name in str(caught[0]), f"for {what} the error is: {caught[0]}", "name it")

    def test_statements_are_refused(self, tmp_path: Path) -> None:
        """Nothing but queries is run: no table is made, filled or dropped, no file is written."""
        with self._filled(tmp_path) as session:
            for statement in _STATEMENTS:
                with expect_error((EngineError,), f"for {statement!r}", "allow queries only"):
                    session.define("broken", statement)
                    session.frame("broken").stream().read_all()
            rows = query_rows(session, "SELECT * FROM t").num_rows
            require(
                rows == 3, f"after refused statements the table has {rows} rows", "change nothing"
            )

    def test_names_may_be_anything(self, tmp_path: Path) -> None:
        """Tables and columns with quotes, blanks and capitals, found as SQL folds names."""
        column = pa.array([1, 2])
        table = pa.table(dict.fromkeys(AWKWARD_NAMES, column))
        stream = ArrowStream(table.schema, lambda *_: table.to_batches(), is_rereadable=True)
        with self._session(tmp_path) as session:
            for name in (*AWKWARD_NAMES, "Orders"):
                with explained(f"a table called {name!r} fails", "quote names"):
                    session.register(name, stream, is_joined=False)
                    session.define(f"{name} 2", f"SELECT * FROM {quote(name)}")  # noqa: S608 - quoted
                    problem = difference(table, session.frame(f"{name} 2").stream().read_all())
                require(problem is None, f"a table called {name!r}: {problem}", "quote names")
            with explained("FROM Orders does not find the table Orders", "fold names as SQL does"):
                query_rows(session, "SELECT * FROM Orders")

    def test_names_are_taken_again(self, tmp_path: Path) -> None:
        """A stage that is defined again takes the place of the old one; a dropped table is gone."""
        with self._filled(tmp_path) as session:
            session.define("s", "SELECT 1 AS a")
            session.define("s", "SELECT 2 AS b")
            found = session.frame("s").stream().read_all().to_pylist()
            require(
                found == [{"b": 2}], f"a stage that was defined again gives {found}", "replace it"
            )
            session.drop("s")
            with expect_error((EngineError,), "for a table that was dropped", "forget it"):
                session.define("after", "SELECT * FROM s")

    def test_kept_rows_are_read_once(self, tmp_path: Path) -> None:
        """`materialise` keeps the rows in the place of the stage, in their order."""
        opened = []

        def batches(*_: Any) -> Iterator[pa.RecordBatch]:
            opened.append(1)
            yield from small_table(rows=100).to_batches(max_chunksize=10)

        with self._session(tmp_path) as session:
            session.register("t", ArrowStream(small_table().schema, batches), is_joined=False)
            session.define("s", "SELECT id, random() AS r FROM t ORDER BY id DESC")
            rows, size = session.materialise("s")
            require(
                rows == 100 and size > 0, f"materialise tells {rows} rows, {size} bytes", "count"
            )
            with explained("kept rows cannot be read twice", "keep them in place of the stage"):
                first, second = (query_rows(session, "SELECT * FROM s") for _ in range(2))
            require(
                first.equals(second) and len(opened) == 1,
                "kept rows are computed again",
                "read what was kept in place of the stage",
            )
            ids = session.head("s", 3).column(0).to_pylist()
            require(ids == [99, 98, 97], f"the first kept rows are {ids}", "keep the order")

    def test_frames_are_plain(self, tmp_path: Path) -> None:
        """A frame's columns are nullable and of plain types, and it can be run more than once."""
        with self._filled(tmp_path) as session:
            session.define("s", "SELECT 1 AS one, 'text' AS text, NULL AS nothing, id FROM t")
            frame = session.frame("s")
            frame.check()
            for field in frame.schema:
                is_view = "view" in str(field.type) or pa.types.is_null(field.type)
                require(
                    field.nullable and not is_view,
                    f"the column {field.name!r} is {field}",
                    "make fields nullable, views plain, and null a string",
                )
            for _ in range(2):
                with frame.stream() as reader:
                    found = reader.read_all()
                require(
                    found.schema.equals(frame.schema) and found.num_rows == 3,
                    f"the stream has {found.schema.names}, {found.num_rows} rows",
                    "stream what schema says, each time",
                )

    def test_frames_write_files(self, tmp_path: Path) -> None:
        """A file, and a folder with partition columns; the rows written are told."""
        with self._filled(tmp_path) as session:
            frame = session.frame("t")
            path = tmp_path / "out.parquet"
            rows = frame.write_files(
                path, EngineWriter("PARQUET", {}, ".parquet"), is_single_file=True
            )
            problem = difference(small_table(rows=3), pq.read_table(path))
            require(rows == 3 and problem is None, f"one file: {rows} rows; {problem}", "write all")
            folder = tmp_path / "out"
            rows = frame.write_files(
                folder,
                EngineWriter("CSV", {"format.has_header": "true"}, ".csv"),
                is_single_file=False,
                partition_columns=["label"],
            )
            names = sorted(each.name for each in folder.iterdir())
            require(
                rows == 3 and names == ["label=row 0", "label=row 1", "label=row 2"],
                f"a folder: {rows} rows in {names}",
                "make a folder column=value for each value",
            )

    def test_rows_are_counted(self, tmp_path: Path) -> None:
        """Rows read per source and rows handed out are known while a run goes on."""
        with self._filled(tmp_path) as session:
            before = session.rows_out()
            session.frame("t").stream().read_all()
            require(session.rows_read().get("t") == 3, f"rows_read: {session.rows_read()}", "count")
            out = session.rows_out() - before
            require(out == 3, f"rows_out tells {out} of 3", "count what leaves")

    def test_plans_are_explained(self, tmp_path: Path) -> None:
        """The plan of a stage is a text; with `analyze` it holds what was measured."""
        with self._filled(tmp_path) as session:
            session.define("s", "SELECT id FROM t WHERE id > 1")
            plan = session.explain("s", analyze=False)
            measured = session.explain("s", analyze=True)
            require(plan.strip(), "explain gives nothing", "return the plan")
            require(measured.strip() != plan.strip(), "analyze changes nothing", "run and measure")

    def test_plans_are_told(self, tmp_path: Path) -> None:
        """What a query would read and hold is told before it runs, of the sources there are."""
        with self._filled(tmp_path) as session:
            session.define("s", "SELECT id FROM t WHERE id > 1")
            before = dict(session.rows_read())
            plan = session.describe("s")
            require(
                plan is None or isinstance(plan, QueryPlan),
                f"describe gives {type(plan).__name__}",
                "return a QueryPlan of aqueducts.plan_facts, or None",
            )
            sources = [scan.source for scan in (plan.scans if plan is not None else ())]
            require(
                plan is None or sources == ["t"],
                f"of a query that reads t once, the scans are of {sources}",
                "tell each scan with the name that the source was registered by",
            )
            require(
                dict(session.rows_read()) == before, "describe reads rows", "only plan the query"
            )

    def test_only_memory_is_planned_again(self, tmp_path: Path) -> None:
        """`replan` says what changed after OutOfMemoryError, and is None for anything else."""
        with self._filled(tmp_path) as session:
            other = session.replan(ValueError("x"))
            require(other is None, f"replan of a ValueError gives {other!r}", "return None")
            change = session.replan(OutOfMemoryError("full", operator="HashJoinInput"))
            require(
                change is None or (change.strip()),
                f"replan gives {change!r}",
                "say what changed, or None",
            )
            rows = query_rows(session, "SELECT * FROM t").num_rows
            require(rows == 3, "after replan tables are gone", "change settings, keep tables")

    @needs("has_memory_limit")
    def test_scarce_memory_is_told(self, tmp_path: Path) -> None:
        """Under a limit a query that needs more is run to its right end, or OutOfMemoryError."""
        rows, batches = 20_000, 50

        def stream(*_: Any) -> Iterator[pa.RecordBatch]:
            for number in range(batches):
                ids = pa.array(range(number * rows, (number + 1) * rows), pa.int64())
                texts = pa.array([f"{each:0100}" for each in ids.to_pylist()])
                yield pa.record_batch([ids, texts], ["id", "label"])

        schema = pa.schema([("id", pa.int64()), ("label", pa.string())])
        settings = self._settings(tmp_path, _LITTLE_MEMORY)
        session = self.engine()().open_session(settings, None)
        try:
            relation = ArrowStream(schema, stream, is_rereadable=True)
            session.register("t", relation, is_joined=False)
            session.define("s", "SELECT label, count(*) AS n FROM t GROUP BY label ORDER BY label")
            found, last = 0, ""
            with session.frame("s").stream() as reader:
                for batch in reader:
                    labels = batch.column(0).to_pylist()
                    require(labels == sorted(labels), "rows are out of order", "sort on disk")
                    require(not labels or last < labels[0], "rows are out of order", "sort on disk")
                    found, last = found + len(labels), labels[-1] if labels else last
            require(found == rows * batches, f"{found} rows of {rows * batches}", "lose none")
        except OutOfMemoryError as error:
            require(error.operator, "the error names no operator", "say what had too little memory")
            require(error.hint, "the error says nothing about what to do", "give a hint")
        except EngineError as error:
            fail(
                f"where memory ends, {type(error).__name__} is raised: {error.message}",
                "raise OutOfMemoryError: a run then tries again with what replan changes",
            )
        finally:
            session.close()

    def test_queries_are_interrupted(self, tmp_path: Path) -> None:
        """`interrupt` returns at once, running queries end soon, and no new one begins."""
        table = small_table(rows=1000)
        ended: list[str] = []
        with self._session(tmp_path) as session:
            stream = ArrowStream(table.schema, lambda *_: table.to_batches(), is_rereadable=True)
            session.register("t", stream, is_joined=False)
            session.define("s", self.long_query)

            def work() -> None:
                try:
                    session.frame("s").stream().read_all()
                # Engines stop threads by errors of their own.
                except BaseException as error:  # noqa: BLE001
                    ended.append(type(error).__name__)

            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            thread.join(0.5)
            require(thread.is_alive(), "long_query is over at once", "let it take minutes")
            session.interrupt()
            thread.join(_LONG_SECONDS)
            require(
                not thread.is_alive() and ended,
                "a running query is not ended by interrupt",
                "cancel the query, and raise in the thread that waits for it",
            )
            again: list[str] = []
            try:
                session.frame("t").stream().read_all()
            # Engines stop threads by errors of their own.
            except BaseException as error:  # noqa: BLE001
                again.append(type(error).__name__)
            require(again, "a query begins after interrupt", "refuse queries from then on")

    def test_runs_do_not_meet(self, tmp_path: Path) -> None:
        """Two sessions of an engine do not see each other's tables."""
        with (
            self._filled(tmp_path / "one"),
            self._session(tmp_path / "two") as other,
            expect_error((EngineError,), "for another session's table", "keep tables apart"),
        ):
            other.define("s", "SELECT * FROM t")

    def test_closing_forgets_everything(self, tmp_path: Path) -> None:
        """After close no table is left, nor a file in the run's folder that grows."""
        session = self.engine()().open_session(self._settings(tmp_path), None)
        stream = ArrowStream(small_table().schema, lambda *_: small_table().to_batches())
        session.register("t", stream, is_joined=False)
        session.close()
        with expect_error((EngineError,), "for a table of a session that is closed", "forget it"):
            session.frame("t").stream().read_all()
