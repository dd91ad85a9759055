"""Whether two programs wrote the same rows, in whatever order."""

from __future__ import annotations

from pathlib import Path

import duckdb

__all__ = ["ResultsDifferError", "check_equal"]


class ResultsDifferError(Exception):
    """Two programs that were given the same task wrote different results."""


def check_equal(expected: Path, found: Path, columns: str) -> int:
    """Compare two Parquet results by row count and by the hashes of all rows; return the rows.

    `columns` are SQL expressions that give both the same types.
    """
    prints = [_fingerprint(path, columns) for path in (expected, found)]
    if prints[0] != prints[1]:
        message = f"{found} holds {prints[1]}, {expected} holds {prints[0]} (rows, sum of hashes)"
        raise ResultsDifferError(message)
    return prints[0][0]


def _fingerprint(path: Path, columns: str) -> tuple[int, int]:
    files = path / "*.parquet" if path.is_dir() else path
    query = f"""
        SELECT count(*), coalesce(sum(hash(row({columns}))::HUGEINT), 0)
        FROM read_parquet('{files}')
    """  # noqa: S608
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        row = connection.execute(query).fetchone()
    if row is None:
        raise ResultsDifferError(f"{path} gave no count")
    return int(row[0]), int(row[1])
