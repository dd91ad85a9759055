"""Expected and actual rows compared, and what differs."""

from __future__ import annotations

import difflib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from aqueducts.pipeline_tests.values import MisfitError, as_type, frozen, to_values

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.pipeline_tests.contents import Contents

__all__ = ["ChangedRow", "Differences", "Tolerances", "compare_rows"]

RowValues = tuple[Any, ...]

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


class ChangedRow(msgspec.Struct, frozen=True):
    """An expected row, and the row that is there instead."""

    expected: RowValues
    actual: RowValues
    columns: tuple[int, ...]
    """Indexes of the columns that differ."""
    position: int | None = None
    """Of the expected row, from 1, where the order of rows counts."""


class Differences(msgspec.Struct, frozen=True):
    """What differs between expected and actual rows."""

    columns: tuple[str, ...]
    """The columns that were compared, in the order of the stage."""
    expected_rows: int
    actual_rows: int
    missing_columns: tuple[str, ...] = ()
    unexpected_columns: tuple[str, ...] = ()
    missing: tuple[RowValues, ...] = ()
    """Rows that are expected and not there."""
    unexpected: tuple[RowValues, ...] = ()
    """Rows that are there and not expected."""
    changed: tuple[ChangedRow, ...] = ()
    is_order_only: bool = False
    """Whether the rows are those that are expected, in another order."""
    misfits: tuple[str, ...] = ()
    """Expected values that their columns cannot hold."""

    def __bool__(self) -> bool:
        return bool(
            self.missing_columns
            or self.unexpected_columns
            or self.missing
            or self.unexpected
            or self.changed
        )

    @property
    def is_rounding(self) -> bool:
        """Whether numbers with fractions differ, in their last digits, and nothing else does."""
        near = Tolerances(relative=1e-6)
        return (
            bool(self.changed)
            and not (self.missing or self.unexpected)
            and not (self.missing_columns or self.unexpected_columns)
            and all(
                _is_close(row.expected[index], row.actual[index], near)
                for row in self.changed
                for index in row.columns
            )
        )


def compare_rows(
    expected: Contents,
    actual: pa.Table,
    *,
    columns: Sequence[str] | None,
    has_order: bool,
    tolerances: Tolerances,
) -> Differences:
    """Compare rows with a table.

    `columns` are the ones to compare, None means all. Rows are compared in order with
    `has_order`, else as a collection in which each row counts.
    """
    names = actual.schema.names
    is_told = columns is not None or bool(expected.columns)
    wanted = list(expected.columns if columns is None else columns)
    missing_columns = tuple(name for name in wanted if name not in names)
    extra = [name for name in names if name not in wanted]
    shared = [name for name in names if name in wanted] if is_told else names
    reader = _ExpectedReader(expected, actual.schema)
    expected_rows = reader.rows([name for name in shared if name in expected.columns] or shared)
    actual_columns = [to_values(actual.column(name)) for name in shared]
    actual_rows: list[RowValues] = (
        list(zip(*actual_columns, strict=True)) if shared else [()] * actual.num_rows
    )
    differ = _Matcher(tolerances).ordered if has_order else _Matcher(tolerances).unordered
    found = differ(expected_rows, actual_rows)
    return Differences(
        columns=tuple(shared),
        expected_rows=len(expected_rows),
        actual_rows=actual.num_rows,
        missing_columns=missing_columns,
        unexpected_columns=tuple(extra) if columns is None and is_told else (),
        missing=tuple(found.missing),
        unexpected=tuple(found.unexpected),
        changed=tuple(found.changed),
        is_order_only=found.is_order_only,
        misfits=tuple(reader.misfits),
    )


class _ExpectedReader:
    """Expected values, as columns of the actual types would give them."""

    def __init__(self, contents: Contents, schema: pa.Schema) -> None:
        self._contents = contents
        self._schema = schema
        self.misfits: list[str] = []

    def rows(self, columns: Sequence[str]) -> list[RowValues]:
        if not self._contents.rows:
            return []
        read = [self._column(name) for name in columns if name in self._contents.columns]
        return list(zip(*read, strict=True)) if read else [()] * len(self._contents.rows)

    def _column(self, name: str) -> list[Any]:
        kind = self._schema.field(name).type
        found: list[Any] = []
        for value in self._contents.column(name):
            try:
                found.append(as_type(value, kind))
            except MisfitError as error:
                found.append(value)  # equal to nothing that the column can hold
                misfit = f"column '{name}': {error}"
                if misfit not in self.misfits:
                    self.misfits.append(misfit)
        return found


class _Found(msgspec.Struct):
    missing: list[RowValues] = msgspec.field(default_factory=list)
    unexpected: list[RowValues] = msgspec.field(default_factory=list)
    changed: list[ChangedRow] = msgspec.field(default_factory=list)
    is_order_only: bool = False


