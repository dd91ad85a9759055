"""Custom statements that are plain inserts: they are sent many rows at a time."""

from __future__ import annotations

import re

import msgspec

from aqueducts.errors import DestinationError
from aqueducts_odbc.sink.table_names import TableName, parse_table_name

__all__ = ["PlainInsert", "plain_insert"]

_NAME = r'(?:"(?:[^"]|"")+"|`(?:[^`]|``)+`|\[(?:[^\]]|\]\])+\]|[A-Za-z_][\w$#@]*)'
_MARKER = r"(?:\?|\$\d+)"
_INSERT = re.compile(
    rf"\s*INSERT\s+INTO\s+(?P<table>{_NAME}(?:\s*\.\s*{_NAME}){{0,2}})\s*"
    rf"(?:\(\s*(?P<columns>{_NAME}(?:\s*,\s*{_NAME})*)\s*\))?\s*"
    rf"VALUES\s*\(\s*(?P<markers>{_MARKER}(?:\s*,\s*{_MARKER})*)\s*\)\s*;?\s*\Z",
    re.IGNORECASE,
)


class PlainInsert(msgspec.Struct, frozen=True):
    """`INSERT INTO table (columns) VALUES (?, ?)`."""

    table: TableName
    columns: tuple[str, ...] | None
    """None: all columns of the table, in its order."""
    markers: int


def plain_insert(statement: str) -> PlainInsert | None:
    """The parts of a plain insert; None for any other statement."""
    found = _INSERT.match(statement)
    if found is None:
        return None
    markers = re.findall(_MARKER, found["markers"])
    if any(each != "?" for each in markers) and markers != [
        f"${place}" for place in range(1, len(markers) + 1)
    ]:
        return None
    try:
        table = parse_table_name(re.sub(r"\s*\.\s*", ".", found["table"]))
        columns = None
        if found["columns"] is not None:
            names = re.findall(_NAME, found["columns"])
            columns = tuple(str(parse_table_name(name).table.text) for name in names)
    except DestinationError:
        return None
    return PlainInsert(table, columns, len(markers))
