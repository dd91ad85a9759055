"""The plan of a run: what is read, kept, held and replaced, while nothing is moved."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import jsonschema
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import Field

import aqueducts
from aqueducts import hookimpl
from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.connectors import (
    Destination,
    Frame,
    ModelClass,
    RunContext,
    Source,
    WriteReport,
)
from aqueducts.models.fields import Name, PipelineModel
from aqueducts.pipeline import Pipeline
from aqueducts.pipeline_plan import PipelinePlan, PlannedQuery, StagePlan
from aqueducts.plan_facts import ColumnChange, SourceScan, TargetChange
from aqueducts.planning import plan
from aqueducts.plugins import Plugins
from aqueducts.relations import ArrowStream, Relation
from aqueducts.results import RunSettings

if TYPE_CHECKING:
    from conftest import Lab, Shop


def planned(lab: Lab, pipeline: Pipeline, **options: Any) -> PipelinePlan:
    """Plan with temporary files in the lab."""
    settings = RunSettings(spill_dir=str(lab.spill), threads=2)
    return plan(pipeline, settings=settings, **options)


def result(made: PipelinePlan) -> PlannedQuery:
    """The query that is written."""
    [query] = [each for each in made.queries if each.purpose == "result"]
    return query


def scan_of(query: PlannedQuery, source: str) -> SourceScan:
    """The one scan of a source."""
    [scan] = [each for each in query.scans if each.source == source]
    return scan


def stage(made: PipelinePlan, name: str) -> StagePlan:
    """A stage by its name."""
    return next(each for each in made.stages if each.name == name)


def trips(lab: Lab) -> dict[str, Any]:
    """Parquet files in folders by year and month, described as a source."""
    for year in (2023, 2024):
        for month in (1, 2, 3):
            folder = lab.folder / "trips" / f"year={year}" / f"month={month}"
            folder.mkdir(parents=True)
            rows = {"id": range(1000), "fare": [1.5] * 1000, "note": ["x" * 50] * 1000}
            table = pa.table({name: list(values) for name, values in rows.items()})
            pq.write_table(table, folder / "part.parquet", use_dictionary=False, compression="none")
    return {
        "type": "directory",
        "name": "trips",
        "format": {"type": "parquet"},
        "location": str(lab.folder / "trips"),
        "partition_columns": [["year", "int64"], ["month", "int64"]],
    }


def test_columns_and_conditions_reach_parquet_files(lab: Lab) -> None:
    """Folders that cannot match are not opened, columns that nobody asks for are not read."""
    made = planned(
        lab,
        lab.pipeline(
            [trips(lab)],
            [{"name": "recent", "query": "SELECT * FROM trips WHERE year = 2024 AND month < 3"}],
            [{"name": "sums", "query": "SELECT sum(id) AS id FROM recent WHERE note <> 'a''b'"}],
            to=lab.target(),
        ),
    )
    [source] = made.sources
    scan = scan_of(result(made), "trips")
    assert source.files == 6
    assert (scan.files, scan.columns) == (2, ("id", "note"))
    assert scan.filters == ("year = 2024", "month < 3", "note != 'a''b'")
    assert source.size_bytes is not None
    assert scan.file_bytes is not None
    assert scan.read_bytes is not None
    assert scan.file_bytes == source.size_bytes // 3
    assert 1000 * 2 * 50 < scan.read_bytes < scan.file_bytes
    assert [column.name for column in source.columns] == ["id", "fare", "note", "year", "month"]
    assert [column.name for column in stage(made, "sums").columns] == ["id"]


def test_two_scans_keep_their_conditions_apart(lab: Lab) -> None:
    """Each reading of a source has its own files."""
    query = """
        SELECT a.id FROM (SELECT id, fare FROM trips WHERE year = 2023 AND fare > 1) a
        JOIN (SELECT id FROM trips WHERE year = 2024 AND month = 1) b ON a.id = b.id
    """
    made = planned(
        lab, lab.pipeline([trips(lab)], [{"name": "s", "query": query}], to=lab.target())
    )
    found = {scan.files: scan.filters for scan in result(made).scans}
    assert found == {3: ("year = 2023", "fare > 1"), 1: ("year = 2024", "month = 1")}


def test_a_text_file_is_read_whole(lab: Lab) -> None:
    """Its columns are chosen while it is read; a LIMIT ends that."""
    source = lab.source("t", "a,b,c\n" + "1,2,3\n" * 100)
    stages = [{"name": "s", "query": "SELECT c FROM t WHERE a > 0"}]
    scan = scan_of(result(planned(lab, lab.pipeline([source], stages, to=lab.target()))), "t")
    assert (scan.columns, scan.filters) == (("a", "c"), ())
    assert scan.read_bytes == scan.file_bytes == 606
    stages = [{"name": "s", "query": "SELECT c FROM t LIMIT 7"}]
    scan = scan_of(result(planned(lab, lab.pipeline([source], stages, to=lab.target()))), "t")
    assert scan.limit == 7


def test_limits_that_only_tell_sizes_are_not_shown(lab: Lab) -> None:
    """A join of text files is planned with their row counts."""
    sources = [lab.source("x", "a\n1\n2\n"), lab.source("y", "a\n1\n")]
    stages = [{"name": "s", "query": "SELECT x.a FROM x JOIN y ON x.a = y.a"}]
    made = planned(lab, lab.pipeline(sources, stages, to=lab.target()))
    assert [scan.limit for scan in result(made).scans] == [None, None]
    [join] = [held for held in result(made).held if held.operator == "join"]
    assert join.size_bytes is not None


def test_a_cursor_that_is_used_twice_is_kept_first(lab: Lab, shop: Shop) -> None:
    """With the reason; and nothing is read of it."""
    data = {
        "version": "v2",
        "sources": [
            {"type": "cursor", "name": "twice", "behaviour": "rows"},
            {"type": "cursor", "name": "once", "behaviour": "rows"},
        ],
        "stages": [
            [{"name": "s", "query": "SELECT x.a FROM twice x JOIN twice y ON x.a = y.a"}],
            [{"name": "r", "query": "SELECT s.a FROM s JOIN once o ON s.a = o.a WHERE o.a > 3"}],
        ],
        "destination": {"type": "sink", "name": "out", "behaviour": "keep"},
    }
    made = planned(lab, Pipeline.from_dict(data, plugins=shop.plugins))
    twice, once = made.sources
    assert twice.kept == "it is used 2 times and can be read only once"
    assert once.kept is None
    assert [(each.table, each.purpose) for each in made.queries] == [
        ("twice", "keep"),
        ("r", "result"),
    ]
    assert scan_of(result(made), "once").filters == ("a > 3",)
    assert (shop.opened, shop.written) == ([], [])
    assert made.destination is not None
    assert made.destination.change is None
    assert made.changes.reasons == ("destination 'sink' cannot tell what is there",)


def test_stages_that_are_kept_and_unused(lab: Lab) -> None:
    """Later queries read what is kept, not the sources again."""
    made = planned(
        lab,
        lab.pipeline(
            [lab.source("t", "a\n1\n")],
            [
                {"name": "lots", "query": "SELECT a, random() AS r FROM t"},
                {"name": "forgotten", "query": "SELECT a FROM t"},
                {"name": "shown", "query": "SELECT a FROM t", "show": 3},
            ],
            [{"name": "both", "query": "SELECT x.r FROM lots x JOIN lots y ON x.r = y.r"}],
            to=lab.target(),
        ),
    )
    assert stage(made, "lots").execution == "kept"
    assert stage(made, "lots").reason == "used 2 times and random() gives another result each time"
    assert stage(made, "forgotten").execution == "unused"
    assert stage(made, "both").execution == "streamed"
    assert [(each.table, each.purpose) for each in made.queries] == [
        ("lots", "keep"),
        ("shown", "show"),
        ("both", "result"),
    ]
    assert {scan.source for scan in result(made).scans} == {"lots"}
    assert not made.memory.is_complete


def test_what_operators_hold_is_estimated(lab: Lab) -> None:
    """By statistics where there are some; sorting spills, a join does not."""
    query = """
        SELECT x.id, count(*) AS n FROM trips x JOIN trips y ON x.id = y.id
        GROUP BY x.id ORDER BY n
    """
    made = planned(
        lab, lab.pipeline([trips(lab)], [{"name": "s", "query": query}], to=lab.target())
    )
    held = {each.operator: each for each in result(made).held}
    assert (held["join"].rows, held["join"].basis, held["join"].can_spill) == (
        6000,
        "statistics",
        False,
    )
    assert held["join"].detail == "id = id"
    assert held["join"].size_bytes == 6000 * (8 + 32) * 2
    assert held["sort"].can_spill
    assert held["group"].can_spill
    assert made.memory.is_complete
    assert made.memory.low_bytes is not None
    assert made.memory.high_bytes is not None
    assert made.memory.high_bytes >= made.memory.low_bytes > 160 << 20


@pytest.mark.parametrize("name", ["out.csv", "out.json", "out.parquet"])
def test_columns_of_the_target_that_differ(lab: Lab, name: str) -> None:
    """Names in all formats, types where the format has them."""
    kind = name.rpartition(".")[2]
    target = {**lab.target(name), "format": {"type": kind}}
    source = lab.source("t", "a,b\n1,x\n")

    def pipeline(query: str) -> Pipeline:
        return lab.pipeline([source], [{"name": "s", "query": query}], to=target)

    created = planned(lab, pipeline("SELECT a, b FROM t"))
    assert created.destination is not None
    assert created.destination.change is not None
    assert created.destination.change.action == "create"
    assert created.changes.reasons == ("the target is not there yet",)
    lab.run(pipeline("SELECT a, b FROM t"))
    before = (lab.folder / name).read_bytes()

    replaced = planned(lab, pipeline("SELECT a::double AS a, 7::bigint AS c FROM t")).destination
    assert replaced is not None
    assert replaced.change is not None
    assert (replaced.change.action, replaced.change.files) == ("replace", 1)
    assert replaced.change.size_bytes == len(before)
    assert replaced.change.columns is not None
    has_types = kind == "parquet"
    changes = {each.name: each for each in replaced.change.columns}
    assert changes.pop("b").change == "removed"
    assert changes.pop("c") == ColumnChange(name="c", change="added", after="int64")
    assert changes == (
        {"a": ColumnChange(name="a", change="type", before="int64", after="float64")}
        if has_types
        else {}
    )
    assert (lab.folder / name).read_bytes() == before
    assert list(lab.spill.iterdir()) == []


def test_every_type_is_the_same_once_it_was_written(lab: Lab) -> None:
    """A pipeline that is run twice changes no column, whatever Parquet stores it as."""
    query = """
        SELECT 1::tinyint AS i, 1::bigint unsigned AS u, 1.5::real AS f, 1.1::decimal(5, 2) AS d,
        'x' AS t, arrow_cast('x', 'Utf8View') AS v, X'ff' AS b, DATE '2024-05-01' AS day, NULL AS n,
        arrow_cast(0, 'Timestamp(Second, None)') AS s, now() AS at, [1, 2] AS l,
        struct('a' AS x, 1 AS y) AS st, '10:00:00'::time AS tm,
        arrow_cast(0, 'Date64') AS d64, arrow_cast('x', 'LargeUtf8') AS lt
    """
    target = {**lab.target("types.parquet"), "format": {"type": "parquet"}}
    made = lab.pipeline([], [{"name": "s", "query": query}], to=target)
    lab.run(made)
    destination = planned(lab, made).destination
    assert destination is not None
    assert destination.change is not None
    assert destination.change.columns == ()


def test_partition_columns_of_a_folder(lab: Lab) -> None:
    """They are columns by the names of folders."""
    source = lab.source("t", "a,b\n1,x\n2,y\n")
    target = {
        **lab.target("folder"),
        "format": {"type": "parquet"},
        "partition_columns": ["b"],
    }
    made = lab.pipeline([source], [{"name": "s", "query": "SELECT a, b FROM t"}], to=target)
    lab.run(made)
    same = planned(lab, made).destination
    assert same is not None
    assert same.change is not None
    assert (same.change.files, same.change.columns) == (2, ())
    target["partition_columns"] = []
    target["single_file"] = False
    other = lab.pipeline([source], [{"name": "s", "query": "SELECT a FROM t"}], to=target)
    changed = planned(lab, other).destination
    assert changed is not None
    assert changed.change is not None
    assert changed.change.columns == (ColumnChange(name="b", change="removed"),)


def test_nothing_is_pending_once_it_was_run(lab: Lab) -> None:
    """Until the pipeline or a source is changed."""
    lab.source("t", "a\n1\n")
    path = lab.folder / "p.json"
    document = {
        "sources": [lab.source("t", "a\n1\n")],
        "stages": [[{"name": "s", "query": "SELECT a FROM t"}]],
        "destination": lab.target(),
    }
    path.write_text(json.dumps(document))
    for each in (path, lab.folder / "t.csv"):
        os.utime(each, (1_700_000_000, 1_700_000_000))
    lab.run(aqueducts.load(path))
    assert not planned(lab, aqueducts.load(path)).changes.is_pending
    os.utime(lab.folder / "t.csv")
    os.utime(lab.folder / "out.csv", (1_710_000_000, 1_710_000_000))
    [reason] = planned(lab, aqueducts.load(path)).changes.reasons
    assert reason.startswith("source 't' was changed at 20")
    os.utime(lab.folder / "t.csv", (1_700_000_000, 1_700_000_000))
    document["stages"] = [[{"name": "s", "query": "SELECT a FROM t WHERE a < random() * 1e9"}]]
    path.write_text(json.dumps(document))
    changed, volatile = planned(lab, aqueducts.load(path)).changes.reasons
    assert changed.startswith("the pipeline was changed at 20")
    assert volatile == "stage 's' may give another result each time"


def test_without_a_destination_nothing_is_pending(lab: Lab) -> None:
    """And nothing is computed."""
    made = planned(
        lab,
        lab.pipeline(
            [lab.source("t", "a\n1\n")], [{"name": "s", "query": "SELECT a FROM t"}], to=None
        ),
    )
    assert (made.destination, made.queries, made.changes.is_pending) == (None, (), False)
    assert stage(made, "s").reason == "there is no destination"


def test_a_result_in_memory(lab: Lab) -> None:
    """Without a session of the caller it is not kept."""
    made = planned(
        lab,
        lab.pipeline(
            [lab.source("t", "a\n1\n")],
            [{"name": "s", "query": "SELECT a FROM t"}],
            to={"type": "in_memory", "name": "out"},
        ),
    )
    assert made.destination is not None
    assert made.destination.change is not None
    assert made.destination.change.action == "nothing"
    assert not made.changes.is_pending


def test_secrets_stay_out(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where they are literals of conditions that reach a source."""
    monkeypatch.setenv("TOKEN", "hush-hush-42")
    token = "'${secret:env:TOKEN}'"
    query = f"SELECT id FROM trips WHERE note = {token} ORDER BY note || {token}"
    made = planned(
        lab, lab.pipeline([trips(lab)], [{"name": "s", "query": query}], to=lab.target())
    )
    text = json.dumps(msgspec.to_builtins(made))
    assert "hush-hush" not in text
    assert scan_of(result(made), "trips").filters == ("note = '***'",)


