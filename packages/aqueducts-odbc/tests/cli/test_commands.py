"""`aqueducts odbc test`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from aqueducts.errors import SecretError, SourceError
from aqueducts_odbc.cli import odbc

if TYPE_CHECKING:
    from conftest import Database


def _test(*arguments: str, **environment: str) -> str:
    done = CliRunner(env=environment).invoke(odbc, ["test", *arguments], catch_exceptions=False)
    return done.output


def test_a_connection_is_tried(database: Database) -> None:
    """The driver is named, and a row read."""
    output = _test("${secret:env:DB}", "--output", "json", DB=database.connection_string)
    assert json.loads(output)["row"] == {"one": "1"}
    library = database.connection_string.partition("=")[2].partition(";")[0]
    assert f"connected through {library} in " in _test(database.connection_string)


def test_a_query_may_be_given(sqlite: Database) -> None:
    """Its first row is shown; NULL as such."""
    query = "SELECT 'text' AS a, NULL AS b UNION ALL SELECT 'more', 1"
    output = _test(sqlite.connection_string, "--query", query)
    assert output.splitlines()[1:] == ["a (string): text", "b (string): NULL"]
    output = _test(sqlite.connection_string, "--query", "SELECT 1 AS a WHERE 1 = 0")
    assert output.splitlines()[1:] == ["the query gives no rows"]


def test_a_wrong_password_is_told(postgresql: Database) -> None:
    """Without a place in a file that nobody has written, and without the password."""
    with pytest.raises(SourceError, match="refuses the user or the password") as caught:
        _test(postgresql.connection_string, "--password", "${secret:env:PW}", PW="open sesame")
    assert "sources" not in str(caught.value)
    assert "sesame" not in str(caught.value)
    with pytest.raises((SourceError, SecretError), match="NOTHING is not set"):
        _test("${secret:env:NOTHING}")


@pytest.mark.parametrize(
    ("connection", "message"),
    [
        ("nowhere", "Data sources that are registered"),
        ("Driver={Postgres};Server=x", "Driver={PostgreSQL Unicode}"),
        ("Driver=Access;Server=x", "registered drivers are"),
        ("Server=x", "neither a driver nor a data source"),
        ("postgresql://a:sesame@b/c", "ODBC takes none"),
        ("Driver={a;PWD=sesame", "has no end"),
        ("Driver=x;sesame", "part 2 of the connection string"),
    ],
)
def test_what_is_wrong_is_told(connection: str, message: str, sqlite: Database) -> None:
    """Each with what is there, or how it is written; never with values."""
    with pytest.raises(SourceError) as caught:
        _test(connection)
    assert message in str(caught.value)
    assert "sesame" not in str(caught.value)
