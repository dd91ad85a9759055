"""Plans that need no parsing of queries."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from aqueducts.pipeline import Pipeline
from aqueducts.plan import make_plan, outline


def _pipeline(*queries: str, sources: int = 1, names: str = "xyz", **stage: Any) -> Pipeline:
    return Pipeline.from_dict(
        {
            "sources": [
                {"type": "file", "name": f"in{i}", "format": {"type": "csv"}, "location": "a.csv"}
                for i in range(sources)
            ],
            "stages": [
                [{"name": f"out_{name}", "query": query, **stage}]
                for name, query in zip(names, queries, strict=False)
            ],
            "destination": {"type": "in_memory", "name": "d"},
        }
    )


@pytest.mark.parametrize(
    "queries",
    [
        ["SELECT in0, b FROM in0 WHERE in0 > 1"],
        ["SELECT a FROM in0", "SELECT a FROM out_x", "SELECT a, b FROM out_y"],
        ["SELECT 1"],
    ],
)
def test_plain_pipelines_have_an_outline(queries: list[str]) -> None:
    """One source and no table that could be read twice: nothing hangs on the queries."""
    plan = outline(_pipeline(*queries))

    assert plan is not None
    assert plan.is_outline
    assert plan.final == f"out_{'xyz'[len(queries) - 1]}"
    assert plan.kept_stages(frozenset({"random"}), frozenset({"in0"})) == {}
    assert plan.joined_sources() == frozenset()
    assert plan.uses("in0") == 1


@pytest.mark.parametrize(
    "queries",
    [
        ["SELECT * FROM in0 a JOIN in0 b ON a.x = b.x"],
        ["SELECT * FROM in0 a, IN0 b"],
        ['SELECT * FROM "in0" UNION ALL SELECT * FROM in0'],
        ["WITH c AS (SELECT * FROM in0) SELECT * FROM c x, c y"],
        ["SELECT a FROM in0", "SELECT a FROM out_x", "SELECT a FROM out_x"],
        ["SELECT a FROM /* in0 */ in0"],
        ["SELECT a FROM in0 -- in0"],
    ],
)
def test_what_may_be_read_twice_is_parsed(queries: list[str]) -> None:
    """No outline where a table could be used twice, or where comments could hide it."""
    assert outline(_pipeline(*queries)) is None


def test_two_sources_are_parsed() -> None:
    """Two sources could be joined."""
    assert outline(_pipeline("SELECT * FROM in0", sources=2)) is None


@pytest.mark.parametrize("asked", [{"show": 3}, {"explain_analyze": True}])
def test_stages_that_are_run_on_their_own_are_parsed(asked: dict[str, Any]) -> None:
    """`show` uses a stage once more."""
    assert outline(_pipeline("SELECT random() FROM in0", **asked)) is None


def test_stages_side_by_side_are_parsed() -> None:
    """A stage must not see another one of its group."""
    pipeline = Pipeline.from_dict(
        {
            "stages": [
                [{"name": "s1", "query": "SELECT 1"}, {"name": "s2", "query": "SELECT * FROM s1"}]
            ]
        }
    )

    assert outline(pipeline) is None


def test_outline_and_plan_agree() -> None:
    """Where there is an outline, the parsed plan decides the same."""
    pipeline = _pipeline("SELECT random() r, a FROM in0", "SELECT r FROM out_x")
    short, full = outline(pipeline), make_plan(pipeline)

    assert short is not None
    assert full.kept_stages(frozenset({"random"}), frozenset({"in0"})) == {}
    assert (short.sources, short.final) == (full.sources, full.final)
    assert [stage.name for stage in short.stages] == [stage.name for stage in full.stages]
    assert "sqlglot" in sys.modules  # the full plan is what loads it