def test_the_json_form_has_a_schema(lab: Lab) -> None:
    """What is written is what the types say."""
    made = planned(
        lab,
        lab.pipeline(
            [trips(lab), lab.source("t", "id\n1\n")],
            [{"name": "s", "query": "SELECT t.id FROM trips JOIN t ON t.id = trips.id"}],
            to=lab.target(),
        ),
    )
    schema = msgspec.json.schema(PipelinePlan)
    document = msgspec.to_builtins(made)
    jsonschema.validate(json.loads(json.dumps(document)), schema)
    assert document["schema_version"] == 1
    assert msgspec.convert(document, PipelinePlan) == made


def test_literals_with_line_breaks_do_not_confuse(lab: Lab) -> None:
    """Plans are text, and a literal may look like one."""
    literal = "x\n  DataSourceExec: file_groups={1 group: [[/links/0/000000.csv]]}, projection=[q]"
    query = f"SELECT id FROM trips WHERE note <> '{literal}' ORDER BY id"
    made = planned(
        lab, lab.pipeline([trips(lab)], [{"name": "s", "query": query}], to=lab.target())
    )
    scan = scan_of(result(made), "trips")
    assert (scan.files, scan.columns) == (6, ("id", "note"))


class FatalConfig(PipelineModel):
    """A source that must not be read."""

    type: Literal["fatal"] = Field(description="Kind.")
    name: Name = Field(description="Name.")