class _Matcher:
    """Finds the rows that have no partner."""

    def __init__(self, tolerances: Tolerances) -> None:
        self._tolerances = tolerances

    def unordered(self, expected: list[RowValues], actual: list[RowValues]) -> _Found:
        missing, unexpected = _without_common(expected, actual)
        if not self._tolerances.is_exact:
            missing, unexpected = self._without_close(missing, unexpected)
        return self._paired(missing, unexpected)

    def ordered(self, expected: list[RowValues], actual: list[RowValues]) -> _Found:
        if len(expected) == len(actual) and all(map(self._is_same, expected, actual)):
            return _Found()
        found = self.unordered(expected, actual)
        if not (found.missing or found.unexpected or found.changed):
            return self._moved(expected, actual)
        keys = [_key(row) for row in expected], [_key(row) for row in actual]
        found = _Found()
        matcher = difflib.SequenceMatcher(None, *keys, autojunk=False)
        for tag, first, last, start, end in matcher.get_opcodes():
            if tag == "equal":
                continue
            old, new = expected[first:last], actual[start:end]
            if len(old) == len(new):
                self._add_changes(old, new, first, found)
                continue
            part = self._paired(old, new)
            found.missing += part.missing
            found.unexpected += part.unexpected
            found.changed += part.changed
        return found

    def _moved(self, expected: list[RowValues], actual: list[RowValues]) -> _Found:
        found = _Found(is_order_only=True)
        self._add_changes(expected, actual, 0, found)
        return found

    def _add_changes(
        self, old: list[RowValues], new: list[RowValues], first: int, found: _Found
    ) -> None:
        for offset, (before, after) in enumerate(zip(old, new, strict=True)):
            columns = self._differing(before, after)
            if columns:
                found.changed.append(ChangedRow(before, after, columns, first + offset + 1))

    def _paired(self, missing: list[RowValues], unexpected: list[RowValues]) -> _Found:
        """Put rows together of which most is equal: these are one row that changed."""
        found = _Found()
        pairs: dict[int, int] = {}
        if max(len(missing), len(unexpected)) <= _MOST_PAIRED:
            pairs = self._nearest_pairs(missing, unexpected)
        for index, row in enumerate(missing):
            if index in pairs:
                other = unexpected[pairs[index]]
                found.changed.append(ChangedRow(row, other, self._differing(row, other)))
            else:
                found.missing.append(row)
        taken = set(pairs.values())
        found.unexpected = [row for index, row in enumerate(unexpected) if index not in taken]
        return found

    def _nearest_pairs(
        self, missing: list[RowValues], unexpected: list[RowValues]
    ) -> dict[int, int]:
        is_only = len(missing) == len(unexpected) == 1
        candidates = []
        for index, row in enumerate(missing):
            for other_index, other in enumerate(unexpected):
                equal = len(row) - len(self._differing(row, other))
                if equal and (is_only or equal * 2 >= len(row)):
                    # Columns that come first tell more often which row it is.
                    leading = 0 if not self._is_same(row[:1], other[:1]) else 1
                    candidates.append((-equal, -leading, index, other_index))
        pairs: dict[int, int] = {}
        taken: set[int] = set()
        for _, _, index, other_index in sorted(candidates):
            if index not in pairs and other_index not in taken:
                pairs[index] = other_index
                taken.add(other_index)
        return pairs

    def _without_close(
        self, expected: list[RowValues], actual: list[RowValues]
    ) -> tuple[list[RowValues], list[RowValues]]:
        """Leave out rows that have a partner within the tolerance, as many as can have one."""
        groups: defaultdict[Any, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for side, rows in enumerate((expected, actual)):
            for index, row in enumerate(rows):
                groups[frozen(_without_fractions(list(row)))][side].append(index)
        gone: tuple[set[int], set[int]] = (set(), set())
        for left, right in groups.values():
            matches = {
                index: [each for each in right if self._is_same(expected[index], actual[each])]
                for index in left
            }
            for index, other in _largest_matching(matches).items():
                gone[0].add(index)
                gone[1].add(other)
        return (
            [row for index, row in enumerate(expected) if index not in gone[0]],
            [row for index, row in enumerate(actual) if index not in gone[1]],
        )

    def _differing(self, row: RowValues, other: RowValues) -> tuple[int, ...]:
        return tuple(
            index
            for index, (value, actual) in enumerate(zip(row, other, strict=True))
            if not _is_close(value, actual, self._tolerances)
        )

    def _is_same(self, row: Sequence[Any], other: Sequence[Any]) -> bool:
        return all(
            _is_close(value, actual, self._tolerances)
            for value, actual in zip(row, other, strict=True)
        )


def _key(row: Iterable[Any]) -> Any:
    return tuple(frozen(value) for value in row)


def _without_common(
    expected: list[RowValues], actual: list[RowValues]
) -> tuple[list[RowValues], list[RowValues]]:
    """Leave out rows that are on both sides, each as often as it is on both."""
    keys = [_key(row) for row in expected], [_key(row) for row in actual]
    common = Counter(keys[0]) & Counter(keys[1])
    rest: list[list[RowValues]] = []
    for rows, row_keys in zip((expected, actual), keys, strict=True):
        left = common.copy()
        rest.append([])
        for row, key in zip(rows, row_keys, strict=True):
            if left[key] > 0:
                left[key] -= 1
            else:
                rest[-1].append(row)
    return rest[0], rest[1]


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


def _is_close(value: Any, actual: Any, tolerances: Tolerances) -> bool:
    match value, actual:
        case (float() | Decimal(), float() | Decimal()):
            return _is_close_number(value, actual, tolerances)
        case list(), list():
            return len(value) == len(actual) and all(
                _is_close(one, other, tolerances) for one, other in zip(value, actual, strict=True)
            )
        case dict(), dict():
            return value.keys() == actual.keys() and all(
                _is_close(value[key], actual[key], tolerances) for key in value
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
