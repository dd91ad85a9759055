"""The suite of engines fails for each mistake it is there for, and says what to do."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from datafusion import SessionContext
from datafusion.catalog import Table

from aqueducts import hookimpl
from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
from aqueducts.connectors import Engine, EngineSettings, Frame, Session
from aqueducts.errors import EngineError, OutOfMemoryError
from aqueducts.plan_facts import QueryPlan, SourceScan
from aqueducts.plugins import Plugins
from aqueducts.relations import ArrowStream, ArrowTable, GivenTable, Relation
from aqueducts.testing import EngineSuite


class _Session(Session):
    """Goes on to DataFusion's; the mistakes below are changes of its parts."""

    def __init__(self, inner: Session) -> None:
        self.inner = inner

    def register(self, name: str, relation: Relation, *, is_joined: bool) -> pa.Schema:
        return self.inner.register(name, self.taken(relation), is_joined=is_joined)

    def taken(self, relation: Relation) -> Relation:
        return relation

    def define(self, name: str, query: str) -> pa.Schema:
        return self.inner.define(name, query)

    def materialise(self, name: str) -> tuple[int, int]:
        return self.inner.materialise(name)

    def drop(self, name: str) -> None:
        self.inner.drop(name)

    def head(self, name: str, limit: int) -> pa.Table:
        return self.inner.head(name, limit)

    def explain(self, name: str, *, analyze: bool) -> str:
        return self.inner.explain(name, analyze=analyze)

    def frame(self, name: str) -> Frame:
        return self.inner.frame(name)

    def rows_read(self) -> Mapping[str, int]:
        return self.inner.rows_read()

    def rows_out(self) -> int:
        return self.inner.rows_out()

    def replan(self, error: Exception) -> str | None:
        return self.inner.replan(error)

    def interrupt(self) -> None:
        self.inner.interrupt()

    def close(self) -> None:
        self.inner.close()

    def describe(self, name: str) -> QueryPlan | None:
        return self.inner.describe(name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class _Good(DataFusionEngine):
    """DataFusion, in a session that mistakes can be made in."""

    session: type[_Session] = _Session

    def open_session(self, settings: EngineSettings, given: Any) -> Session:
        return self.session(super().open_session(settings, given))


class _Suite(EngineSuite):
    offered: type[Engine] = _Good
    is_offered = True

    def installed_plugins(self) -> Plugins:
        def aqueducts_engines() -> list[type[Engine]]:
            return [self.offered] if self.is_offered else []

        module = ModuleType("mine")
        vars(module)["aqueducts_engines"] = hookimpl(aqueducts_engines)
        return Plugins.of(mine=module)

    def engine(self) -> type[Engine]:
        return self.offered

    def given_session(self, tables: dict[str, pa.Table]) -> SessionContext:
        context = SessionContext()
        for name, table in tables.items():
            context.register_record_batches(name, [table.to_batches()])
        return context

    def table_provider(self, table: pa.Table) -> Table:
        """Return a table of another session."""
        context = SessionContext()
        context.register_record_batches("t", [table.to_batches()])
        return context.catalog().schema().table("t")


_CHECKS = sorted(name for name in dir(_Suite) if name.startswith("test_"))


def test_nothing_is_left_out() -> None:
    """All checks are there; each has a mistake below."""
    assert len(_CHECKS) == 28
    found = {check for check, _, _ in _MISTAKES} | {"test_name_is_offered"}
    assert found == set(_CHECKS)


def _run(suite: EngineSuite, check: str, folder: Path) -> None:
    function = getattr(suite, check)
    arguments = [folder] if function.__code__.co_argcount > 1 else []
    function(*arguments)


def test_an_engine_that_is_not_offered_is_told() -> None:
    """The hook has to return it."""
    suite = _Suite()
    suite.is_offered = False
    with pytest.raises(pytest.fail.Exception, match="no installed plugin offers _Good"):
        suite.test_name_is_offered()


class _Capitals(_Good):
    @property
    def volatile_functions(self) -> frozenset[str]:
        return frozenset({"RANDOM"})


class _Lenient(_Good):
    def check_syntax(self, query: str) -> None:
        return None


class _Placeless(_Good):
    def check_syntax(self, query: str) -> tuple[str, int, int] | None:
        return ("wrong", 0, 0) if "AND b" in query else None


class _Eager(_Session):
    def taken(self, relation: Relation) -> Relation:
        if not isinstance(relation, ArrowStream):
            return relation
        batches = list(relation.open(0, None, None))
        return ArrowStream(relation.schema, lambda *_: batches, is_rereadable=True)


class _Tableless(_Session):
    def taken(self, relation: Relation) -> Relation:
        if isinstance(relation, ArrowTable):
            raise EngineError("what is an ArrowTable?")
        return relation


class _OnePartition(_Session):
    def taken(self, relation: Relation) -> Relation:
        assert isinstance(relation, ArrowStream)
        return msgspec.structs.replace(relation, partitions=1)


class _Halving(_Session):
    def taken(self, relation: Relation) -> Relation:
        assert isinstance(relation, ArrowStream)
        stream = relation

        def batches(part: int, columns: Any, condition: Any) -> Iterator[pa.RecordBatch]:
            for batch in stream.open(part, columns, condition):
                yield batch if condition is None else batch.slice(len(batch) // 2 + 1)

        return msgspec.structs.replace(stream, open=batches)


class _NoFiles(_Session):
    def taken(self, relation: Relation) -> Relation:
        if not isinstance(relation, ArrowStream):
            return ArrowStream(pa.schema([("id", pa.int64())]), lambda *_: ())
        return relation


class _TakesAll(_Session):
    def taken(self, relation: Relation) -> Relation:
        return relation if isinstance(relation, ArrowStream) else GivenTable("t")


class _Unclosed(_Good):
    """Leaves what the run made in the caller's session."""

    class session(_Session):  # noqa: N801 - an attribute of the engine
        def close(self) -> None:
            """Keep all."""


class _Unplanned(_Session):
    def define(self, name: str, query: str) -> pa.Schema:
        try:
            return self.inner.define(name, query)
        except EngineError:
            return pa.schema([])


class _Allowing(_Session):
    def define(self, name: str, query: str) -> pa.Schema:
        if not query.startswith("SELECT"):
            query = "SELECT 1 AS done"
        return self.inner.define(name, query)


class _Plain(_Session):
    def register(self, name: str, relation: Relation, *, is_joined: bool) -> pa.Schema:
        if '"' in name:
            raise ValueError(f"bad name {name}")
        return super().register(name, relation, is_joined=is_joined)


class _FirstWins(_Session):
    def define(self, name: str, query: str) -> pa.Schema:
        known = vars(self).setdefault("known", {})
        known.setdefault(name, query)
        return self.inner.define(name, known[name])


class _Recomputing(_Session):
    def materialise(self, name: str) -> tuple[int, int]:
        return self.inner.frame(name).stream().read_all().num_rows, 1


class _OddFrame:
    def __init__(self, inner: Frame, mistake: str) -> None:
        self.inner = inner
        self.mistake = mistake

    @property
    def schema(self) -> pa.Schema:
        schema = self.inner.schema
        if self.mistake == "strict":
            return pa.schema([each.with_nullable(False) for each in schema])
        return schema

    def check(self) -> None:
        self.inner.check()

    def stream(self) -> pa.RecordBatchReader:
        if self.mistake == "words":
            return self._wordy()
        return self.inner.stream()

    def write_files(self, *arguments: Any, **options: Any) -> int:
        return self.inner.write_files(*arguments, **options) + 1

    def _wordy(self) -> pa.RecordBatchReader:
        def batches() -> Iterator[pa.RecordBatch]:
            try:
                yield from self.inner.stream()
            except Exception:  # noqa: BLE001 - the mistake
                raise EngineError("something went wrong") from None

        return pa.RecordBatchReader.from_batches(self.schema, batches())


class _Strict(_Session):
    def frame(self, name: str) -> Any:
        return _OddFrame(self.inner.frame(name), "strict")


class _Wordy(_Session):
    def frame(self, name: str) -> Any:
        return _OddFrame(self.inner.frame(name), "words")


class _Miscounting(_Session):
    def frame(self, name: str) -> Any:
        return _OddFrame(self.inner.frame(name), "count")


class _Reading(_Session):
    def head(self, name: str, limit: int) -> pa.Table:
        return self.inner.frame(name).stream().read_all().slice(0, limit)


class _Uncounted(_Session):
    def rows_read(self) -> Mapping[str, int]:
        return {}


class _Short(_Session):
    def explain(self, name: str, *, analyze: bool) -> str:
        return "a plan"


class _Renamed(_Session):
    def describe(self, name: str) -> QueryPlan | None:
        return QueryPlan(scans=(SourceScan(source="__source_1"),))


class _Running(_Session):
    def describe(self, name: str) -> QueryPlan | None:
        self.inner.frame("t").stream().read_all()
        return None


class _Hopeful(_Session):
    def replan(self, error: Exception) -> str | None:
        return "trying harder"


class _Deaf(_Session):
    def interrupt(self) -> None:
        """Do as if nothing was asked."""

    def frame(self, name: str) -> Frame:
        if name == "s":
            time.sleep(2)
        return self.inner.frame(name)


_SHARED: dict[str, Relation] = {}


class _Sharing(_Session):
    def register(self, name: str, relation: Relation, *, is_joined: bool) -> pa.Schema:
        _SHARED[name] = relation
        return super().register(name, relation, is_joined=is_joined)

    def define(self, name: str, query: str) -> pa.Schema:
        for table, relation in _SHARED.items():
            self.inner.drop(table)
            self.inner.register(table, relation, is_joined=False)
        return self.inner.define(name, query)


class _Emptying(_Session):
    """Takes a provider, and forgets half of its rows."""

    def define(self, name: str, query: str) -> pa.Schema:
        return super().define(name, query.replace("FROM t", "FROM (SELECT * FROM t LIMIT 1)"))


class _Vague(_Session):
    """Does not tell what kind of error it is that memory ran out."""

    def frame(self, name: str) -> Frame:
        raise EngineError("Resources exhausted")


class _Mute(_Session):
    """Does not say what to do."""

    def frame(self, name: str) -> Frame:
        raise OutOfMemoryError("full", operator="Sort")


class _Lasting(_Session):
    def close(self) -> None:
        """Forget nothing."""


def _engine_of(session: type[_Session]) -> type[Engine]:
    return type(session.__name__, (_Good,), {"session": session})


_MISTAKES: list[tuple[str, type[Engine], str]] = [
    ("test_volatile_functions_are_in_lower_case", _Capitals, r"has \['RANDOM'\]"),
    ("test_syntax_errors_have_a_place", _Lenient, "a wrong query is taken for right"),
    ("test_syntax_errors_have_a_place", _Placeless, "is told at 0:0"),
    ("test_streams_are_registered", _engine_of(_Eager), "register or define reads the stream"),
    (
        "test_tables_in_memory_are_registered",
        _engine_of(_Tableless),
        "an ArrowTable cannot be registered",
    ),
    ("test_partitions_are_all_read", _engine_of(_OnePartition), "3 rows instead of 9"),
    ("test_filters_of_streams_are_applied", _engine_of(_Halving), "the filter gives"),
    ("test_streams_are_closed_early", _engine_of(_Reading), "10000 batches are read for 3 rows"),
    ("test_table_providers_are_registered", _engine_of(_Emptying), "1 rows? instead of"),
    ("test_scarce_memory_is_told", _engine_of(_Vague), "where memory ends, EngineError is raised"),
    ("test_scarce_memory_is_told", _engine_of(_Mute), "says nothing about what to do"),
    ("test_files_are_registered", _engine_of(_NoFiles), "csv: the columns are"),
    ("test_other_relations_are_refused", _engine_of(_TakesAll), "does not name the source"),
    ("test_given_tables_are_there", _Unclosed, "after close the caller's session has"),
    ("test_definitions_are_checked", _engine_of(_Unplanned), "for an unknown table, nothing"),
    ("test_statements_are_refused", _engine_of(_Allowing), "CREATE TABLE .* nothing is raised"),
    ("test_names_may_be_anything", _engine_of(_Plain), "bad name with"),
    ("test_names_are_taken_again", _engine_of(_FirstWins), r"defined again gives \[\{'a': 1\}\]"),
    ("test_kept_rows_are_read_once", _engine_of(_Recomputing), "kept rows cannot be read twice"),
    ("test_frames_are_plain", _engine_of(_Strict), "the column 'one' is"),
    ("test_frames_write_files", _engine_of(_Miscounting), "one file: 4 rows"),
    ("test_errors_of_streams_come_through", _engine_of(_Wordy), "EngineError is raised"),
    ("test_rows_are_counted", _engine_of(_Uncounted), r"rows_read: \{\}"),
    ("test_plans_are_explained", _engine_of(_Short), "analyze changes nothing"),
    ("test_plans_are_told", _engine_of(_Renamed), r"the scans are of \['__source_1'\]"),
    ("test_plans_are_told", _engine_of(_Running), "describe reads rows"),
    ("test_only_memory_is_planned_again", _engine_of(_Hopeful), "replan of a ValueError"),
    ("test_queries_are_interrupted", _engine_of(_Deaf), "interrupt"),
    ("test_runs_do_not_meet", _engine_of(_Sharing), "for another session's table, nothing"),
    ("test_closing_forgets_everything", _engine_of(_Lasting), "session that is closed, nothing"),
]
"""A check, an engine with the mistake that it is there for, and what it says."""


@pytest.mark.parametrize(
    ("check", "offered", "words"),
    [pytest.param(*each, id=f"{each[0][5:]}:{each[1].__name__}") for each in _MISTAKES],
)
def test_a_mistake_is_found(check: str, offered: type[Engine], words: str, tmp_path: Path) -> None:
    """The check fails, in words that name the mistake and what to do about it."""
    _SHARED.clear()
    suite = _Suite()
    suite.offered = offered
    if "interrupted" in check:
        suite.long_query = "SELECT count(*) AS n FROM t AS a, t AS b"
    with pytest.raises(pytest.fail.Exception, match=f"(?s){words}") as caught:
        _run(suite, check, tmp_path)
    assert "\n  help: " in str(caught.value)


@pytest.mark.parametrize("check", ["test_streams_are_registered", "test_definitions_are_checked"])
def test_a_good_engine_passes(check: str, tmp_path: Path) -> None:
    """What is right is not told to be wrong; the built-in engine runs all of the suite."""
    _run(_Suite(), check, tmp_path)
