"""What a query refers to, from its parsed form."""

import pytest

from aqueducts.queries import TableReference, read_query


def names(query: str) -> list[str]:
    """Tables of a query, sorted."""
    facts = read_query(query)
    assert facts is not None
    return sorted(reference.name for reference in facts.tables)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT 1", []),
        ("SELECT * FROM t", ["t"]),
        ("SELECT * FROM T", ["t"]),
        ('SELECT * FROM "T"', ["T"]),
        ('SELECT * FROM "my table"', ["my table"]),
        ("SELECT * FROM a JOIN b ON a.x = b.x LEFT JOIN c USING (y)", ["a", "b", "c"]),
        ("SELECT * FROM a, b", ["a", "b"]),
        ("SELECT * FROM a UNION ALL SELECT * FROM b", ["a", "b"]),
        ("SELECT * FROM (SELECT * FROM a) AS b", ["a"]),
        ("WITH x AS (SELECT * FROM a) SELECT * FROM x", ["a"]),
        ("WITH x AS (SELECT * FROM a), y AS (SELECT * FROM x) SELECT * FROM y, b", ["a", "b"]),
        ("WITH a AS (SELECT * FROM a) SELECT * FROM a", ["a"]),
        ("SELECT * FROM a WHERE x IN (SELECT x FROM b)", ["a", "b"]),
        ("SELECT * FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.x = a.x)", ["a", "b"]),
        ("SELECT (SELECT max(x) FROM b) AS m FROM a", ["a", "b"]),
        ("SELECT a FROM b -- FROM c", ["b"]),
        ("SELECT 'FROM c' FROM b", ["b"]),
        ("SELECT value FROM generate_series(1, 10)", []),
        ("SELECT * FROM a, generate_series(1, 3)", ["a"]),
        ("SELECT unnest(l) FROM a", ["a"]),
        ("SELECT * FROM information_schema.tables", ["information_schema.tables"]),
        (
            (
                "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) "
                "SELECT * FROM r JOIN a ON a.n = r.n"
            ),
            ["a"],
        ),
        ("SELECT * FROM a AS b JOIN b AS a ON a.x = b.x", ["a", "b"]),
        (
            "SELECT * EXCLUDE (x) FROM a QUALIFY row_number() OVER (PARTITION BY y ORDER BY z) = 1",
            ["a"],
        ),
    ],
)
def test_tables(query: str, expected: list[str]) -> None:
    """CTEs, aliases, functions and text are none; folded as SQL folds them."""
    assert names(query) == expected


def test_a_table_has_its_place() -> None:
    """Line and column of the name within the query."""
    facts = read_query('SELECT a\nFROM first\n  JOIN "Second" USING (a)')
    assert facts is not None
    assert set(facts.tables) == {
        TableReference("first", False, 2, 6),
        TableReference("Second", True, 3, 8),
    }


@pytest.mark.parametrize(
    "query", ["SELEC 1", "", "SELECT * FROM", "DROP TABLE t", "SELECT ((1", "SELECT X'41' AS x"]
)
def test_what_cannot_be_parsed_has_no_facts(query: str) -> None:
    """The engine has the last word on it."""
    assert read_query(query) is None


@pytest.mark.parametrize(
    "query", ["EXPLAIN SELECT 1", "SHOW TABLES", "-- all\n/* of */ describe t"]
)
def test_what_is_no_query_has_no_facts(query: str, caplog: pytest.LogCaptureFixture) -> None:
    """And nothing is logged about it."""
    assert read_query(query) is None
    assert caplog.records == []


def test_a_query_that_nests_without_end_has_no_facts() -> None:
    """Rather than an end of the stack."""
    assert read_query("SELECT " + "(" * 5000 + "1" + ")" * 5000) is None


