"""Stages as views of one session: names, checks, order, what is refused, what is dropped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from datafusion import SessionContext, udf
from datafusion.user_defined import Volatility

from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
from aqueducts.connectors import EngineSettings, Session, UdfPack
from aqueducts.errors import EngineError
from aqueducts.relations import ArrowStream, GivenTable, TableProvider

if TYPE_CHECKING:
    from builtin.datafusion_engine.conftest import Bench


def open_session(tmp_path: Path, given: SessionContext | None, **settings: object) -> Session:
    """A session with settings of its own."""
    return DataFusionEngine().open_session(
        EngineSettings(work_dir=tmp_path, **settings),  # type: ignore[arg-type]
        given,
    )


def rows(session: Session, name: str) -> list[dict[str, object]]:
    """The rows of a table."""
    found: list[dict[str, object]] = session.frame(name).stream().read_all().to_pylist()
    return found


def test_stages_are_one_plan(bench: Bench) -> None:
    """A stage reads nothing by itself: the last one's plan goes down to the file."""
    bench.csv("a,b\n1,x\n2,y\n")
    bench.session.define("one", "SELECT a, b FROM t WHERE a > 1")
    bench.session.define("two", "SELECT a + 1 AS c FROM one")
    plan = bench.explain("SELECT c FROM two")
    assert plan.count("DataSourceExec") == 1
    assert "projection=[a]" in plan
    assert bench.rows("SELECT c FROM two") == [{"c": 3}]
    assert not (bench.work_dir / "kept").exists()


def test_plans_name_the_files_of_the_user(bench: Bench) -> None:
    """Not the links that the engine is given."""
    bench.csv("a\n1\n")
    plan = bench.explain("SELECT * FROM t")
    assert str(bench.files / "t0.csv") in plan
    assert "links" not in plan


@pytest.mark.parametrize("written", ["MyStage", '"MyStage"', "mystage", '"mystage"', "MYSTAGE"])
def test_a_name_in_mixed_case_is_found_by_every_spelling(bench: Bench, written: str) -> None:
    """As it is in the file, quoted or not, and folded as SQL folds it."""
    bench.session.define("MyStage", "SELECT 1 AS a")
    assert bench.rows(f"SELECT a FROM {written}") == [{"a": 1}]


@pytest.mark.parametrize("name", ["My Stage", "x.y", 'q"q', "select", "é", "1st", "a-b", "'"])
def test_names_that_need_quotes(bench: Bench, name: str) -> None:
    """Every way out of the session works for them."""
    bench.csv("a\n1\n", name=name)
    quoted = '"' + name.replace('"', '""') + '"'
    assert bench.rows(f"SELECT a FROM {quoted}") == [{"a": 1}]
    bench.session.define(name, "SELECT 2 AS a")
    assert bench.session.head(name, 5).to_pylist() == [{"a": 2}]
    assert "EmptyRelation" in bench.session.explain(name, analyze=False)
    assert rows(bench.session, name) == [{"a": 2}]
    assert bench.session.materialise(name)[0] == 1
    assert rows(bench.session, name) == [{"a": 2}]
    bench.session.drop(name)
    with pytest.raises(EngineError, match="not known"):
        bench.rows(f"SELECT a FROM {quoted}")


def test_a_stage_can_be_defined_again(bench: Bench) -> None:
    """The newer query counts."""
    bench.session.define("s", "SELECT 1 AS a")
    bench.session.define("s", "SELECT 2 AS a")
    assert rows(bench.session, "s") == [{"a": 2}]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT nope FROM t", "nope"),
        ("SELECT * FROM nope", "nope"),
        ("SELECT a + b FROM t", "List"),
        ("SELECT upper(a, 1) FROM t", "upper"),
        ("SELECT nope(a) FROM t", "nope"),
        ("SELECT a FROM t GROUP BY b", "a"),
        ("SELECT", "Expected"),
    ],
)
def test_what_does_not_fit_is_found_without_reading(bench: Bench, query: str, message: str) -> None:
    """Unknown names and types that do not fit are errors when the stage is defined."""
    batch = pa.record_batch({"a": pa.array([], pa.int64()), "b": pa.array([], pa.list_(pa.int8()))})

    def never(*_: object) -> list[pa.RecordBatch]:
        raise AssertionError("read")

    bench.register(ArrowStream(batch.schema, never))
    with pytest.raises(EngineError, match=message):
        bench.session.define("s", query)


@pytest.mark.parametrize(
    "query",
    [
        "CREATE TABLE x AS SELECT 1",
        "CREATE VIEW x AS SELECT 1",
        "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
        "DROP TABLE t",
        "INSERT INTO t VALUES (1)",
        "DELETE FROM t",
        "COPY t TO '/tmp/aqueducts-never.csv' STORED AS CSV",
        "SET datafusion.execution.batch_size = 1",
        "BEGIN",
        "SELECT 1; SELECT 2",
    ],
)
def test_only_queries_are_run(bench: Bench, query: str) -> None:
    """Whatever changes data, tables or settings is refused, and nothing happened."""
    bench.csv("a\n1\n")
    with pytest.raises(EngineError):
        bench.session.define("s", query)
    assert not Path("/tmp/aqueducts-never.csv").exists()
    assert bench.rows() == [{"a": 1}]


