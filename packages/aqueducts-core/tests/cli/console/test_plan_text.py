"""What people read of a plan."""

from __future__ import annotations

from aqueducts.cli.console.plan_graph import plan_graph
from aqueducts.cli.console.plan_text import plan_as_text
from aqueducts.cli.console.terminal import Styler
from aqueducts.pipeline_plan import (
    Changes,
    Column,
    DestinationPlan,
    MemoryEstimate,
    PipelinePlan,
    PlannedQuery,
    SourcePlan,
    StagePlan,
)
from aqueducts.plan_facts import ColumnChange, HeldRows, SourceScan, TargetChange

PLAN = PipelinePlan(
    pipeline="p.yml",
    sources=(
        SourcePlan(
            name="a_source_with_a_very_long_name",
            type="cursor",
            columns=(Column("a", "int64"),),
            is_rereadable=False,
            kept="it is used 2 times and can be read only once",
        ),
        SourcePlan(name="files", type="file", location="x/*.csv", files=3, size_bytes=3000),
    ),
    stages=(
        StagePlan(name="one", group=0, reads=("files",), execution="kept", reason="as it is"),
        StagePlan(name="two", group=1, execution="unused", reason="nobody wants it"),
    ),
    queries=(
        PlannedQuery(table="one", purpose="keep", is_described=False),
        PlannedQuery(table="one", purpose="explain_analyze"),
        PlannedQuery(
            table="one",
            purpose="show",
            scans=(
                SourceScan(source="a_source_with_a_very_long_name", columns=("a",)),
                SourceScan(
                    source="files",
                    columns=(),
                    filters=("b > 3",),
                    has_runtime_filter=True,
                    limit=1,
                    files=2,
                    file_bytes=2000,
                    read_bytes=1500,
                ),
            ),
            held=(
                HeldRows(operator="join", detail="a = b", rows=5, size_bytes=200, basis="bound"),
                HeldRows(operator="window", detail="whole partitions"),
            ),
        ),
    ),
    destination=DestinationPlan(
        name="out",
        type="file",
        change=TargetChange(
            action="replace",
            files=1,
            size_bytes=10,
            columns=(
                ColumnChange(name="a", change="added"),
                ColumnChange(name="b", change="removed", before="string"),
                ColumnChange(name="c", change="type", before="int32", after="int64"),
            ),
        ),
    ),
    memory=MemoryEstimate(low_bytes=100_000_000, high_bytes=200_000_000, limit_bytes=10**9),
    changes=Changes(is_pending=True, reasons=("columns differ: 'a'",)),
)

TEXT = """\
plan of p.yml

sources
  a_source_with_a_very_long_name
                            cursor, can be read only once, read once and kept, since it is used 2 times and can be read only once
                            a int64
  files                     file x/*.csv, 3 files, 3.0 KB

stages
  one                       reads files; computed once and kept (as it is)
  two                       reads no table; not computed: nobody wants it

read to keep one
                            the engine cannot tell

read to measure one
                            nothing

read to show one
  a_source_with_a_very_long_name
                            columns a
  files                     2 of 3 files, at most 1.5 KB of 3.0 KB, until there are 1 row
                            no columns
                            where b > 3 AND what a join or LIMIT finds on the way

destination
  out                       file out: is replaced (1 file, 10 B); columns differ
                            + a
                            - b string
                            ~ c int32 -> int64

memory
                            an estimate: 100 MB to 200 MB, and more for what nobody knows the size of; the limit is 1.0 GB
                            join on a = b: at most 5 rows, 200 B
                            window over whole partitions: unknown

changes
                            columns differ: 'a'"""  # noqa: E501 - as it is printed


def plain(plan: PipelinePlan, width: int | None = None) -> str:
    """The text without colours."""
    return plan_as_text(plan, width=width, style=Styler(has_color=False))


def test_everything_a_plan_can_say() -> None:
    """Line by line."""
    assert plain(PLAN) == TEXT


def test_lines_are_wrapped_with_colours_apart() -> None:
    """Styles do not count as text."""
    colored = plan_as_text(PLAN, width=60, style=Styler(has_color=True))
    assert "\x1b[1mplan of p.yml\x1b[0m" in colored
    assert max(map(len, plain(PLAN, 60).splitlines())) <= 60


def target(change: TargetChange | None) -> str:
    """The line of the destination."""
    destination = DestinationPlan(name="out", type="table", location="there", change=change)
    lines = plain(PipelinePlan(destination=destination)).splitlines()
    return lines[lines.index("destination") + 1].strip()


def test_what_becomes_of_the_target() -> None:
    """Each action in words."""
    assert target(None) == "out  table there: cannot tell what is there"
    assert target(TargetChange(action="create")) == "out  table there: is created"
    assert target(TargetChange(action="add")) == "out  table there: gets more rows"
    updates = TargetChange(action="update", detail="rows of the same id are replaced")
    assert target(updates) == "out  table there: rows of the same id are replaced"
    assert target(TargetChange(action="update")) == "out  table there: is updated"
    assert target(TargetChange(action="add", files=2, size_bytes=5)).endswith(
        "gets more rows (2 files, 5 B)"
    )
    assert target(TargetChange(action="nothing")).endswith("the result is computed and not kept")
    assert target(TargetChange(action="replace")) == "out  table there: is replaced"
    assert target(TargetChange(action="replace", columns=())).endswith("replaced; same columns")


def test_names_cannot_drive_the_terminal() -> None:
    """Control characters are spelled out, in text and in pictures."""
    plan = PipelinePlan(stages=(StagePlan(name="a\x1b[31mb", group=0),))
    assert "\x1b" not in plain(plan)
    assert plan_graph(plan).boxes[0].title == "a\\x1b[31mb"


def test_a_graph_of_many_columns_and_kept_sources() -> None:
    """Columns that do not fit are counted."""
    columns = tuple(Column(f"c{index}", "int64") for index in range(20))
    source = SourcePlan(name="s", type="cursor", columns=columns, kept="used twice")
    [box] = plan_graph(PipelinePlan(sources=(source,))).boxes
    assert box.columns[-1] == ("and 8 more", "")
    assert box.facts == ("cursor", "read once and kept")