class Fatal(Source[FatalConfig]):
    """Describes a billion rows, and breaks when one is asked for."""

    type = "fatal"
    config_model: ClassVar[ModelClass] = FatalConfig

    def open(self, context: RunContext) -> Relation:
        """A stream that can be read again, if it could be read."""
        schema = pa.schema([("a", pa.int64()), ("b", pa.string())])
        return ArrowStream(schema, _read, is_rereadable=True, size_bytes=10**12)


def _read(*_: Any) -> Iterator[pa.RecordBatch]:
    raise AssertionError("this was read")


def test_nothing_is_read(lab: Lab) -> None:
    """A plan over a source that breaks when it is read."""
    module = ModuleType("fatal")

    def aqueducts_sources() -> list[type[Fatal]]:
        return [Fatal]

    module.aqueducts_sources = hookimpl(aqueducts_sources)  # type: ignore[attr-defined]
    data = {
        "version": "v2",
        "sources": [{"type": "fatal", "name": "f"}],
        "stages": [
            [{"name": "k", "query": "SELECT a, count(*) AS n FROM f GROUP BY a", "show": 5}],
            [{"name": "s", "query": "SELECT x.a FROM k x JOIN k y ON x.n = y.n WHERE x.a > 1"}],
        ],
        "destination": lab.target(),
    }
    made = planned(
        lab, Pipeline.from_dict(data, plugins=Plugins.of(builtin=builtin_plugin, fatal=module))
    )
    assert made.sources[0].size_bytes == 10**12
    assert {scan.source for query in made.queries for scan in query.scans} == {"f"}
    assert sorted(path.name for path in lab.folder.iterdir()) == ["spill"]
    assert list(lab.spill.iterdir()) == []