def test_paths_are_not_tables(bench: Bench) -> None:
    """A file is read only where a source says so."""
    file = bench.file("secret.csv", "a\n1\n")
    with pytest.raises(EngineError, match="not known"):
        bench.rows(f"SELECT * FROM '{file.path}'")


def test_two_columns_of_one_name_are_an_error(bench: Bench) -> None:
    """A join with * is the usual cause; the hint tells what to do."""
    bench.csv("id,a\n1,2\n")
    bench.csv("id,b\n1,3\n", name="u")
    with pytest.raises(EngineError, match="two columns called 'id'") as e:
        bench.session.define("s", "SELECT * FROM t JOIN u ON t.id = u.id")
    assert e.value.hint == (
        "write out the columns instead of *, and give one of them another name: ... AS id_2"
    )


def test_columns_that_differ_in_case_are_two(bench: Bench) -> None:
    """SQL can tell them apart."""
    bench.session.define("s", 'SELECT 1 AS a, 2 AS "A"')
    assert rows(bench.session, "s") == [{"a": 1, "A": 2}]


def test_a_sorted_stage_stays_sorted(bench: Bench) -> None:
    """On every way out: the planner may not take ORDER BY for an idle clause of a view."""
    count = 20_000
    bench.csv("a\n" + "".join(f"{n}\n" for n in range(count)))
    bench.session.define("s", "SELECT a FROM t ORDER BY a % 100, a DESC")
    expected = sorted(range(count), key=lambda a: (a % 100, -a))
    assert [row["a"] for row in rows(bench.session, "s")] == expected
    assert bench.session.head("s", 3).column("a").to_pylist() == expected[:3]
    assert "SortExec" in bench.session.explain("s", analyze=False)


def test_limit_over_a_sorted_stage_takes_the_first_rows(bench: Bench) -> None:
    """The next stage sees the order, as it would where stages were tables in memory."""
    bench.csv("a\n" + "".join(f"{n}\n" for n in range(1000)))
    bench.session.define("s", "SELECT a FROM t ORDER BY a DESC")
    bench.session.define("renamed", "SELECT a AS b FROM s")
    assert bench.column("SELECT b FROM renamed LIMIT 3") == [999, 998, 997]
    assert bench.column("SELECT b FROM renamed LIMIT 2 OFFSET 1") == [998, 997]


def test_a_sort_that_nothing_needs_is_left_out(bench: Bench) -> None:
    """An aggregate over a sorted stage does not pay for the sort."""
    bench.csv("a\n1\n")
    bench.session.define("s", "SELECT a FROM t ORDER BY a DESC")
    assert "SortExec" not in bench.explain("SELECT sum(a) FROM s")


def test_head_gives_the_first_rows_with_types(bench: Bench) -> None:
    """An empty table has columns."""
    bench.csv("a,b\n1,x\n2,y\n")
    assert bench.session.head("t", 1).to_pylist() == [{"a": 1, "b": "x"}]
    bench.session.define("s", "SELECT * FROM t WHERE a > 5")
    assert bench.session.head("s", 5).schema.names == ["a", "b"]
    assert bench.session.head("s", 5).num_rows == 0


def test_explain_analyze_runs_and_measures(bench: Bench) -> None:
    """Rows of each operator are in the text."""
    bench.csv("a\n1\n2\n")
    bench.session.define("s", "SELECT a FROM t WHERE a > 1")
    assert "output_rows=1" in bench.session.explain("s", analyze=True)


def test_rows_read_are_counted_per_source(bench: Bench) -> None:
    """Files and streams, over every run of the plan."""
    bench.csv("a\n1\n2\n3\n")
    bench.scan("json", bench.file("u.json", '{"a": 1}\n'), name="u")
    bench.batches(pa.record_batch({"a": [1, 2]}), name="v", is_rereadable=True)
    bench.rows("SELECT a FROM t UNION ALL SELECT a FROM u UNION ALL SELECT a FROM v")
    assert dict(bench.session.rows_read()) == {"t": 3, "u": 1, "v": 2}


def test_an_unknown_kind_of_relation_is_an_error(bench: Bench) -> None:
    """A plugin's mistake names the source."""
    with pytest.raises(EngineError, match="source 'x' gave int, not a relation"):
        bench.register(7, name="x")  # type: ignore[arg-type]


def test_a_table_provider_is_registered(bench: Bench) -> None:
    """An object that gives DataFusion a table, such as a Delta table."""
    other = SessionContext()
    other.from_pydict({"a": [1, 2]}, name="x")
    bench.register(TableProvider(other.catalog().schema().table("x")))
    assert sorted(bench.column("SELECT a FROM t")) == [1, 2]


