"""Syntax errors as the engine's parser sees them."""

import pytest

from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine


def check(query: str) -> tuple[str, int, int] | None:
    """What the engine has to say."""
    return DataFusionEngine().check_syntax(query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "SELECT a FROM unknown_table WHERE nope(b) > 1",
        "WITH x AS (SELECT 1 AS a) SELECT * FROM x",
        "SELECT a, sum(b) OVER (PARTITION BY c ORDER BY d) FROM t QUALIFY row_number() OVER () = 1",
        "SELECT DISTINCT ON (a) * FROM t",
        "SELECT * EXCLUDE (a) FROM t",
        "SELECT 1;",
        "-- a comment\nSELECT 1",
    ],
)
def test_queries_without_a_mistake(query: str) -> None:
    """Tables, columns and functions that are unknown are not syntax."""
    assert check(query) is None


@pytest.mark.parametrize(
    ("query", "message", "line", "column"),
    [
        ("SELECT a,\n  , b FROM t", "expected an expression, found ','", 2, 3),
        ("SELECT a FROM", "found the end of the query", 1, 14),
        ("SELEC a", "expected an SQL statement, found 'SELEC'", 1, 1),
        ("SELECT 'a", "never closed", 1, 8),
        ("\n\n  SELECT a b c FROM t", "found 'c'", 3, 14),
        ("", "the query is empty", 1, 1),
        ("  \n ", "the query is empty", 1, 1),
    ],
)
def test_mistakes_have_their_place(query: str, message: str, line: int, column: int) -> None:
    """Line and column of the word that does not fit."""
    found = check(query)
    assert found is not None
    assert message in found[0]
    assert found[1:] == (line, column)


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("CREATE TABLE x AS SELECT 1 AS a", "Create"),
        ("CREATE VIEW x AS SELECT 1 AS a", "Create"),
        ("DROP TABLE IF EXISTS x", "Drop"),
        ("SET datafusion.execution.batch_size = 1", "Set"),
        ("COPY (SELECT 1 AS a) TO 'x.csv' STORED AS CSV", "C"),
        ("COPY (SELECT 1 AS a) TO 'x'", "C"),
    ],
)
def test_what_is_not_one_query_is_refused(query: str, word: str) -> None:
    """At its first word."""
    found = check("\n  " + query)
    assert found is not None
    assert word.lower() in found[0].lower()
    assert found[1:] == (2, 3)


def test_a_second_query_is_refused() -> None:
    """Where it begins; a semicolon at the end is none."""
    found = check("SELECT ';' AS a;\n SELECT 2")
    assert found == ("a stage holds one query, and here a second one begins", 2, 2)
    assert check("SELECT 1 AS a;") is None


@pytest.mark.parametrize(
    ("query", "column", "word"),
    [
        ("EXPLAIN SELECT 1", 1, "EXPLAIN"),
        ("/* why */ explain SELECT 1", 11, "explain"),
        ("COPY t TO 'x.csv'", 1, "COPY"),
        ("INSERT INTO t VALUES (1)", 1, "INSERT"),
        ("DELETE FROM t", 1, "DELETE"),
        ("UPDATE t SET a = 1", 1, "UPDATE"),
    ],
)
def test_statements_are_refused_whatever_the_tables_are(query: str, column: int, word: str) -> None:
    """Before anything is opened, with the word that makes them one."""
    found = check(query)
    assert found is not None
    assert "a stage reads data with one query" in found[0]
    assert found[1:] == (1, column)
    assert query[column - 1 :].startswith(word)


def test_a_plan_is_asked_for_with_the_stages_own_key() -> None:
    """EXPLAIN is what people type in other tools."""
    found = check("EXPLAIN SELECT 1")
    assert found is not None
    assert "set explain" in found[0]
