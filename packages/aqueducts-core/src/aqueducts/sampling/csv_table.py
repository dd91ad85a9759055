"""CSV files: dialect, columns, and what their values stand for."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

import msgspec

from aqueducts.errors import SourceError
from aqueducts.sampling.csv_dialect import Dialect, Row, find_dialect, has_header, read_rows
from aqueducts.sampling.csv_values import NULL_TEXTS, Judgement, judge
from aqueducts.sampling.findings import Column, TableFinding
from aqueducts.sampling.pieces import Pieces
from aqueducts.sampling.text import decode, later_lines
from aqueducts.table_names import quote

__all__ = ["look_at_csv"]

_DIALECT_CHARACTERS = 256_000
_SURE_ROWS = 100


class _File(msgspec.Struct, frozen=True):
    """The rows of one file that were looked at, without its header."""

    shown: str
    names: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    has_newlines: bool


def look_at_csv(files: Sequence[Pieces]) -> TableFinding:
    """What the files hold; the first one decides on the dialect.

    Raises SourceError for what cannot be read as one table.
    """
    texts = [(pieces, decode(pieces)) for pieces in files]
    texts = [(pieces, text) for pieces, text in texts if text.strip()]
    if not texts:
        raise SourceError(
            f"{files[0].shown!r} is empty: there is nothing to be found in it",
            hint="give a file that has a header, rows, or both",
        )
    pieces, text = texts[0]
    _refuse_line_for_excel(pieces, text)
    dialect = find_dialect(text[:_DIALECT_CHARACTERS])
    rows = _rows(pieces, text, dialect)
    _refuse_lines_before(pieces, rows, dialect)
    is_named = has_header([row.values for row in rows])
    for other, content in texts[1:]:
        _refuse_other_delimiter(dialect, pieces, find_dialect(content[:_DIALECT_CHARACTERS]), other)
    tables = [_table(pieces, text, dialect, is_named=is_named) for pieces, text in texts]
    _refuse_different(tables, is_named=is_named)
    is_whole = all(pieces.is_whole for pieces, _ in texts)
    columns, nulls = _columns(tables, is_whole=is_whole)
    notes = []
    if nulls:
        notes.append(f"{', '.join(map(repr, nulls))} stands for null, in all columns")
    unnamed = sum(1 for column in columns if column.is_left_out)
    if unnamed:
        notes.append("the header leaves a column without a name, which is not read")
    return TableFinding(
        format="csv",
        compression=pieces.compression,
        options=_options(dialect, tables, pieces, nulls, is_named=is_named),
        columns=columns,
        is_declared=True,
        rows=sum(len(table.rows) for table in tables),
        is_whole=is_whole,
        notes=notes,
    )


def _options(
    dialect: Dialect,
    tables: Sequence[_File],
    pieces: Pieces,
    nulls: Sequence[str],
    *,
    is_named: bool,
) -> dict[str, object]:
    given: dict[str, object] = {
        "has_header": is_named,
        "delimiter": dialect.delimiter,
        "quote": dialect.quote,
        "escape": dialect.escape,
        "comment": dialect.comment,
        "null_values": list(nulls),
        "compression": pieces.declared_compression,
        "newlines_in_values": any(table.has_newlines for table in tables),
    }
    defaults = {"has_header": True, "delimiter": ",", "quote": '"', "newlines_in_values": False}
    return {
        name: value for name, value in given.items() if value != defaults.get(name) and value != []
    }


def _rows(pieces: Pieces, text: str, dialect: Dialect) -> list[Row]:
    try:
        rows = read_rows(text, dialect)
    except csv.Error as error:
        raise SourceError(
            f"{pieces.shown!r} cannot be read as CSV: {error}",
            hint="look for a quote that is never closed",
        ) from error
    # The last record may be cut, where its last value holds line ends.
    return rows if pieces.is_whole or len(rows) < 2 else rows[:-1]


def _table(pieces: Pieces, text: str, dialect: Dialect, *, is_named: bool) -> _File:
    rows = _rows(pieces, text, dialect)
    names = tuple(rows[0].values) if is_named else _numbered(len(rows[0].values))
    if is_named:
        _refuse_repeated(pieces, names, rows[0])
    data = rows[1:] if is_named else rows
    for row in data:
        if len(row.values) != len(names):
            raise SourceError(
                f"{pieces.shown!r}, line {row.line}: the row has {_values(len(row.values))}, and "
                f"{'the header names' if is_named else 'the first row has'} {len(names)}",
                hint="every row needs as many values as the others: mend the line, and look at "
                "its quotes",
            )
    has_newlines = any("\n" in value for row in rows for value in row.values)
    later = [] if has_newlines else _later(pieces, dialect, len(names))
    return _File(
        shown=pieces.shown,
        names=names,
        rows=[*(row.values for row in data), *later],
        has_newlines=has_newlines,
    )


def _later(pieces: Pieces, dialect: Dialect, width: int) -> list[list[str]]:
    """Rows from further on; those that begin in the middle of one have another width."""
    found = []
    for text in later_lines(pieces):
        try:
            rows = read_rows(text, dialect)
        except csv.Error:
            continue  # a piece that begins within quotes
        found += [row.values for row in rows if len(row.values) == width]
    return found


def _numbered(width: int) -> tuple[str, ...]:
    return tuple(f"column_{number}" for number in range(1, width + 1))


def _columns(tables: Sequence[_File], *, is_whole: bool) -> tuple[list[Column], list[str]]:
    """The columns of all files by name, and the texts that stand for null."""
    values: dict[str, set[str]] = {}
    for table in tables:
        for place, name in enumerate(table.names):
            values.setdefault(name, set()).update(row[place] for row in table.rows)
    rows = sum(len(table.rows) for table in tables)
    is_sure = is_whole or rows >= _SURE_ROWS
    columns, nulls = [], set[str]()
    for name, found in values.items():
        judgement, used = _judge(found - {""}, is_sure=is_sure)
        nulls |= used
        columns.append(_column(name, judgement))
    return columns, sorted(nulls)


def _judge(values: set[str], *, is_sure: bool) -> tuple[Judgement, set[str]]:
    """What a column is, and which of its values stand for null."""
    used = values & NULL_TEXTS
    if used and used != values:
        without = judge(values - used, is_sure=is_sure)
        if without.kind != "text" or without.reason:
            return without, used
    return judge(values, is_sure=is_sure), set()


def _column(name: str, judgement: Judgement) -> Column:
    return Column(
        name=name,
        data_type=judgement.data_type,
        expression=judgement.convert(quote(name)) if judgement.convert is not None else None,
        reason=judgement.reason,
        is_left_out=not name,
    )


def _refuse_line_for_excel(pieces: Pieces, text: str) -> None:
    if re.match(r"sep=.\r?\n", text, re.IGNORECASE):
        raise SourceError(
            f"{pieces.shown!r} begins with a line for Excel, {text.splitlines()[0]!r}",
            hint="take it off: tail -n +2 OLD > NEW",
        )


def _refuse_other_delimiter(
    dialect: Dialect, pieces: Pieces, other: Dialect, other_pieces: Pieces
) -> None:
    if dialect.delimiter != other.delimiter and dialect.width > 1 and other.width > 1:
        raise SourceError(
            f"{pieces.shown!r} has {dialect.delimiter!r} between values, and "
            f"{other_pieces.shown!r} has {other.delimiter!r}",
            hint="make a source for each kind: give a glob that finds one of them",
        )


def _refuse_different(tables: Sequence[_File], *, is_named: bool) -> None:
    """Without names, files can only be one table where they are equally wide."""
    first = tables[0]
    for table in tables[1:]:
        if not is_named and len(table.names) != len(first.names):
            raise SourceError(
                f"{first.shown!r} has {_values(len(first.names))} in a row, and "
                f"{table.shown!r} has {len(table.names)}; neither has a header",
                hint="make a source for each kind: give a glob that finds one of them",
            )


def _refuse_lines_before(pieces: Pieces, rows: Sequence[Row], dialect: Dialect) -> None:
    if not dialect.first_row:
        return
    last = rows[dialect.first_row - 1].line
    lines = "line is" if last == 1 else f"{last} lines are"
    raise SourceError(
        f"{pieces.shown!r} does not begin with its table: the first {lines} something else",
        hint=f"take them off: tail -n +{last + 1} OLD > NEW",
    )


def _refuse_repeated(pieces: Pieces, names: Sequence[str], row: Row) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceError(
            f"{pieces.shown!r}, line {row.line}: the header names {twice[0]!r} twice",
            hint="rename one of them: columns are found by their names",
        )


def _values(number: int) -> str:
    return f"{number} value" if number == 1 else f"{number} values"