def test_functions_of_plugins_are_there(tmp_path: Path) -> None:
    """Packs for this engine are registered, others are passed over."""

    def register(context: SessionContext) -> None:
        double = udf(
            lambda x: pa.array([2 * each.as_py() for each in x]),
            [pa.int64()],
            pa.int64(),
            Volatility.Immutable,
            "twice",
        )
        context.register_udf(double)

    def never(context: object) -> None:
        raise AssertionError("registered")

    packs = (UdfPack("mine", "datafusion", register), UdfPack("other", "duckdb", never))
    session = open_session(tmp_path, None, functions=packs)
    session.define("s", "SELECT twice(21) AS a")
    assert rows(session, "s") == [{"a": 42}]


def test_options_reach_the_engine(tmp_path: Path) -> None:
    """Settings by the engine's own names."""
    options = {"datafusion.execution.time_zone": "+05:00"}
    session = open_session(tmp_path, None, options=options)
    session.define("s", "SELECT arrow_typeof(now()) AS a")
    assert "+05:00" in str(rows(session, "s"))


def test_closing_forgets_everything(bench: Bench) -> None:
    """Tables, kept rows and their files."""
    bench.csv("a\n1\n")
    bench.session.define("s", "SELECT a FROM t")
    bench.session.close()
    with pytest.raises(EngineError, match="No table named 's'"):
        bench.session.frame("s")


class TestGivenSession:
    """The caller's own SessionContext."""

    def test_a_given_table_is_read_by_its_name(self, tmp_path: Path) -> None:
        """The session keeps it when the run is over."""
        given = SessionContext()
        given.from_pydict({"a": [1]}, name="here")
        session = open_session(tmp_path, given)
        assert session.register("here", GivenTable("here"), is_joined=False).names == ["a"]
        session.define("s", "SELECT a + 1 AS a FROM here")
        assert rows(session, "s") == [{"a": 2}]
        session.close()
        assert given.table_exist("here")
        assert not given.table_exist("s")

    def test_a_table_that_is_not_there_is_an_error(self, tmp_path: Path) -> None:
        """The session may have changed since the source was opened."""
        session = open_session(tmp_path, SessionContext())
        with pytest.raises(EngineError, match="gone"):
            session.register("gone", GivenTable("gone"), is_joined=False)

    @pytest.mark.parametrize("name", ["taken", "Taken", "TAKEN"])
    def test_names_of_the_caller_are_not_taken(self, tmp_path: Path, name: str) -> None:
        """A stage may not hide a table of the caller, and leaves it where it is."""
        given = SessionContext()
        given.from_pydict({"a": [1]}, name="taken")
        session = open_session(tmp_path, given)
        with pytest.raises(EngineError, match="has a table 'taken' already") as e:
            session.define(name, "SELECT 2 AS a")
        assert "rename" in (e.value.hint or "")
        session.close()
        assert given.sql("SELECT a FROM taken").to_pydict() == {"a": [1]}
        assert not given.table_exist('"Taken"')

    def test_a_sorted_stage_stays_sorted_and_settings_are_put_back(self, tmp_path: Path) -> None:
        """Whatever the caller's session does with ORDER BY in views."""

        def keeps_order() -> bool:
            query = given.sql("SELECT * FROM (SELECT a FROM t ORDER BY a)")
            return "Sort" in query.logical_plan().display_indent()

        given = SessionContext()
        given.from_pydict({"a": [1, 3, 2]}, name="t")
        for setting in (False, True):
            if setting:
                key = "datafusion.sql_parser.enable_subquery_sort_elimination"
                given.sql(f"SET {key} = false").collect()
            assert keeps_order() is setting
            session = open_session(tmp_path, given)
            session.define("s", "SELECT a FROM t ORDER BY a DESC")
            assert [row["a"] for row in rows(session, "s")] == [3, 2, 1]
            session.close()
            assert keeps_order() is setting

    def test_the_plan_is_never_changed(self, tmp_path: Path) -> None:
        """A caller's session keeps the caller's settings when memory runs out."""
        from aqueducts.errors import OutOfMemoryError

        session = open_session(tmp_path, SessionContext())
        assert session.replan(OutOfMemoryError("full", operator="HashJoinInput")) is None


def test_intervals_can_be_shown(bench: Bench) -> None:
    """Those that pyarrow has no values for come as text."""
    bench.session.define(
        "s",
        "SELECT arrow_cast('2 days', 'Interval(DayTime)') AS d, "
        "arrow_cast('14 months', 'Interval(YearMonth)') AS m, 1 AS i",
    )
    assert bench.session.head("s", 1).to_pylist() == [
        {"d": "2 days", "m": "1 years 2 mons", "i": 1}
    ]
