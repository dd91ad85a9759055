"""Runs that fail: each error names its step, nothing is touched, no secret is told."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import pytest

import aqueducts
from aqueducts.errors import (
    AqueductsError,
    DestinationError,
    PlanError,
    SecretError,
    SourceError,
    StageError,
    StorageError,
)
from aqueducts.events import (
    DestinationStarted,
    RunFailed,
    SourceRegistered,
    StageStarted,
)

if TYPE_CHECKING:
    from conftest import Lab


def stage(name: str, query: str, **options: Any) -> dict[str, Any]:
    """One stage."""
    return {"name": name, "query": query, **options}


ORDERS = "id,customer,amount\n1,7,10\n2,8,20\n3,7,30\n"
CUSTOMERS = "id,name\n7,Ada\n8,Bob\n"


class TestErrors:
    """Each names its step, and nothing is touched."""

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("SELECT nope FROM orders", "nope"),
            ("SELECT * FROM nope", "nope"),
            ("SELECT id + customer_list FROM orders", "customer_list"),
            ("SELECT sum(name) AS n FROM customers", "sum"),
            ("SELECT arrow_cast('x', 'Int64') AS a", "x"),
            ("SELECT id, customer AS id FROM orders", "ambiguous"),
        ],
    )
    def test_mistakes_are_found_before_data_moves(self, lab: Lab, query: str, message: str) -> None:
        """The destination is as it was, and no stage has begun."""
        (lab.folder / "out.csv").write_text("old")
        made = lab.pipeline(
            [lab.source("orders", ORDERS), lab.source("customers", CUSTOMERS)],
            [stage("one", query)],
            [stage("two", "SELECT * FROM one")],
            to=lab.target(),
        )
        with pytest.raises((PlanError, StageError, AqueductsError), match=message):
            lab.run(made)
        assert (lab.folder / "out.csv").read_text() == "old"
        assert StageStarted not in lab.kinds()
        assert lab.kinds()[-1] is RunFailed

    def test_a_mistake_in_sql_has_its_place_in_the_file(self, lab: Lab) -> None:
        """Line and column of the name."""
        lab.source("orders", ORDERS)
        file = lab.folder / "p.yml"
        file.write_text(
            f"""
sources:
  - {{type: file, name: orders, format: csv, location: "{lab.folder}/orders.csv"}}
stages:
  - - name: one
      query: |
        SELECT id,
               amuont
        FROM orders
