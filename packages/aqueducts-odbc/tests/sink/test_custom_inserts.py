"""Which statements are plain inserts, and how markers are written."""

from __future__ import annotations

import pytest

from aqueducts_odbc.adbc.session import numbered_markers
from aqueducts_odbc.sink.custom_inserts import plain_insert


@pytest.mark.parametrize(
    ("statement", "table", "columns"),
    [
        ("INSERT INTO t VALUES (?, ?)", "t", None),
        (" insert into s.t (a, B)\nvalues ( ?,? ) ; ", "s.t", ("a", "B")),
        ('INSERT INTO "S x" . "t.u" ("a ""b", c) VALUES ($1, $2)', "S x.t.u", ('a "b', "c")),
        ("INSERT INTO `t` (`a`, b) VALUES (?, ?)", "t", ("a", "b")),
    ],
)
def test_plain_inserts(statement: str, table: str, columns: tuple[str, ...] | None) -> None:
    """These are sent many rows at a time."""
    found = plain_insert(statement)
    assert found is not None
    assert (str(found.table), found.columns, found.markers) == (table, columns, 2)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t VALUES (?, upper(?))",
        "INSERT INTO t VALUES (?, 1)",
        "INSERT INTO t (a, b) VALUES ($2, $1)",
        "INSERT INTO t VALUES (?, ?) ON CONFLICT DO NOTHING",
        "INSERT OR REPLACE INTO t VALUES (?, ?)",
        "INSERT INTO t VALUES (?, ?); DELETE FROM t",
        "UPDATE t SET a = ? WHERE b = ?",
        "INSERT INTO a.b.c.d VALUES (?, ?)",
    ],
)
def test_other_statements(statement: str) -> None:
    """These are run row by row, as they are."""
    assert plain_insert(statement) is None


def test_markers_are_numbered_outside_of_texts() -> None:
    """As PostgreSQL numbers them."""
    statement = """INSERT INTO "a?" VALUES (?, 'it''s ?', ?) -- why?\n /* ? */ RETURNING ?"""
    assert numbered_markers(statement) == (
        """INSERT INTO "a?" VALUES ($1, 'it''s ?', $2) -- why?\n /* ? */ RETURNING $3"""
    )
