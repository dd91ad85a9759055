"""Windows over whole partitions as joins: the same rows, under the same names and types."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from datafusion import SessionContext
from hypothesis import given, settings
from hypothesis import strategies as st

from aqueducts.builtin.datafusion_engine.window_totals import totals_query

ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-3, 3),
        st.none() | st.sampled_from(["a", "b", ""]),
        st.none() | st.sampled_from([0.0, 0.5, -2.25, 4.0]),
        st.none() | st.booleans(),
    ),
    max_size=12,
)
COLUMNS = pa.schema([("k", pa.int64()), ("g", pa.string()), ("v", pa.float64()), ("b", pa.bool_())])

CALLS = (
    *("sum(t.k)", "count(*)", "count(t.v)", "min(t.g)", "max(t.v)", "avg(t.v)", "sum(t.k * 2)"),
    *("bool_or(t.b)", "count(DISTINCT t.k)", "SUM ( t.v )", "max(coalesce(t.g, ')('))"),
    *("sum(t.k) FILTER (WHERE t.v > 0)", "stddev_pop(t.v)"),
)
PARTITIONS = (
    *("", "PARTITION BY t.g", "PARTITION BY t.k", "PARTITION BY t.g, t.b", "partition by t.k % 2"),
    "PARTITION BY coalesce(t.g, 'x'), t.k",
)
FRAMES = (
    *("", "", "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"),
    "ORDER BY t.v, t.k RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
)
TABLES = (
    *("t", "t", "t JOIN u ON t.k = u.k", "t LEFT JOIN u ON t.k = u.k"),
    *("t RIGHT OUTER JOIN u ON t.k = u.k", "t FULL JOIN u ON t.g = u.g AND (t.k > 0 OR u.b)"),
)
FILTERS = ("", "", "WHERE t.k > 0", "WHERE t.v IS NULL OR t.g = 'a'", "WHERE false")
FORMS = ("{}", "({})", "CASE WHEN {} IS NULL THEN 'none' ELSE 'some' END", "coalesce({}, NULL)")


@st.composite
def queries(draw: st.DrawFn) -> str:
    """Queries with one to three windows, all of them over whole partitions."""
    calls = st.builds(
        lambda form, call, partition, frame: form.format(f"{call} OVER ({partition} {frame})"),
        st.sampled_from(FORMS),
        st.sampled_from(CALLS),
        st.sampled_from(PARTITIONS),
        st.sampled_from(FRAMES),
    )
    windows = draw(st.lists(calls, min_size=1, max_size=3))
    items = [draw(st.sampled_from(["t.*", "t.k AS k", "t.g", "t.k + 1 AS next, t.v"]))]
    for number, window in enumerate(windows):
        items.append(window + draw(st.sampled_from([f" AS w{number}", f" w{number}"])))
    distinct = draw(st.sampled_from(["", "", "DISTINCT "]))
    tables, filters = draw(st.sampled_from(TABLES)), draw(st.sampled_from(FILTERS))
    order = draw(st.sampled_from(["", " ORDER BY 1", " -- the end"]))
    return f"SELECT {distinct}{', '.join(items)} FROM {tables} {filters}{order}"


def session(t: list[tuple[Any, ...]], u: list[tuple[Any, ...]]) -> SessionContext:
    """Two tables of the same columns."""
    context = SessionContext()
    for name, rows in (("t", t), ("u", u)):
        columns = [list(each) for each in zip(*rows, strict=True)] or [[], [], [], []]
        batch = pa.record_batch(columns, schema=COLUMNS)
        context.register_record_batches(name, [[batch]])
    return context


def rows_of(context: SessionContext, query: str) -> Counter[str]:
    """Rows without their order; floats to ten places, since sums have no order either."""
    return Counter(
        repr([f"{value:.10g}" if isinstance(value, float) else value for value in row.values()])
        for row in context.sql(query).to_pylist()
    )


def rewritten(context: SessionContext, query: str) -> str | None:
    """The query with joins, checked by the engine."""
    schema = context.sql(query).schema()
    found = totals_query(query, lambda place: str(schema.names[place]))
    if found is None:
        return None
    new = context.sql(found.query).schema()
    assert [(field.name, field.type) for field in new] == [
        (field.name, field.type) for field in schema
    ]
    if found.keys is not None:
        context.sql(found.keys)
    return found.query


@given(ROWS, ROWS, queries())
@settings(max_examples=150, deadline=None)
def test_rows_are_the_same(t: list[Any], u: list[Any], query: str) -> None:
    """For nulls, duplicates, empty tables, filters, outer joins and several windows at once."""
    context = session(t, u)
    spared = rewritten(context, query)
    assert spared is not None
    assert "OVER" not in spared
    assert rows_of(context, spared) == rows_of(context, query)


T = [(1, "a", 0.5, True), (2, None, None, None), (2, "a", 4.0, False), (None, None, 1.0, True)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT *, sum(k) OVER () AS total FROM t",
        "SELECT *, sum(k) OVER (PARTITION BY g), count(*) OVER () + 1 FROM t;",
        "SELECT k, sum(k) OVER () FROM t",
        'SELECT k AS "over", sum(k) OVER () / count(*) OVER () "a b" FROM t AS t',
        "SELECT *, sum(t.k) OVER () n FROM t JOIN u USING (k)",
        "SELECT k, row_number() OVER (ORDER BY k, v) AS r, sum(k) OVER (PARTITION BY g) s FROM t",
        "SELECT k, sum(k) OVER (PARTITION BY g) s FROM t ORDER BY sum(k) OVER () , s, k LIMIT 2",
        "SELECT k FROM t ORDER BY count(*) OVER (PARTITION BY g) DESC, k",
        "SELECT sum(k) OVER () AS /* no ( end */ s -- nor ( here\nFROM t -- ,\nWHERE k > 0",
        "SELECT ')' AS a, max(g || ')') OVER () AS m FROM t",
        "SELECT k, CASE WHEN count(*) OVER () > 1 THEN 'many' END FROM t",
    ],
)
def test_queries_keep_their_names(query: str) -> None:
    """Also those that the engine has made up."""
    context = session(T, T)
    spared = rewritten(context, query)
    assert spared is not None
    assert rows_of(context, spared) == rows_of(context, query.rstrip(";"))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT k, sum(k) OVER (ORDER BY k) AS total FROM t",
        "SELECT k, sum(k) OVER (ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING) AS s FROM t",
        "SELECT k, ntile(2) OVER (ORDER BY k) AS n FROM t",
        "SELECT k, first_value(k) OVER () AS n FROM t",
        "SELECT k, array_agg(k) OVER () AS n FROM t",
        "SELECT g, sum(sum(k)) OVER () AS n FROM t GROUP BY g",
        "SELECT k, sum(k) OVER w AS n FROM t WINDOW w AS ()",
        "SELECT k, sum(k) OVER () AS n FROM (SELECT k FROM t)",
        "SELECT k, sum(k) OVER () AS n FROM t WHERE k IN (SELECT k FROM u)",
        "WITH a AS (SELECT 1 AS k) SELECT k, sum(k) OVER () AS n FROM a",
        "SELECT t.k, sum(t.k) OVER () AS n FROM t, u",
        "SELECT t.k, sum(t.k) OVER () AS n FROM t NATURAL JOIN u",
        "SELECT k, sum(k) OVER () AS n FROM t UNION ALL SELECT k, k FROM t",
        "SELECT k, sum(k) OVER () AS n FROM t QUALIFY n > 1",
        "SELECT DISTINCT ON (k) k, sum(k) OVER () AS n FROM t",
        "SELECT value, sum(value) OVER () AS n FROM generate_series(1, 3)",
        "SELECT sum(k) AS n FROM t",
        "SELECT 1",
        "",
        ")) OVER (",
    ],
)
def test_other_queries_are_left_alone(query: str) -> None:
    """What has no such window, or is more than one plain SELECT."""
    assert totals_query(query, str) is None


def test_the_totals_are_on_the_side_that_is_held() -> None:
    """The engine holds the left side of joins whose sizes it does not know."""
    found = totals_query("SELECT k, sum(k) OVER () AS n FROM t", str)
    assert found is not None
    assert re.search(r"FROM \(SELECT sum\(k\) .*\) AS __totals_0 CROSS JOIN t$", found.query)
