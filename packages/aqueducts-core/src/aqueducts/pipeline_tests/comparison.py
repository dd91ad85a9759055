"""Expected and actual rows compared, and what differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from aqueducts.pipeline_tests.matching import Matcher, Matching, RowValues, Tolerances, is_close
from aqueducts.pipeline_tests.typed_values import MisfitError, as_type
from aqueducts.pipeline_tests.values import to_values

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.pipeline_tests.contents import Contents

__all__ = ["ChangedRow", "Differences", "compare_rows"]


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
    has_order: bool = False
    """Whether the order of rows counts."""
    is_order_only: bool = False
    """Whether the rows are those that are expected, in another order."""
    misfits: tuple[str, ...] = ()
    """Expected values that their columns cannot hold."""
    matching: Matching = Matching()

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
                is_close(row.expected[index], row.actual[index], near)
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
    matcher = Matcher(tolerances, expected_rows, actual_rows)
    found = matcher.ordered() if has_order else matcher.unordered()
    matching = found.matching
    return Differences(
        columns=tuple(shared),
        expected_rows=len(expected_rows),
        actual_rows=actual.num_rows,
        missing_columns=missing_columns,
        unexpected_columns=tuple(extra) if columns is None and is_told else (),
        missing=tuple(expected_rows[index] for index in matching.missing),
        unexpected=tuple(actual_rows[index] for index in matching.unexpected),
        changed=tuple(
            ChangedRow(
                expected_rows[index],
                actual_rows[other],
                matcher.differing(index, other),
                index + 1 if has_order else None,
            )
            for index, other in matching.changed
        ),
        has_order=has_order,
        is_order_only=found.is_order_only,
        misfits=tuple(reader.misfits),
        matching=matching,
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
