"""Calls and operators in queries, and what the engine gets for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqueducts.builtin.json_functions.rewriting import rewrite
from aqueducts.errors import QueryError


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("json_get_str(d, 'a')", "json_get_str(d, 'a')"),
        ("json_get_str(d)", "json_get_str(d, '$')"),
        ("JSON_GET_STR(d, 'a', 0, 'b')", "json_get_str(d, '$.a[0].b')"),
        ("\"json_get_str\"(d, 'it''s')", "json_get_str(d, 'it''s')"),
        ("json_get_int(d, -1)", "json_get_int(d, '$[-1]')"),
        ("json_len(d, '$.a')", "json_length(d, '$[\"$.a\"]')"),
        ("json_keys(upper(d), 'a')", "json_object_keys(upper(d), 'a')"),
        ("json_get_str(json_get(d, 'a'), 'b')", "json_get_str(d, '$.a.b')"),
        (
            "json_get_str(json_as_text(d, 'a'), 'b')",
            "json_get_str(json_as_text(d, 'a'), 'b')",
        ),
        ("json_get_str(d, k)", "json_get_str__by_column(d, k, arrow_typeof(k))"),
        ("json_get_str(d, ('a'))", "json_get_str__by_column(d, ('a'), arrow_typeof(('a')))"),
        ("coalesce(json_get_int(d, 'a'), 0) + 1", "coalesce(json_get_int(d, 'a'), 0) + 1"),
        (
            "unnest(unnest_json_array(json_get(d,'a')))",
            "unnest(unnest_json_array(json_get(d, 'a')))",
        ),
        ("d -> 'a'", "json_get(d, 'a')"),
        (
            "d->>'a' = 'x' AND e->>0 = 'y'",
            "json_as_text(d, 'a') = 'x' AND json_as_text(e, '$[0]') = 'y'",
        ),
        ("t.d -> 'a' -> -1 ->> 'b'", "json_as_text(t.d, '$.a[-1].b')"),
        ("t.\"D d\" -> 'a'", "json_get(t.\"D d\", 'a')"),
        ("d::varchar(10) ->> 'a'", "json_as_text(d::varchar(10), 'a')"),
        ("lower(d) ->> 'a'", "json_as_text(lower(d), 'a')"),
        ("f[1]['x'] ->> 'a'", "json_as_text(f[1]['x'], 'a')"),
        ("[d ->> 'a', {'k': d -> 0}]", "[json_as_text(d, 'a'), {'k': json_get(d, '$[0]')}]"),
        ("[d, e][1] ->> 'a'", "json_as_text([d, e][1], 'a')"),
        ("(CASE WHEN x THEN d END) ->> 'a'", "json_as_text((CASE WHEN x THEN d END), 'a')"),
        ("x IN (d ->> 'a', 'b')", "x IN (json_as_text(d, 'a'), 'b')"),
        ("NOT (d -> 'a') IS NULL", "NOT (json_get(d, 'a')) IS NULL"),
        ("(d -> 'a')::int", "(json_get_int(d, 'a'))"),
        ("((d -> 'a'))::double precision + 1", "((json_get_float(d, 'a'))) + 1"),
        ("json_get(d, 'a')::varchar(5) = 'x'", "json_get_str(d, 'a') = 'x'"),
        ("CAST(json_get(d, 'a') AS BOOLEAN)", "json_get_bool(d, 'a')"),
        ("cast(d -> 'a' as decimal(10, 2))", "cast(json_get_float(d, 'a') as decimal(10, 2))"),
        ("(d -> 'a')::date", "(json_as_text(d, 'a'))::date"),
        ("CAST(d -> 'a' AS int[])", "CAST(json_get(d, 'a') AS int[])"),
        ("json_get_str(d /* , 'b' */ , 'a') -- json_get(d)", "json_get_str(d, 'a') -- json_get(d)"),
        ("'json_get(d)' || \"json_get(d)\"", "'json_get(d)' || \"json_get(d)\""),
        ("E'\\' json_get(d)' || $$ d -> 'a' $$", "E'\\' json_get(d)' || $$ d -> 'a' $$"),
        ("/* a /* b */ json_get(d) */ json_get_str", "/* a /* b */ json_get(d) */ json_get_str"),
        ("d -> k", "d -> k"),
        ("CASE WHEN x THEN d END -> 'a'", "CASE WHEN x THEN d END -> 'a'"),
        ("-> 'a'", "-> 'a'"),
        ("(d -> 'a')::int unsigned", "(json_get_int(d, 'a'))::int unsigned"),
        ("CAST() -> 'a'", "json_get(CAST(), 'a')"),
        ("max(d) OVER (PARTITION BY e) -> 'a'", "max(d) OVER (PARTITION BY e) -> 'a'"),
        ("json_get_str(d,", "json_get_str(d,"),
        ("json_get_str(d, )", "json_get_str(d, )"),
        ("not_json_get_str(d, 'a', 'b')", "not_json_get_str(d, 'a', 'b')"),
    ],
)
def test_calls_become_what_the_engine_can_run(query: str, wanted: str) -> None:
    """Only calls change; the rest stays as it was written."""
    assert rewrite(f"SELECT {query} FROM t").text() == f"SELECT {wanted} FROM t"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("json_get_str()", "json_get_str needs a document"),
        ("json_contains(d)", "json_contains needs a document and a key"),
        ("json_get(d, NULL)", "json_get takes keys in quotes and whole numbers, not NULL"),
        ("json_get(d, 1.5)", "json_get takes keys in quotes and whole numbers, not 1.5"),
        ("json_get(d, true)", "json_get takes keys in quotes and whole numbers, not true"),
        ("json_get(d, 'a', k)", "takes several keys only where all of them are written out"),
        ("unnest_json_array(d, 'a')", "unnest_json_array takes one argument, not 2"),
        ("d -> 'a' || 'b'", "-> beside || can be read in two ways"),
        ("a + d ->> 'a'", "->> beside + can be read in two ways"),
        ("d -> 'a'[1]", "-> beside [ can be read in two ways"),
        ("d -> 'a'::int", "-> beside :: can be read in two ways"),
        ("d -> 'a' = 'x'", "-> gives JSON text"),
        ("'x' = (d -> 'a')", "-> gives JSON text"),
        ("json_get(d, 'a') NOT IN ('x')", "json_get gives JSON text"),
        ("json_get(d, 'a') IS DISTINCT FROM 'x'", "json_get gives JSON text"),
        ("json_get(d" + ", 0" * 101 + ")", "json_get goes at most 100 steps deep"),
    ],
)
def test_calls_that_cannot_be_meant_are_refused(query: str, message: str) -> None:
    """What would be read in two ways, or give nothing ever, is an error that says so."""
    with pytest.raises(QueryError) as caught:
        rewrite(f"SELECT {query} FROM t")
    assert message in caught.value.message


def test_paths_that_are_too_deep_are_not_joined() -> None:
    """Nested calls go deeper than one alone may."""
    inner = "json_get(d" + ", 0" * 90 + ")"
    rewritten = rewrite(f"SELECT json_get_str({inner}{', 1' * 90})").text()
    assert rewritten.count("json_get") == 2


@given(st.text(alphabet="()[]',->\"$/*eE 0a.:\n|", max_size=30))
def test_no_text_is_too_odd(text: str) -> None:
    """Text without calls comes back as it was, and nothing else is raised than our error."""
    try:
        rewritten = rewrite(text)
    except QueryError:
        return
    if not rewritten.calls:
        assert rewritten.text() == text
