"""Which sources of a join the planner is told the size of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from aqueducts.builtin.datafusion_engine import row_bounds

if TYPE_CHECKING:
    from builtin.datafusion_engine.conftest import Bench


def _small(rows: int = 3) -> str:
    return "k,v\n" + "".join(f"{i},x\n" for i in range(rows))


def _plan(bench: Bench, query: str) -> str:
    bench.session.define("j", query)
    return bench.session.explain("j", analyze=False)


def _limits(plan: str) -> int:
    return plan.rpartition("physical_plan")[2].count("limit=")


JOIN = "SELECT a.v, b.v AS w FROM a JOIN b ON a.k = b.k"


def test_the_largest_source_has_no_limit(bench: Bench) -> None:
    """The small side is known and becomes the hash table, the large one keeps its partitions."""
    bench.csv(_small(500), name="a", is_joined=True)
    bench.csv(_small(), name="b", is_joined=True)

    plan = _plan(bench, JOIN)

    assert _limits(plan) == 1
    assert "limit=5" in plan  # header, three rows, and one that may lack its line break


def test_written_the_other_way_round_it_is_the_same(bench: Bench) -> None:
    """The order of the query does not decide."""
    bench.csv(_small(), name="a", is_joined=True)
    bench.csv(_small(500), name="b", is_joined=True)

    assert "limit=5" in _plan(bench, JOIN)


def test_a_left_join_builds_from_the_small_side(bench: Bench) -> None:
    """A large table on the left of several joins never becomes a hash table."""
    bench.csv(_small(500), name="a", is_joined=True)
    for name in ("b", "c"):
        bench.csv(_small(), name=name, is_joined=True)

    plan = _plan(
        bench,
        "SELECT a.v FROM a LEFT JOIN b ON a.k = b.k LEFT JOIN c ON a.k = c.k WHERE a.v <> 'y'",
    )

    assert plan.count("join_type=Right") == 2


def test_two_large_sources_are_told_by_their_bytes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be counted, sizes in proportion to the bytes decide."""
    monkeypatch.setattr(row_bounds, "COUNTED_BYTES", 4)
    bench.csv(_small(500), name="a", is_joined=True)
    bench.csv(_small(), name="b", is_joined=True)

    assert _limits(_plan(bench, JOIN)) == 2


def test_one_large_source_beside_a_small_one(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small one is counted, the large one needs nothing."""
    monkeypatch.setattr(row_bounds, "COUNTED_BYTES", 200)
    bench.csv(_small(500), name="a", is_joined=True)
    bench.csv(_small(), name="b", is_joined=True)

    plan = _plan(bench, JOIN)

    assert _limits(plan) == 1
    assert "limit=5" in plan


def test_sources_outside_joins_have_none(bench: Bench) -> None:
    """A scan without a join keeps all its partitions."""
    bench.csv(_small(), name="a")

    assert _limits(_plan(bench, "SELECT v FROM a")) == 0


@pytest.mark.parametrize("kind", ["INNER", "LEFT", "RIGHT", "FULL"])
def test_results_do_not_depend_on_it(bench: Bench, kind: str) -> None:
    """Joins give the same rows with and without what the planner was told."""

    def answer(**options: Any) -> list[Any]:
        bench.csv(_small(50), name="a", **options)
        bench.csv("k,v\n1,p\n1,q\n99,r", name="b", **options)
        bench.session.define("j", f"SELECT a.k, b.v FROM a {kind} JOIN b ON a.k = b.k")
        rows = bench.session.head("j", 100).to_pylist()
        for name in ("j", "a", "b"):
            bench.session.drop(name)
        return sorted(rows, key=str)

    assert answer(is_joined=True) == answer(is_joined=False)