""".replace("format: csv", "format: {type: csv}")
        )
        with pytest.raises(PlanError, match="amuont") as error:
            lab.run(aqueducts.load(file))
        [problem] = error.value.problems
        assert (problem.file, problem.line, problem.column) == (str(file), 8, 16)

    def test_a_query_that_fails_while_it_runs(self, lab: Lab) -> None:
        """The destination keeps what it had, and no temporary file is left."""
        (lab.folder / "out.csv").write_text("old")
        before = set(lab.folder.iterdir()) | {lab.spill}
        query = "SELECT 1 / (400000 - value) AS a FROM generate_series(1, 500000)"
        with pytest.raises(AqueductsError, match=r"division by zero") as error:
            lab.run(lab.pipeline([], [stage("s", query)], to=lab.target()))
        assert error.value.step == "s"  # the query failed, not the target
        assert (lab.folder / "out.csv").read_text() == "old"
        assert set(lab.folder.iterdir()) == before
        assert list(lab.spill.iterdir()) == []
        failed = lab.event(RunFailed)
        assert (failed.step, failed.code) == ("s", error.value.code)

    def test_a_stage_that_fails_while_it_is_kept(self, lab: Lab) -> None:
        """It is the step that failed."""
        query = "SELECT 1 / (value - 5) AS a FROM generate_series(1, 10)"
        with pytest.raises(AqueductsError, match=r"division by zero") as error:
            lab.run(lab.pipeline([], [stage("bad", query, materialize="always")], to=lab.target()))
        assert error.value.step == "bad"

    def test_a_missing_source(self, lab: Lab) -> None:
        """The error names the source and the path."""
        missing = {
            **lab.source("x", ORDERS),
            "location": str(lab.folder / "gone.csv"),
            "name": "gone",
        }
        made = lab.pipeline([missing], [stage("s", "SELECT * FROM gone")], to=lab.target())
        with pytest.raises((StorageError, SourceError), match=r"gone\.csv") as error:
            lab.run(made)
        assert error.value.step == "gone"
        assert lab.event(RunFailed).step == "gone"

    def test_several_sources_that_fail(self, lab: Lab) -> None:
        """One of them is told; the run ends once."""
        sources = []
        for number in range(5):
            location = str(lab.folder / f"gone{number}.csv")
            sources.append({**lab.source("x", ORDERS), "location": location, "name": f"s{number}"})
        with pytest.raises((StorageError, SourceError), match="gone"):
            lab.run(lab.pipeline(sources, [stage("s", "SELECT 1 AS a")], to=lab.target()))
        assert lab.kinds().count(RunFailed) == 1
        assert list(lab.spill.iterdir()) == []

    def test_a_destination_that_cannot_be_written(self, lab: Lab) -> None:
        """Found before any source is opened."""
        (lab.folder / "taken").mkdir()
        (lab.folder / "taken" / "theirs.txt").write_text("x")
        made = lab.pipeline(
            [lab.source("orders", ORDERS)],
            [stage("s", "SELECT * FROM orders")],
            to=lab.target("taken"),
        )
        with pytest.raises((StorageError, DestinationError)) as error:
            lab.run(made)
        assert error.value.step == "out"
        assert SourceRegistered not in lab.kinds()
        assert (lab.folder / "taken" / "theirs.txt").exists()

    def test_a_type_that_the_destination_cannot_hold(self, lab: Lab) -> None:
        """Found before data moves."""
        with pytest.raises(DestinationError, match="a") as error:
            lab.run(lab.pipeline([], [stage("s", "SELECT make_array(1) AS a")], to=lab.target()))
        assert error.value.step == "out"
        assert DestinationStarted not in lab.kinds()


class TestSecrets:
    """Never in errors, never in events."""

    def test_in_errors_and_events(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also where a connector puts them in its message."""
        monkeypatch.setenv("HIDDEN_PLACE", "hunter2hunter2")
        location = f"{lab.folder}/${{secret:env:HIDDEN_PLACE}}.csv"
        source = {**lab.source("x", ORDERS), "location": location}
        made = lab.pipeline([source], [stage("s", "SELECT * FROM x")], to=lab.target())
        with pytest.raises(AqueductsError) as error:
            lab.run(made)
        texts = [str(error.value), repr(error.value), *map(repr, lab.events), repr(made)]
        assert not [text for text in texts if "hunter2" in text]
        assert "***" in str(error.value)

    def test_in_outputs(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        """A query may hold one; its plan must not show it."""
        monkeypatch.setenv("HIDDEN_WORD", "hunter2hunter2")
        made = lab.pipeline(
            [lab.source("orders", ORDERS)],
            [
                stage(
                    "s", "SELECT '${secret:env:HIDDEN_WORD}' AS w FROM orders", explain=True, show=1
                )
            ],
            to=lab.target(),
        )
        result = lab.run(made)
        assert lab.rows()[0] == ["hunter2hunter2"]
        assert "hunter2" not in repr(result.outputs)
        assert "hunter2" not in repr(lab.events)

    def test_in_problems_with_a_query(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        """The engine quotes what it cannot cast; a traceback shows the engine's words too."""
        monkeypatch.setenv("HIDDEN_WORD", "hunter2hunter2")
        query = "SELECT CAST('${secret:env:HIDDEN_WORD}' AS INT) AS n FROM orders"
        made = lab.pipeline([lab.source("orders", ORDERS)], [stage("s", query)], to=None)
        with pytest.raises(PlanError) as error:
            lab.run(made)
        (problem,) = error.value.problems
        assert "***" in problem.message
        traceback_ = "".join(traceback.format_exception(error.value))
        texts = [repr(problem), str(error.value), traceback_, *map(repr, lab.events)]
        assert not [text for text in texts if "hunter2" in text]

    def test_a_secret_that_is_not_there(self, lab: Lab) -> None:
        """The reference is named, with the step."""
        source = {**lab.source("x", ORDERS), "location": "${secret:env:NOT_THERE_AT_ALL}"}
        with pytest.raises(SecretError, match="NOT_THERE_AT_ALL") as error:
            lab.run(lab.pipeline([source], [stage("s", "SELECT * FROM x")], to=None))
        assert error.value.step == "x"