def test_functions_by_their_names_in_sql() -> None:
    """In lower case, of any kind."""
    facts = read_query("SELECT RANDOM(), Upper(a), my_udf(b), uuid(), count(*) FROM t")
    assert facts is not None
    assert facts.functions >= {"upper", "my_udf", "uuid", "count"}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT random() AS a FROM t",
        "SELECT rand() AS a FROM t",
        "SELECT uuid() AS a FROM t",
        "SELECT now() AS a FROM t",
        "SELECT current_timestamp AS a FROM t",
        "SELECT current_date AS a FROM t",
        "SELECT current_date() AS a FROM t",
        "SELECT current_time AS a FROM t",
        "SELECT today() AS a FROM t",
        "SELECT a FROM t WHERE b < Now()",
        "SELECT a FROM t ORDER BY RANDOM() LIMIT 1",
        "WITH x AS (SELECT random() AS r) SELECT r FROM x",
    ],
)
def test_every_volatile_function_is_seen(query: str) -> None:
    """Whatever the parser calls it, it is one of the names that the engine gives."""
    from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine

    facts = read_query(query)
    assert facts is not None
    assert facts.functions & DataFusionEngine().volatile_functions


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * FROM a", False),
        ("SELECT a, count(*) FROM t GROUP BY a", False),
        ("SELECT * FROM a WHERE x IN (1, 2)", False),
        ("SELECT * FROM a JOIN b USING (x)", True),
        ("SELECT * FROM a, b", True),
        ("SELECT * FROM a WHERE x IN (SELECT x FROM b)", True),
        ("SELECT * FROM a WHERE EXISTS (SELECT 1 FROM b)", True),
        ("SELECT * FROM a WHERE x = (SELECT max(x) FROM b)", True),
        ("SELECT * FROM a INTERSECT SELECT * FROM b", True),
        ("SELECT (SELECT max(x) FROM b) AS m FROM a", True),
        ("WITH c AS (SELECT * FROM a JOIN b USING (x)) SELECT * FROM c", True),
    ],
)
def test_joins(query: str, expected: bool) -> None:
    """Also those that have no JOIN in them."""
    facts = read_query(query)
    assert facts is not None
    assert facts.has_join is expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * FROM a", False),
        ("SELECT * FROM a LIMIT 5", True),
        ("SELECT * FROM a OFFSET 5", True),
        ("SELECT * FROM a ORDER BY x LIMIT 5", False),
        ("SELECT * FROM (SELECT * FROM a LIMIT 5) ORDER BY x", True),
        ("SELECT DISTINCT ON (x) * FROM a", True),
        ("SELECT DISTINCT ON (x) * FROM a ORDER BY x, y", False),
        ("SELECT DISTINCT x FROM a", False),
        ("SELECT row_number() OVER () AS n FROM a", True),
        ("SELECT row_number() OVER (PARTITION BY x) AS n FROM a", True),
        ("SELECT row_number() OVER (ORDER BY x) AS n FROM a", False),
        ("SELECT lag(x) OVER (PARTITION BY y) AS n FROM a", True),
        ("SELECT ntile(4) OVER (PARTITION BY y) AS n FROM a", True),
        ("SELECT first_value(x) AS n FROM a", True),
        ("SELECT first_value(x) OVER (ORDER BY y), last_value(x) FROM a", True),
        ("SELECT first_value(x ORDER BY y) AS n FROM a", False),
        ("SELECT any_value(x) AS n FROM a", True),
        ("SELECT * FROM a TABLESAMPLE (10 PERCENT)", True),
        ("SELECT array_agg(x) AS n FROM a", True),
        ("SELECT array_agg(x ORDER BY x) AS n FROM a", False),
        ("SELECT string_agg(x, ',') AS n FROM a", True),
        ("SELECT string_agg(x, ',' ORDER BY x) AS n FROM a", False),
        ("SELECT sum(x) OVER (ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS n FROM a", True),
        ("SELECT sum(x) OVER (ORDER BY y ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM a", False),
        ("SELECT sum(x) OVER (PARTITION BY y) AS n FROM a", False),
    ],
)
def test_order_dependence(query: str, expected: bool) -> None:
    """Rows have no order of their own: two runs may differ where a query cuts or counts them."""
    facts = read_query(query)
    assert facts is not None
    assert facts.is_order_dependent is expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * FROM a JOIN b USING (x)", False),
        ("SELECT * FROM a AS x JOIN a AS y ON x.k = y.k", True),
        ("SELECT * FROM a UNION ALL SELECT * FROM a", True),
        ("SELECT * FROM a WHERE x = (SELECT max(x) FROM a)", True),
        ("WITH c AS (SELECT * FROM a) SELECT * FROM c", False),
        ("WITH c AS (SELECT * FROM a) SELECT * FROM c AS x JOIN c AS y USING (k)", True),
        ("WITH c AS (SELECT * FROM a) SELECT * FROM c UNION ALL SELECT * FROM C", True),
        ("SELECT * FROM a, A", True),
        (
            (
                "WITH RECURSIVE r AS (SELECT x FROM a UNION ALL "
                "SELECT r.x + 1 FROM r JOIN a USING (x)) SELECT * FROM r"
            ),
            True,
        ),
    ],
)
def test_repeated_tables(query: str, expected: bool) -> None:
    """Directly, or through a CTE that is used twice."""
    facts = read_query(query)
    assert facts is not None
    assert facts.repeats_tables is expected
