"""How much memory queries may take, by their plans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aqueducts.plan_facts import HeldRows, QueryPlan

__all__ = ["expected_bytes"]

_LIKELY = ("statistics", "sample")

_OF_POOL = 2
"""Operators take about twice what they tell the pool."""


def expected_bytes(queries: Iterable[tuple[QueryPlan, bool]]) -> tuple[int, int] | None:
    """The least and the most that a process takes that runs these queries one after another.

    With each query comes whether its rows are written. The least counts the rows that are likely
    to be held, the most all that may be. None where no engine tells.
    """
    found = list(queries)
    base = max((each.base_bytes for each, _ in found if each.base_bytes is not None), default=None)
    if base is None:
        return None
    pool = min((each.pool_bytes for each, _ in found if each.pool_bytes is not None), default=None)
    flow = max(each.moving_bytes + is_written * each.writing_bytes for each, is_written in found)
    likely = [[held for held in each.held if held.basis in _LIKELY] for each, _ in found]
    low = max(_held_bytes(held, pool) for held in likely)
    high = max(_held_bytes(each.held, pool) for each, _ in found)
    return base + flow + low, base + flow + high


def _held_bytes(held: Sequence[HeldRows], pool_bytes: int | None) -> int:
    fixed = sum(each.size_bytes or 0 for each in held if not each.can_spill)
    spilling = sum(each.size_bytes or 0 for each in held if each.can_spill)
    return fixed + (spilling if pool_bytes is None else min(spilling, _OF_POOL * pool_bytes))