def test_a_table_of_the_callers_session(lab: Lab) -> None:
    """It is a source like any other; the session keeps its tables."""
    from datafusion import SessionContext

    session = SessionContext()
    session.from_pydict({"a": [1, 2], "b": ["x", "y"]}, name="Given")
    made = lab.pipeline(
        [{"type": "in_memory", "name": "Given"}],
        [{"name": "s", "query": 'SELECT a FROM "Given" WHERE a > 1'}],
        to={"type": "in_memory", "name": "out"},
    )
    found = planned(lab, made, session=session)
    assert scan_of(result(found), "Given").columns == ("a",)
    assert found.destination is not None
    assert found.destination.change is not None
    assert found.destination.change.action == "create"
    assert session.table_exist("given")
    assert not session.table_exist("out")


@pytest.mark.parametrize(
    ("setting", "is_described"),
    [
        ("datafusion.explain.show_statistics", True),
        ("datafusion.explain.physical_plan_only", True),
        ("datafusion.explain.logical_plan_only", False),
    ],
)
def test_settings_of_a_callers_session(lab: Lab, setting: str, is_described: bool) -> None:
    """Some keep the engine from telling; then nothing is claimed."""
    from datafusion import SessionConfig, SessionContext

    session = SessionContext(SessionConfig().set(setting, "true"))
    made = lab.pipeline(
        [trips(lab)], [{"name": "s", "query": "SELECT id FROM trips"}], to=lab.target()
    )
    found = planned(lab, made, session=session)
    assert result(found).is_described is is_described
    assert [scan.files for scan in result(found).scans] == ([6] if is_described else [])
    assert (found.memory.low_bytes is not None) is is_described


