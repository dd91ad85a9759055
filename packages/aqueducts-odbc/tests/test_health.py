"""What `aqueducts doctor` tells of ODBC."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aqueducts_odbc.health import ODBC_CHECK

if TYPE_CHECKING:
    from conftest import Database


def test_what_is_there_is_listed(
    sqlite: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The manager, drivers and data sources, by their names."""
    (tmp_path / "odbcinst.ini").write_text("[Mine]\nDriver = libmine.so\n")
    (tmp_path / "odbc.ini").write_text("[shop]\nDriver = Mine\nPassword = sesame\n")
    monkeypatch.setenv("ODBCSYSINI", str(tmp_path))
    monkeypatch.setenv("ODBCINI", str(tmp_path / "none.ini"))
    health = ODBC_CHECK.examine()
    assert health.status == "ok"
    assert "libodbc.so" in str(health.facts["driver_manager"])
    assert health.facts["drivers"] == ["Mine (libmine.so)"]
    assert health.facts["data_sources"] == ["shop"]
    assert "sesame" not in repr(health)


@pytest.mark.parametrize(
    ("drivers", "message", "package"),
    [
        ("", "no ODBC driver is registered", "odbc-postgresql"),
        (
            "[Pg]\nDriver = /nowhere/psqlodbcw.so\n",
            "registered, but not there: Pg",
            "odbc-postgresql",
        ),
    ],
)
def test_what_is_missing_is_told(
    sqlite: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    drivers: str,
    message: str,
    package: str,
) -> None:
    """With the package that has it."""
    (tmp_path / "odbcinst.ini").write_text(drivers)
    monkeypatch.setenv("ODBCSYSINI", str(tmp_path))
    health = ODBC_CHECK.examine()
    assert (health.status, health.message) == ("warning", message)
    assert health.help is not None
    assert package in health.help
