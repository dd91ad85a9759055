"""What is registered with the driver manager."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aqueducts.testing import Bench
from aqueducts_odbc.profiles import profile_for
from aqueducts_odbc.registrations import registrations

if TYPE_CHECKING:
    from conftest import Database

DRIVERS = """
[ODBC Drivers]
Mine = Installed
[ODBC]
Trace = No
; a comment
[Mine]
Description = of my own
Driver = /opt/psqlodbcw.so
[Empty]
Description = no driver
"""
SOURCES = """
[ODBC Data Sources]
shop = mine
[shop]
Driver = Mine
Database = shop
"""


def test_files_are_read(tmp_path: Path) -> None:
    """As the variables of the environment say."""
    (tmp_path / "drivers.ini").write_text(DRIVERS)
    (tmp_path / "own.ini").write_text(SOURCES)
    known = registrations(
        {
            "ODBCSYSINI": str(tmp_path),
            "ODBCINSTINI": "drivers.ini",
            "ODBCINI": str(tmp_path / "own.ini"),
        }
    )
    assert known.drivers == {"Mine": "/opt/psqlodbcw.so"}
    assert known.data_sources == {"shop": "Mine"}
    assert known.driver_of("SHOP") == "Mine"
    assert known.library_of("mine") == "/opt/psqlodbcw.so"
    assert known.library_of("libother.so") == "libother.so"
    assert known.files == (str(tmp_path / "drivers.ini"), str(tmp_path / "own.ini"))


def test_nothing_may_be_there(tmp_path: Path) -> None:
    """That is no error."""
    known = registrations({"ODBCSYSINI": str(tmp_path), "HOME": str(tmp_path)})
    assert (known.drivers, known.data_sources, known.files) == ({}, {}, ())


@pytest.mark.parametrize(
    ("library", "name", "profile"),
    [
        ("/usr/lib/odbc/psqlodbca.so", None, "postgresql"),
        ("libmaodbc.so", "whatever", "mysql"),
        (None, "MySQL ODBC 8.0 Unicode Driver", "mysql"),
        (None, "ODBC Driver 18 for SQL Server", "sqlserver"),
        (None, "SQLite3", "sqlite"),
        (None, "Oracle 21", "default"),
        (None, None, "default"),
    ],
)
def test_drivers_have_profiles(library: str | None, name: str | None, profile: str) -> None:
    """By their library, or the name that they are registered under."""
    assert profile_for(library, name).name == profile


def test_a_data_source_is_read(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the profile of its driver: 2^53+1 would come as 1 without."""
    library = sqlite.connection_string.partition("=")[2].partition(";")[0]
    (tmp_path / "own.ini").write_text(f"[shop]\nDriver = {library}\nDatabase = {sqlite.name}\n")
    monkeypatch.setenv("ODBCINI", str(tmp_path / "own.ini"))
    config = sqlite.config(connection_string="DSN=shop", load_query="SELECT 9007199254740993 AS n")
    with Bench(tmp_path) as bench:
        found = bench.read(bench.source(config).open(bench.context))
    assert found.column("n").to_pylist() == [9007199254740993]
