"""Which expected row is which of those that are there."""

from __future__ import annotations

import difflib
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from aqueducts.pipeline_tests.values import frozen

__all__ = ["Found", "Matcher", "Matching", "RowValues", "Tolerances", "is_close"]

RowValues: TypeAlias = tuple[Any, ...]
"""The values of a row, in the order of the columns."""

_MOST_PAIRED = 300
"""Above this number of rows that differ they are not searched for rows that are nearly equal."""


class Tolerances(msgspec.Struct, frozen=True):
    """How far numbers with fractions may be off."""

    absolute: float = 0.0
    relative: float = 0.0

    @property
    def is_exact(self) -> bool:
        """Whether nothing is tolerated."""
        return not self.absolute and not self.relative


class Matching(msgspec.Struct, frozen=True):
    """Which row is which, by their indexes among expected and actual rows."""

    same: tuple[tuple[int, int], ...] = ()
    changed: tuple[tuple[int, int], ...] = ()
    missing: tuple[int, ...] = ()
    unexpected: tuple[int, ...] = ()


class Found(msgspec.Struct, frozen=True):
    """How rows match, and whether they do so but for their order."""

    matching: Matching
    is_order_only: bool = False


class Matcher:
    """Finds out which expected row is which of those that are there."""

    def __init__(
        self, tolerances: Tolerances, expected: Sequence[RowValues], actual: Sequence[RowValues]
    ) -> None:
        self._tolerances = tolerances
        self._expected = expected
        self._actual = actual
        self._expected_keys = [_key(row) for row in expected]
        self._actual_keys = [_key(row) for row in actual]

    def unordered(self) -> Found:
        """Match rows wherever they stand."""
        is_exact = self._tolerances.is_exact
        same = list(self._equal_pairs() if is_exact else self._close_pairs())
        left, right = self._rest(same)
        changed = self._nearest_pairs(left, right)
        return self._found(same, changed)

    def ordered(self) -> Found:
        """Match rows in the order in which they stand."""
        size = len(self._expected)
        if size == len(self._actual):
            in_place = [(index, index) for index in range(size)]
            if all(self._is_same(index, index) for index in range(size)):
                return self._found(in_place, [])
            unordered = self.unordered().matching
            if len(unordered.same) == size:
                moved = [pair for pair in in_place if not self._is_same(*pair)]
                same = [pair for pair in in_place if self._is_same(*pair)]
                return self._found(same, moved, is_order_only=True)
        return self._aligned()

    def differing(self, index: int, other: int) -> tuple[int, ...]:
        """Indexes of the columns in which two rows differ."""
        return tuple(
            column
            for column, (value, actual) in enumerate(
                zip(self._expected[index], self._actual[other], strict=True)
            )
            if not is_close(value, actual, self._tolerances)
        )

    def _aligned(self) -> Found:
        """Match rows such that the matches are in the order of both sides."""
        same: list[tuple[int, int]] = []
        changed: list[tuple[int, int]] = []
        lines = difflib.SequenceMatcher(
            None, self._expected_keys, self._actual_keys, autojunk=False
        )
        for tag, first, last, start, end in lines.get_opcodes():
            left, right = range(first, last), range(start, end)
            if tag == "equal":
                same += zip(left, right, strict=True)
                continue
            pairs = list(zip(left, right, strict=False))
            if len(left) != len(right):
                pairs = _rising(self._nearest_pairs(left, right))
            for pair in pairs:
                (same if self._is_same(*pair) else changed).append(pair)
        return self._found(same, changed)

    def _found(
        self,
        same: Sequence[tuple[int, int]],
        changed: Sequence[tuple[int, int]],
        *,
        is_order_only: bool = False,
    ) -> Found:
        missing, unexpected = self._rest([*same, *changed])
        matching = Matching(
            tuple(sorted(same)), tuple(sorted(changed)), tuple(missing), tuple(unexpected)
        )
        return Found(matching, is_order_only)

    def _rest(self, pairs: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
        """Return the indexes that no pair has, of both sides."""
        taken = list(pairs)
        left = {index for index, _ in taken}
        right = {other for _, other in taken}
        return (
            [index for index in range(len(self._expected)) if index not in left],
            [other for other in range(len(self._actual)) if other not in right],
        )

    def _equal_pairs(self) -> Iterator[tuple[int, int]]:
        """Yield pairs of rows that are equal, each row in one pair at most."""
        places: defaultdict[Any, list[int]] = defaultdict(list)
        for other, key in enumerate(self._actual_keys):
            places[key].append(other)
        for others in places.values():
            others.reverse()
        for index, key in enumerate(self._expected_keys):
            if places.get(key):
                yield index, places[key].pop()

    def _close_pairs(self) -> Iterator[tuple[int, int]]:
        """Yield pairs of rows within the tolerance, as many as can have a partner."""
        groups: defaultdict[Any, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for side, rows in enumerate((self._expected, self._actual)):
            for index, row in enumerate(rows):
                groups[frozen(_without_fractions(list(row)))][side].append(index)
        for indexes, others in groups.values():
            if max(len(indexes), len(others)) > _MOST_PAIRED:
                yield from self._close_in_order(indexes, others)
            else:
                matches = {index: self._close_to(index, others) for index in indexes}
                yield from _largest_matching(matches).items()

    def _close_to(self, index: int, others: Iterable[int]) -> list[int]:
        """Return the rows within the tolerance of an expected one; those that are equal first."""
        key = self._expected_keys[index]
        close = [other for other in others if self._is_same(index, other)]
        return sorted(close, key=lambda other: self._actual_keys[other] != key)

    def _close_in_order(
        self, left: Sequence[int], right: Sequence[int]
    ) -> Iterator[tuple[int, int]]:
        """Yield pairs of rows that are close when both sides are sorted by their numbers."""
        lefts = sorted(left, key=lambda index: _numbers(self._expected[index]))
        rights = sorted(right, key=lambda other: _numbers(self._actual[other]))
        for index, other in zip(lefts, rights, strict=False):
            if self._is_same(index, other):
                yield index, other

    def _nearest_pairs(self, left: Sequence[int], right: Sequence[int]) -> list[tuple[int, int]]:
        """Pair rows of which most is equal: these are one row that changed."""
        if max(len(left), len(right)) > _MOST_PAIRED:
            return []
        is_only = len(left) == len(right) == 1
        candidates = []
        for index in left:
            for other in right:
                differing = self.differing(index, other)
                equal = len(self._expected[index]) - len(differing)
                is_value = is_only and len(differing) == 1
                if is_value or (equal and (is_only or equal >= len(differing))):
                    # Columns that come first tell more often which row it is.
                    candidates.append((-equal, 0 in differing, index, other))
        pairs: dict[int, int] = {}
        taken: set[int] = set()
        for _, _, index, other in sorted(candidates):
            if index not in pairs and other not in taken:
                pairs[index] = other
                taken.add(other)
        return sorted(pairs.items())

    def _is_same(self, index: int, other: int) -> bool:
        return not self.differing(index, other)


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return pairs in the order of both sides, without those that cross one before."""
    rising: list[tuple[int, int]] = []
    for index, other in pairs:
        if not rising or other > rising[-1][1]:
            rising.append((index, other))
    return rising


def _key(row: Iterable[Any]) -> Any:
    return tuple(frozen(value) for value in row)


def _largest_matching(matches: dict[int, list[int]]) -> dict[int, int]:
    """Pair as many as possible; Kuhn's algorithm."""
    partner: dict[int, int] = {}

    def place(index: int, tried: set[int]) -> bool:
        for other in matches[index]:
            if other not in tried:
                tried.add(other)
                if other not in partner or place(partner[other], tried):
                    partner[other] = index
                    return True
        return False

    for index in matches:
        place(index, set())
    return {index: other for other, index in partner.items()}


def _without_fractions(value: Any) -> Any:
    """The value with a mark in the place of every number that a tolerance is for."""
    match value:
        case float() | Decimal():
            return "number"
        case list():
            return [_without_fractions(item) for item in value]
        case dict():
            return {key: _without_fractions(item) for key, item in value.items()}
        case _:
            return value


def _numbers(value: Any) -> list[float]:
    """All numbers with fractions in a value, to sort by; NaN comes last."""
    match value:
        case float() | Decimal():
            return [math.inf if math.isnan(value) else float(value)]
        case list() | tuple():
            return [number for item in value for number in _numbers(item)]
        case dict():
            return [number for item in value.values() for number in _numbers(item)]
        case _:
            return []


def is_close(value: Any, actual: Any, tolerances: Tolerances) -> bool:
    """Whether two values are equal, with numbers in them within the tolerances."""
    match value, actual:
        case (float() | Decimal(), float() | Decimal()):
            return _is_close_number(value, actual, tolerances)
        case list(), list():
            return len(value) == len(actual) and all(
                is_close(one, other, tolerances) for one, other in zip(value, actual, strict=True)
            )
        case dict(), dict():
            return value.keys() == actual.keys() and all(
                is_close(value[key], actual[key], tolerances) for key in value
            )
        case _:
            return bool(frozen(value) == frozen(actual))


def _is_close_number(
    value: float | Decimal, actual: float | Decimal, tolerances: Tolerances
) -> bool:
    if value is actual or value == actual:
        return True
    if tolerances.is_exact or not (math.isfinite(value) and math.isfinite(actual)):
        return False
    # As decimals, so that 0.1 is within 0.1 of 0.2.
    one, other = (
        Decimal(repr(each)) if isinstance(each, float) else each for each in (value, actual)
    )
    allowed = max(Decimal(repr(tolerances.absolute)), Decimal(repr(tolerances.relative)) * abs(one))
    return abs(one - other) <= allowed