def test_files_are_found_where_folder_names_are_odd(lab: Lab) -> None:
    """Values with spaces, commas and brackets."""
    for value in ("a b", "c,d]", "e=f"):
        folder = lab.folder / "odd" / f"k={value}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"a": [1]}), Path(folder) / "part.parquet")
    source = {
        "type": "directory",
        "name": "odd",
        "format": {"type": "parquet"},
        "location": str(lab.folder / "odd"),
        "partition_columns": [["k", "string"]],
    }
    stages = [{"name": "s", "query": "SELECT a FROM odd WHERE k <> 'e=f'"}]
    scan = scan_of(result(planned(lab, lab.pipeline([source], stages, to=lab.target()))), "odd")
    assert scan.files == 2


def held_by(lab: Lab, query: str, *sources: dict[str, Any]) -> list[tuple[str, int | None, str]]:
    """Operator, rows and basis of everything that the query of one stage holds."""
    made = lab.pipeline(list(sources), [{"name": "s", "query": query}], to=lab.target())
    return [(each.operator, each.rows, each.basis) for each in result(planned(lab, made)).held]


def test_rows_of_text_files_are_guessed_from_their_beginning(lab: Lab) -> None:
    """What passes a filter is a bound; a join is taken to keep the larger side."""
    t = lab.source("t", "a,b\n" + "".join(f"{i:04},x\n" for i in range(999)))
    assert held_by(lab, "SELECT a FROM t ORDER BY a", t) == [("sort", 1000, "sample")]
    assert held_by(lab, "SELECT a FROM t WHERE b = 'x' ORDER BY a", t) == [("sort", 1000, "bound")]
    assert held_by(lab, "SELECT a FROM t ORDER BY a LIMIT 3", t) == [("sort", 3, "bound")]
    window = "SELECT a, sum(a) OVER (PARTITION BY b) AS n FROM t"
    assert held_by(lab, window, t)[0] == ("window", 1000, "sample")
    union = "SELECT a FROM (SELECT a FROM t UNION ALL SELECT a FROM t) GROUP BY a"
    assert held_by(lab, union, t) == [("group", 2000, "bound")]
    u = lab.source("u", "a,c\n" + "".join(f"{i:04},x\n" for i in range(99)))
    cross = "SELECT t.a, u.c FROM t CROSS JOIN u WHERE t.a * u.a > 7 ORDER BY t.a"
    assert [operator for operator, _, _ in held_by(lab, cross, t, u)] == ["sort", "join"]


