"""Connecting, on all databases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aqueducts.errors import SourceError
from aqueducts.testing import Bench
from aqueducts_odbc.connection_config import ConnectionConfig
from aqueducts_odbc.connections import open_connection
from aqueducts_odbc.targets import target_of

if TYPE_CHECKING:
    from conftest import Database


def test_a_connection_runs_statements(database: Database, tmp_path: Path) -> None:
    """The password, which holds what strings are torn apart by, arrives."""
    config = ConnectionConfig(name="t", **database.config())
    with Bench(tmp_path) as bench:
        target = target_of(config, bench.context, SourceError)
        with open_connection(target) as connection:
            connection.execute("CREATE TABLE t (n INTEGER)")
            connection.execute("INSERT INTO t VALUES (1)")
    assert database.rows("SELECT n FROM t") == [("1",)]


def test_errors_hide_the_password(postgresql: Database, tmp_path: Path) -> None:
    """Not even a message that holds it as it was written shows it."""
    config = ConnectionConfig(name="t", **postgresql.config())
    with Bench(tmp_path) as bench:
        target = target_of(config, bench.context, SourceError)
        with pytest.raises(SourceError) as caught, open_connection(target) as connection:
            connection.execute(f"SELECT '{postgresql.password}' FROM nothing")
    assert "42P01" in str(caught.value)
    assert postgresql.password not in str(caught.value)
