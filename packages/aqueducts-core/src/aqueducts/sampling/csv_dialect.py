"""Finding out how a CSV file is written: delimiter, quotes, comments, header.

Each delimiter is tried with the standard library's reader; the one that gives rows of one width
with values that look like values wins. `csv.Sniffer` counts characters instead, and is wrong about
many files (docs/rationale.md has the figures).
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile

import msgspec

from aqueducts.sampling.csv_values import NULL_TEXTS, is_typed, type_of

__all__ = ["Dialect", "Row", "find_dialect", "has_header", "read_rows"]

_DELIMITERS = (",", ";", "\t", "|")
_YEAR = re.compile(r"(?:19|20)\d\d")
_ROWS_TRIED = 200
_SHARE_OF_ONE_WIDTH = 0.8
_MOST_BEFORE_TABLE = 20


class Dialect(msgspec.Struct, frozen=True):
    """How a CSV file is written."""

    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None
    comment: str | None = None
    width: int = 1
    """Values in a row."""
    first_row: int = 0
    """Rows before the table: titles, or a line that names the delimiter."""


class Row(msgspec.Struct, frozen=True):
    """A row and the line it ends at."""

    values: list[str]
    line: int


def find_dialect(text: str) -> Dialect:
    """The most likely dialect of the beginning of a file."""
    quote = _quote(text)
    escape = "\\" if re.search(rf"[^\\{quote}]\\{quote}[^{quote}]", text) else None
    escapes = (None, escape) if escape else (None,)
    comment = _comment(text)
    tried = [
        Dialect(delimiter=delimiter, quote=quote, escape=each, comment=comment)
        for delimiter in _DELIMITERS
        if delimiter in text
        for each in escapes
    ]
    found = [scored for dialect in tried if (scored := _scored(text, dialect)) is not None]
    if not found:
        return _single(text, Dialect(quote=quote, comment=comment))
    return max(found, key=lambda each: each[0])[1]


def read_rows(text: str, dialect: Dialect, most: int | None = None) -> list[Row]:
    """The rows of a text as the engine reads them: without comments and empty lines."""
    lines = 0

    def counted() -> Iterator[str]:
        nonlocal lines
        for line in io.StringIO(text, newline=""):
            lines += 1
            if not (dialect.comment and line.startswith(dialect.comment)) and line.strip("\r\n"):
                yield line

    rows = []
    reader = csv.reader(
        counted(),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        doublequote=dialect.escape is None,
    )
    for values in reader:
        rows.append(Row(values, lines))
        if len(rows) == most:
            break
    return rows


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of the rows names the columns.

    Columns of numbers, dates and the like vote: a first value that is none is a name. Where all is
    text, a value that comes again in its own column is no name.
    """
    first, rest = rows[0], rows[1:]
    if not rest:
        return not any(is_typed(value) for value in first)
    if _are_years(first, rest):
        return True
    votes = 0
    for place, name in enumerate(first):
        kind = type_of({row[place] for row in rest if place < len(row)} - {""})
        if kind is not None and name and name not in NULL_TEXTS:
            votes += -1 if is_typed(name) else 1
    if votes:
        return votes > 0
    if any(is_typed(value) for value in first):
        return False
    return not any(
        value and value in {row[place] for row in rest if place < len(row)}
        for place, value in enumerate(first)
    )


def _are_years(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether the numbers in a first row are years that follow each other, as in pivot tables."""
    places = [place for place, name in enumerate(first) if _YEAR.fullmatch(name)]
    years = [int(first[place]) for place in places]
    if len(years) < 2 or {later - year for year, later in pairwise(years)} not in ({1}, {-1}):
        return False
    below = {row[place] for row in rest for place in places if place < len(row)}
    return not all(map(_YEAR.fullmatch, below))


def _quote(text: str) -> str:
    """The single quote where values are wrapped in it and none in double ones."""

    def wrapped(quote: str) -> int:
        value = rf"(?:^|[,;\t|]){quote}[^{quote}\n]*{quote}(?=[,;\t|\r\n]|$)"
        return len(re.findall(value, text, re.MULTILINE))

    return "'" if wrapped("'") > 1 and not wrapped('"') else '"'


def _comment(text: str) -> str | None:
    """`#` where lines at the top begin with it; but a single `#id` is the name of a column."""
    lines = text.splitlines()
    top = list(takewhile(lambda line: line.startswith("#"), lines))
    is_name = len(top) == 1 and not top[0].startswith("# ")
    return "#" if top and not is_name and len(top) < len(lines) else None


def _single(text: str, dialect: Dialect) -> Dialect:
    """One column, with a delimiter that is in none of its values."""
    for delimiter in _DELIMITERS:
        tried = msgspec.structs.replace(dialect, delimiter=delimiter)
        try:
            rows = read_rows(text, tried, _ROWS_TRIED)
        except csv.Error:
            break  # whoever reads all of it will tell
        if all(len(row.values) == 1 for row in rows):
            return tried
    return dialect


def _scored(text: str, dialect: Dialect) -> tuple[tuple[float, int], Dialect] | None:
    """How good a dialect is, and with its width; None where it makes no table."""
    try:
        rows = [row.values for row in read_rows(text, dialect, _ROWS_TRIED)]
    except csv.Error:
        return None
    counts = Counter(len(row) for row in rows if len(row) > 1)
    if not counts:
        return None
    width, _ = max(counts.items(), key=lambda item: (item[1], item[0]))
    first = next(place for place, row in enumerate(rows) if len(row) == width)
    table = rows[first:]
    share = sum(len(row) == width for row in table) / len(table)
    if share < _SHARE_OF_ONE_WIDTH or first > min(_MOST_BEFORE_TABLE, len(table)):
        return None
    found = msgspec.structs.replace(dialect, width=width, first_row=first)
    penalty = 0.1 * bool(first) + 0.01 * (dialect.escape is not None)
    return (round(share * _share_of_clean_values(table, dialect) - penalty, 3), width), found


def _share_of_clean_values(rows: Sequence[Sequence[str]], dialect: Dialect) -> float:
    """Share of values that could stand on their own: typed, empty, or text without delimiters."""
    others = [each for each in _DELIMITERS if each != dialect.delimiter]
    clean = total = 0.0
    for value in (value for row in rows for value in row):
        total += 1
        if value.count(dialect.quote) % 2:
            continue  # a value that was cut
        if is_typed(value):
            clean += 1
        elif not any(each in value for each in others):
            clean += 0.9
        else:
            clean += 0.5
    return clean / total if total else 0.0
