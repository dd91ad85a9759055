"""Runs in the caller's own session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from datafusion import SessionContext

from aqueducts.errors import (
    PlanError,
    RunError,
    SourceError,
)

if TYPE_CHECKING:
    from conftest import Lab


def stage(name: str, query: str, **options: Any) -> dict[str, Any]:
    """One stage."""
    return {"name": name, "query": query, **options}


class TestGivenSession:
    """The caller's own SessionContext."""

    def test_tables_in_and_out(self, lab: Lab) -> None:
        """A source in memory and a destination in memory; the session is otherwise as it was."""
        given = SessionContext()
        given.from_pydict({"a": [1, 2, 3]}, name="mine")
        made = lab.pipeline(
            [{"type": "in_memory", "name": "mine"}],
            [stage("s", "SELECT a * 2 AS b FROM mine")],
            [stage("t", "SELECT b FROM s WHERE b > 2 ORDER BY b DESC")],
            to={"type": "in_memory", "name": "result"},
        )
        assert lab.run(made, session=given).rows == 2
        assert given.sql("SELECT b FROM result").to_pydict() == {"b": [6, 4]}
        assert given.catalog().schema().names() == {"mine", "result"}
        assert lab.run(made, session=given).rows == 2
        assert given.sql("SELECT b FROM result").to_pydict() == {"b": [6, 4]}

    def test_names_with_capitals(self, lab: Lab) -> None:
        """The engine folds them where they are registered and where they have no quotes."""
        given = SessionContext()
        given.from_pydict({"a": [1, 2, 3]}, name="Mine")
        made = lab.pipeline(
            [{"type": "InMemory", "name": "Mine"}],
            [stage("S", 'SELECT a FROM Mine UNION ALL SELECT a FROM "Mine"')],
            to={"type": "InMemory", "name": "Result"},
        )
        assert lab.run(made, session=given).rows == 6
        assert given.table("Result").count() == 6
        assert given.sql('SELECT count(*) AS n FROM "Result"').to_pydict() == {"n": [6]}
        assert given.catalog().schema().names() == {"mine", "Result", "result"}

    def test_a_table_that_is_not_there(self, lab: Lab) -> None:
        """The tables that are there are named."""
        given = SessionContext()
        given.from_pydict({"a": [1]}, name="mine")
        made = lab.pipeline(
            [{"type": "in_memory", "name": "nine"}], [stage("s", "SELECT * FROM nine")], to=None
        )
        with pytest.raises(SourceError, match="nine") as error:
            lab.run(made, session=given)
        assert "mine" in (error.value.hint or "")
        assert error.value.step == "nine"

    def test_tables_of_the_session_need_no_source(self, lab: Lab) -> None:
        """A query may name them."""
        given = SessionContext()
        given.from_pydict({"a": [1, 2]}, name="mine")
        result = lab.run(
            lab.pipeline(
                [],
                [stage("s", "SELECT a FROM mine")],
                [stage("t", "SELECT s.a FROM s, mine AS m WHERE false")],
                to=None,
            ),
            session=given,
        )
        assert [step.name for step in result.steps] == ["s", "t"]

    def test_a_mistake_beside_tables_of_the_session(self, lab: Lab) -> None:
        """They are known, also where the mistake is found by the engine."""
        given = SessionContext()
        given.from_pydict({"a": [1, 2]}, name="mine")
        made = lab.pipeline([], [stage("s", "SELECT nope FROM mine")], to=None)
        with pytest.raises(PlanError, match="nope") as error:
            lab.run(made, session=given)
        assert "not known" not in str(error.value)

    def test_a_stage_may_not_take_the_name_of_a_table(self, lab: Lab) -> None:
        """And the table is still there afterwards."""
        given = SessionContext()
        given.from_pydict({"a": [1]}, name="mine")
        with pytest.raises(PlanError, match="has a table 'mine' already"):
            lab.run(lab.pipeline([], [stage("mine", "SELECT 2 AS a")], to=None), session=given)
        assert given.table("mine").to_pydict() == {"a": [1]}

    def test_a_failed_run_leaves_the_old_result(self, lab: Lab) -> None:
        """The table in memory is replaced when the new rows are all there."""
        given = SessionContext()
        given.from_pydict({"a": [1]}, name="result")
        query = "SELECT 1 / (40000 - value) AS a FROM generate_series(1, 50000)"
        with pytest.raises(RunError):
            lab.run(
                lab.pipeline([], [stage("s", query)], to={"type": "in_memory", "name": "result"}),
                session=given,
            )
        assert given.table("result").to_pydict() == {"a": [1]}
