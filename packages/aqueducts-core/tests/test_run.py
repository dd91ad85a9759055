"""Runs through the public door: what is told, what is given back, what is left behind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import aqueducts
from aqueducts.errors import (
    PlanError,
)
from aqueducts.events import (
    DestinationCompleted,
    DestinationStarted,
    Event,
    Notice,
    Progress,
    RunCompleted,
    RunFailed,
    RunStarted,
    SourceRegistered,
    StageCompleted,
    StageOutput,
    StageStarted,
)
from aqueducts.results import RunSettings

if TYPE_CHECKING:
    from conftest import Lab


def stage(name: str, query: str, **options: Any) -> dict[str, Any]:
    """One stage."""
    return {"name": name, "query": query, **options}


ORDERS = "id,customer,amount\n1,7,10\n2,8,20\n3,7,30\n"
CUSTOMERS = "id,name\n7,Ada\n8,Bob\n"


def test_a_pipeline_from_files_to_a_file(lab: Lab) -> None:
    """Two groups, a join, a sorted result."""
    made = lab.pipeline(
        [lab.source("orders", ORDERS), lab.source("customers", CUSTOMERS)],
        [
            stage("big", "SELECT * FROM orders WHERE amount > 10"),
            stage("who", "SELECT * FROM customers"),
        ],
        [
            stage(
                "result",
                "SELECT name, amount FROM big JOIN who ON customer = who.id ORDER BY amount DESC",
            )
        ],
        to=lab.target(),
    )
    result = lab.run(made)
    assert lab.rows() == [["Ada", "30"], ["Bob", "20"]]
    assert result.rows == 2


def test_events_are_complete_and_in_order(lab: Lab) -> None:
    """Each step tells that it begins and that it ends, with what it knows."""
    made = lab.pipeline(
        [lab.source("orders", ORDERS), lab.source("customers", CUSTOMERS)],
        [stage("one", "SELECT * FROM orders"), stage("two", "SELECT * FROM customers")],
        [stage("three", "SELECT name FROM one JOIN two ON customer = two.id")],
        to=lab.target(),
    )
    result = lab.run(made)
    kinds = lab.kinds()
    assert kinds[:3] == [RunStarted, SourceRegistered, SourceRegistered]
    assert (
        sorted(kind.__name__ for kind in kinds[3:7])
        == ["StageCompleted"] * 2 + ["StageStarted"] * 2
    )
    assert kinds[7:] == [
        StageStarted,
        StageCompleted,
        DestinationStarted,
        DestinationCompleted,
        *[Progress] * 2,  # the final count of each source
        RunCompleted,
    ]
    started = lab.event(RunStarted)
    assert started.run_id == result.run_id
    assert (started.sources, started.stages) == (
        ("orders", "customers"),
        (("one", "two"), ("three",)),
    )
    assert started.destination == "out"
    registered = next(each for each in lab.events if isinstance(each, SourceRegistered))
    assert (registered.files, registered.size_bytes) == (
        1,
        len(ORDERS if registered.name == "orders" else CUSTOMERS),
    )
    places = {
        (each.name, each.position, each.sub_position)
        for each in lab.events
        if isinstance(each, StageCompleted)
    }
    assert places == {("one", 0, 0), ("two", 0, 1), ("three", 1, 0)}
    written = lab.event(DestinationCompleted)
    assert (written.rows, written.location) == (3, str(lab.folder / "out.csv"))
    assert lab.event(RunCompleted).rows == 3


def test_the_result_tells_every_step(lab: Lab) -> None:
    """Sources with rows read, stages, what was written where."""
    made = lab.pipeline(
        [lab.source("orders", ORDERS)],
        [stage("all", "SELECT * FROM orders", materialize="always")],
        [stage("result", 'SELECT id FROM "all" WHERE id > 1')],
        to=lab.target(),
    )
    result = lab.run(made)
    assert [(step.kind, step.name, step.rows) for step in result.steps] == [
        ("source", "orders", 3),
        ("stage", "all", 3),
        ("stage", "result", None),
        ("destination", "out", 2),
    ]
    source, kept, _, written = result.steps
    assert (source.files, source.size_bytes) == (1, len(ORDERS))
    assert kept.reason == "materialize: always"
    assert result.destination is written
    assert written.location == str(lab.folder / "out.csv")
    assert result.size_bytes == (lab.folder / "out.csv").stat().st_size
    assert result.duration_ms > 0
    assert result.peak_memory_bytes > 1 << 20


def test_without_a_destination_nothing_is_written(lab: Lab) -> None:
    """There is a notice, and what is to be shown is shown."""
    made = lab.pipeline(
        [lab.source("orders", ORDERS)], [stage("s", "SELECT id FROM orders", show=2)], to=None
    )
    result = lab.run(made)
    assert lab.event(Notice).code == "no-destination"
    assert result.destination is None
    assert (result.rows, result.size_bytes) == (None, None)
    [output] = result.outputs
    assert output.table is not None
    assert (output.table.rows, output.table.has_more) == ((("1",), ("2",)), True)


def test_without_stages_sources_are_opened(lab: Lab) -> None:
    """There is nothing else to do."""
    result = lab.run(lab.pipeline([lab.source("orders", ORDERS)], to=None))
    assert [step.name for step in result.steps] == ["orders"]


def test_a_destination_without_stages_is_a_plan_error(lab: Lab) -> None:
    """Before the run begins."""
    with pytest.raises(PlanError, match="no stage whose result"):
        lab.run(lab.pipeline([lab.source("orders", ORDERS)], to=lab.target()))
    assert lab.kinds() == [RunFailed]
    assert lab.event(RunFailed).code == "plan"


def test_what_a_stage_is_asked_to_print(lab: Lab) -> None:
    """Schema, plan, measured plan and rows, in this order, as events and in the result."""
    options = {"print_schema": True, "explain": True, "explain_analyze": True, "show": 0}
    made = lab.pipeline(
        [lab.source("orders", ORDERS)], [stage("s", "SELECT id FROM orders", **options)], to=None
    )
    result = lab.run(made)
    assert [each.kind for each in result.outputs] == [
        "schema",
        "explain",
        "explain_analyze",
        "show",
    ]
    assert [each for each in lab.events if isinstance(each, StageOutput)] == list(result.outputs)
    schema, plan, measured, rows = result.outputs
    assert schema.table is not None
    assert schema.table.rows == (("id", "int64"),)
    assert "orders.csv" in (plan.text or "")
    assert "output_rows" in (measured.text or "")
    assert rows.table is not None
    assert len(rows.table.rows) == 3


def test_what_is_shown_has_a_limit(lab: Lab) -> None:
    """show: 0 is everything, up to 500 rows."""
    query = "SELECT value FROM generate_series(1, 600) ORDER BY value DESC"
    result = lab.run(lab.pipeline([], [stage("s", query, show=0)], to=None))
    table = result.outputs[0].table
    assert table is not None
    assert (len(table.rows), table.rows[0], table.has_more) == (500, ("600",), True)


class TestListeners:
    """They hear, and cannot do harm."""

    def test_one_that_raises_is_logged(self, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
        """The run goes on, and the failure is in the log without secrets."""

        def listen(event: Event) -> None:
            raise RuntimeError("no ears")

        made = lab.pipeline(
            [lab.source("orders", ORDERS)], [stage("s", "SELECT * FROM orders")], to=lab.target()
        )
        assert lab.run(made, on_event=listen).rows == 3
        assert "RuntimeError: no ears" in capsys.readouterr().err

    def test_without_any(self, lab: Lab) -> None:
        """Nobody has to listen."""
        made = lab.pipeline(
            [lab.source("orders", ORDERS)], [stage("s", "SELECT * FROM orders")], to=lab.target()
        )
        assert lab.run(made, on_event=None).rows == 3


async def test_runs_at_the_same_time_do_not_meet(lab: Lab) -> None:
    """Each has its own session, folder and events."""
    made = [
        lab.pipeline(
            [lab.source(f"s{number}", f"a\n{number}\n")],
            [stage("s", f"SELECT a FROM s{number}", materialize="always")],
            to=lab.target(f"out{number}.csv"),
        )
        for number in range(4)
    ]
    settings = RunSettings(spill_dir=str(lab.spill), threads=1)
    results = await asyncio.gather(*(aqueducts.run(each, settings=settings) for each in made))
    assert len({result.run_id for result in results}) == 4
    assert [lab.rows(f"out{number}.csv") for number in range(4)] == [
        [["0"]],
        [["1"]],
        [["2"]],
        [["3"]],
    ]
    assert list(lab.spill.iterdir()) == []


def test_names_that_need_quotes_from_end_to_end(lab: Lab) -> None:
    """Sources, stages and columns of any name."""
    source = {**lab.source("x", '"A b","q""q"\n1,2\n'), "name": "My Source"}
    made = lab.pipeline(
        [source],
        [stage("My Stage", 'SELECT "A b" + "q""q" AS "the sum" FROM "My Source"')],
        [stage("Last", 'SELECT * FROM "My Stage"')],
        to=lab.target(),
    )
    assert lab.run(made).rows == 1
    assert lab.rows() == [["3"]]


def test_an_empty_result_is_written(lab: Lab) -> None:
    """A file with a header and no rows."""
    made = lab.pipeline(
        [lab.source("orders", ORDERS)],
        [stage("s", "SELECT id FROM orders WHERE id > 9")],
        to=lab.target(),
    )
    assert lab.run(made).rows == 0
    assert (lab.folder / "out.csv").read_text().strip() == "id"


def test_an_engine_that_is_not_there(lab: Lab) -> None:
    """The ones that are there are named."""
    made = lab.pipeline([], [stage("s", "SELECT 1 AS a")], to=None)
    with pytest.raises(aqueducts.errors.PluginError, match="duckdb") as error:
        aqueducts.run_sync(made, settings=RunSettings(engine="duckdb"))
    assert "datafusion" in (error.value.hint or "")
