"""URIs, what is wrong with them, and passwords that no message shows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aqueducts.errors import SourceError
from aqueducts.testing import Bench
from aqueducts_odbc.adbc.config import AdbcSourceConfig
from aqueducts_odbc.adbc.databases import AdbcDatabase, database_of

if TYPE_CHECKING:
    from conftest import Database


def found(folder: Path, **fields: str) -> AdbcDatabase:
    """The database of a source."""
    config = AdbcSourceConfig.model_validate(
        {"type": "adbc", "name": "t", "load_query": "SELECT 1", **fields}
    )
    with Bench(folder) as bench:
        return database_of(config, bench.context, SourceError, is_for_reading=True)


def failure(folder: Path, **fields: str) -> str:
    """What a run says of a source that cannot be read."""
    with Bench(folder) as bench:
        source = bench.source({"type": "adbc", "load_query": "SELECT 1 AS n", **fields})
        with pytest.raises(SourceError) as caught:
            source.open(bench.context)
    return f"{caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sqlite:///a/b.db", "file:/a/b.db?mode=ro"),
        ("sqlite:b.db", "file:b.db?mode=ro"),
        ("file:/a/b.db?cache=shared", "file:/a/b.db?cache=shared&mode=ro"),
        ("postgresql://h/d", "postgresql://h/d"),
        ("postgres://u:p%40@h:1/d?sslmode=require", "postgres://u:p%40@h:1/d?sslmode=require"),
    ],
)
def test_uris(uri: str, expected: str, tmp_path: Path) -> None:
    """As the drivers take them; a file of SQLite is never made."""
    database = found(tmp_path, uri=uri)
    assert database.uri == expected
    assert uri not in repr(database)


def test_credentials_apart_from_the_uri(tmp_path: Path) -> None:
    """They may hold any character, and take the place of those in the URI."""
    database = found(tmp_path, uri="postgresql://a:b@h/d", user="ü@:", password="p/w #?")
    assert database.uri == "postgresql://%C3%BC%40%3A:p%2Fw%20%23%3F@h/d"
    assert {"b", "p/w #?"} <= database.secrets


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("postgresql://app:LEAKME@[bad/x", "the uri is malformed"),
        ("postgresql://app:LEA@LEAKME@h/x", "the uri is malformed"),
        ("postgresql://app:LEA/LEAKME@h/x", "the uri is malformed"),
        ("postgresql://app:LEA#LEAKME@h/x", "the uri is malformed"),
        ("mysql://app:LEAKME@h/x", "names no database that ADBC reaches"),
        ("host=h password=LEAKME", "names no database that ADBC reaches"),
        ("sqlite://x.db", "three slashes"),
        ("sqlite::memory:", "names no file"),
        ("sqlite:/no/such/LEAK.db", "look at the path"),
        ("postgresql://app:LEAKME@127.0.0.1:1/x", "Connection refused"),
    ],
)
def test_what_is_wrong_with_a_uri(uri: str, words: str, tmp_path: Path) -> None:
    """Errors tell, and show no password."""
    message = failure(tmp_path, uri=uri)
    assert words in message
    assert "LEAKME" not in message


def test_wrong_passwords_are_shown_in_no_form(postgresql: Database, tmp_path: Path) -> None:
    """Neither as they are nor encoded."""
    uri = f"postgresql://127.0.0.1:{postgresql.server.port}/{postgresql.name}"
    message = failure(tmp_path, uri=uri, user="app", password="wröng/LEAKME?")
    assert "look at the user and the password" in message
    assert "LEAKME" not in message


@pytest.mark.parametrize("uri", ["postgresql://h/d", "sqlite:x.db"])
def test_drivers_that_are_not_installed(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says how to install them."""
    for name in ("adbc_driver_postgresql", "adbc_driver_sqlite"):
        monkeypatch.setitem(sys.modules, name, None)
    assert "pip install 'aqueducts-odbc[adbc]'" in failure(tmp_path, uri=uri)
