"""What is probably meant by a query that cannot be parsed."""

import re

import pytest

from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
from aqueducts.documents import offset_of_line
from aqueducts.validation.sql_advice import SqlAdvice, sql_advice


def advice_for(query: str) -> SqlAdvice | None:
    """The advice about the mistake that the engine's parser finds."""
    found = DataFusionEngine().check_syntax(query)
    assert found is not None
    message, line, column = found
    offset = offset_of_line(query, line, column)
    word = re.match(r"\w+|.", query[offset:])
    return sql_advice(query, (offset, len(word[0]) if word else 1), message)


@pytest.mark.parametrize(
    ("query", "advice", "place"),
    [
        ("SELECT a FORM t", "FROM", "FORM"),
        ("SELEKT a FROM t", "SELECT", "SELEKT"),
        ("SELECT a FROM t WHER a > 1", "WHERE", "WHER"),
        ("SELECT a FROM t GROP BY a", "GROUP", "GROP"),
        ("SELECT a FROM t WHERE x LIMT 3", "LIMIT", "LIMT"),
    ],
)
def test_misspelt_keywords(query: str, advice: str, place: str) -> None:
    """They are found where the parser stumbles, or right before."""
    found = advice_for(query)
    assert found is not None
    assert found.help == f"did you mean {advice}?"
    assert found.span == (query.index(place), len(place))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT sum(a FROM t", "close the bracket of sum("),
        ("SELECT (1 + (2) FROM t", "close the bracket of SELECT("),
        ("SELECT a FROM t WHERE", "ends too early"),
        ("SELECT 1; SELECT 2", "a stage of its own"),
        ("SELECT 'a", "written twice"),
        ("CREATE TABLE a AS SELECT 1", "by the name of the stage"),
        ("INSERT INTO a SELECT 1", "destination"),
        ("SHOW TABLES", "print_schema"),
        ("SET a = 1", "write a SELECT"),
        ("SELECT a FROM t {% if x %}", "${name}"),
    ],
)
def test_other_mistakes(query: str, words: str) -> None:
    """What to do is said where it is plain."""
    found = advice_for(query)
    assert found is not None
    assert words in found.help


def test_curly_quotes() -> None:
    """Word processors write them."""
    query = "SELECT \u201ca\u201d"
    found = sql_advice(query, (7, 1), "SQL syntax: expected an expression")
    assert found is not None
    assert "straight quotes" in found.help


def test_nothing_is_said_where_nothing_is_known() -> None:
    """Rather than something that does not fit."""
    assert advice_for("SELECT a FROM t ORDER a b c") is None
