"""Which row is which."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from aqueducts.pipeline_tests.comparison import Differences, compare_rows
from aqueducts.pipeline_tests.contents import read_rows
from aqueducts.pipeline_tests.matching import Tolerances

SCHEMA = pa.schema([("k", pa.int64()), ("v", pa.float64()), ("t", pa.string())])

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "k": st.integers(0, 2) | st.none(),
            "v": st.sampled_from([0.0, 0.05, 0.1, 1.0, float("nan"), float("inf")]) | st.none(),
            "t": st.sampled_from(["a", "b", None]),
        }
    ),
    max_size=7,
)


def _compare(
    expected: list[dict[str, Any]],
    actual: list[dict[str, Any]],
    *,
    has_order: bool = False,
    tolerance: float = 0.0,
) -> Differences:
    return compare_rows(
        read_rows(expected, None, ()),
        pa.Table.from_pylist(actual, schema=SCHEMA),
        columns=["k", "v", "t"] if expected else None,
        has_order=has_order,
        tolerances=Tolerances(absolute=tolerance),
    )


def _keys(rows: list[dict[str, Any]]) -> list[str]:
    return [repr(sorted(row.items())) for row in rows]


@settings(max_examples=300, deadline=None)
@given(expected=ROWS, actual=ROWS)
def test_differences_are_those_of_collections(
    expected: list[dict[str, Any]], actual: list[dict[str, Any]]
) -> None:
    """What is on both sides, as often as it is on both, is the same; the rest differs."""
    found = _compare(expected, actual)
    common = (Counter(_keys(expected)) & Counter(_keys(actual))).total()
    matching = found.matching
    assert len(matching.same) == common
    assert len(matching.same) + len(matching.changed) + len(matching.missing) == len(expected)
    assert len(matching.same) + len(matching.changed) + len(matching.unexpected) == len(actual)
    for pairs in (matching.same, matching.changed):
        assert len({index for index, _ in pairs}) == len({other for _, other in pairs})
    assert bool(found) is (Counter(_keys(expected)) != Counter(_keys(actual)))


@settings(max_examples=300, deadline=None)
@given(expected=ROWS, actual=ROWS)
def test_differences_in_order_are_those_of_lists(
    expected: list[dict[str, Any]], actual: list[dict[str, Any]]
) -> None:
    """Matches do not cross, and rows that are the same in another order are told as such."""
    found = _compare(expected, actual, has_order=True)
    assert bool(found) is (_keys(expected) != _keys(actual))
    pairs = sorted((*found.matching.same, *found.matching.changed))
    others = [other for _, other in pairs]
    assert others == sorted(others)
    is_moved = sorted(_keys(expected)) == sorted(_keys(actual))
    assert found.is_order_only is (is_moved and bool(found))


@settings(max_examples=200, deadline=None)
@given(rows=ROWS, moved=st.randoms(use_true_random=False), noise=st.lists(st.floats(-0.1, 0.1)))
def test_rows_within_a_tolerance_are_the_same(
    rows: list[dict[str, Any]], moved: Any, noise: list[float]
) -> None:
    """In any order, each a little off."""
    actual = [dict(row) for row in rows]
    for row, change in zip(actual, noise, strict=False):
        if row["v"] is not None:
            row["v"] += change
    moved.shuffle(actual)
    assert not _compare(rows, actual, tolerance=0.1 + 1e-9)


def test_rows_are_paired_by_most_of_their_values() -> None:
    """Those that come first count most."""
    row = {"k": 1, "v": 1.0, "t": "a"}
    found = _compare(
        [row, {"k": 2, "v": 1.0, "t": "a"}], [{**row, "v": 0.5}, {"k": 2, "v": 0.5, "t": "b"}]
    )
    assert found.matching.changed == ((0, 0),)
    assert (len(found.missing), len(found.unexpected)) == (1, 1)