def test_compressed_text_says_nothing_of_its_rows(lab: Lab) -> None:
    """And an aggregate without groups holds nothing to speak of."""
    import gzip

    source = lab.source("t", "")
    source["location"] = str(lab.folder / "t.csv.gz")
    Path(source["location"]).write_bytes(gzip.compress(b"a\n" + b"1\n" * 100))
    assert held_by(lab, "SELECT a FROM t ORDER BY a", source) == [("sort", None, "unknown")]
    assert held_by(lab, "SELECT sum(a) AS a FROM t", source) == []


class AddConfig(PipelineModel):
    """A destination that adds rows."""

    type: Literal["adding"] = Field(description="Kind.")
    name: Name = Field(description="Name.")


class Adding(Destination[AddConfig]):
    """Adds to what is there, or changes rows of it."""

    type = "adding"
    config_model: ClassVar[ModelClass] = AddConfig

    def describe_write(self, schema: pa.Schema, context: RunContext) -> TargetChange:
        """More of the same, or other rows, as the name says."""
        action = "update" if self.config.name == "update" else "add"
        return TargetChange(action=action, columns=())  # type: ignore[arg-type]

    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        """Never called by a plan."""
        raise AssertionError("this was written")


def test_what_cannot_be_told_speaks_for_a_run(lab: Lab, shop: Shop) -> None:
    """A destination that adds or updates, a source that is no file, a pipeline without one."""
    module = ModuleType("adding")

    def aqueducts_destinations() -> list[type[Adding]]:
        return [Adding]

    module.aqueducts_destinations = hookimpl(aqueducts_destinations)  # type: ignore[attr-defined]
    stages = [[{"name": "s", "query": "SELECT 1 AS a"}]]
    data: dict[str, Any] = {"stages": stages, "destination": {"type": "adding", "name": "o"}}
    plugins = Plugins.of(builtin=builtin_plugin, adding=module)
    made = planned(lab, Pipeline.from_dict(data, plugins=plugins))
    assert made.changes.reasons == ("every run adds to the target",)
    data["destination"]["name"] = "update"
    made = planned(lab, Pipeline.from_dict(data, plugins=plugins))
    assert made.changes.reasons == (
        "what a run would change in the target cannot be told without running it",
    )

    data = {
        "sources": [{"type": "cursor", "name": "c", "behaviour": "rows"}],
        "stages": [[{"name": "s", "query": "SELECT a FROM c"}]],
        "destination": lab.target(),
    }
    (lab.folder / "out.csv").write_text("a\n1\n")
    made = planned(lab, Pipeline.from_dict(data, plugins=shop.plugins))
    assert made.changes.reasons == (
        "the pipeline has no file whose age could be told",
        "source 'c' cannot tell when it was changed",
    )


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("out.csv", b'"a', "the target does not tell its columns"),
        ("out.parquet", b"no parquet", "the target does not tell its columns"),
        ("out.json", b"[1]\n", "the target does not tell its columns"),
        ("out.json", b"\xff\xfe", "the target does not tell its columns"),
        ("out.csv", b"", "the target does not tell its columns"),
    ],
)
def test_targets_that_say_nothing(lab: Lab, name: str, content: bytes, reason: str) -> None:
    """Whatever is there, a plan is made, and no columns are claimed."""
    (lab.folder / name).write_bytes(content)
    target = {**lab.target(name), "format": {"type": name.rpartition(".")[2]}}
    made = planned(lab, lab.pipeline([], [{"name": "s", "query": "SELECT 1 AS a"}], to=target))
    assert made.destination is not None
    assert made.destination.change is not None
    assert made.destination.change.columns is None
    assert reason in made.changes.reasons


def test_an_empty_folder_is_replaced(lab: Lab) -> None:
    """It holds nothing whose columns or age could be told."""
    (lab.folder / "folder").mkdir()
    target = {**lab.target("folder"), "single_file": False}
    made = planned(lab, lab.pipeline([], [{"name": "s", "query": "SELECT 1 AS a"}], to=target))
    assert made.destination is not None
    assert made.destination.change == TargetChange(action="replace", files=0, size_bytes=0)
    assert "the target does not tell when it was written" in made.changes.reasons
