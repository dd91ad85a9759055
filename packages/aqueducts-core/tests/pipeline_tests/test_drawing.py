"""What went wrong, as people see it."""

from __future__ import annotations

from textwrap import dedent

import pytest

from aqueducts.pipeline_tests.drawing import difference_lines, outcome_text

from .conftest import Bench

WIDE = ", ".join(f"'value {n} of a wide row' AS column_{n}" for n in range(6))


def _lines(bench: Bench, query: str, expect: str, width: int = 60) -> str:
    bench.write("pipeline.yml", f'stages: [[{{name: a, query: "{query}"}}]]')
    failure = bench.failure(f"expect: {{a: {expect}}}", "")
    assert failure.differences is not None
    lines = [line.text for line in difference_lines(failure.differences, width=width)]
    return "\n".join(lines) + "\n"


def test_rows_that_differ_stand_in_a_table(bench: Bench) -> None:
    """Numbers to the right, changes in their cell."""
    shown = _lines(
        bench,
        "SELECT * FROM (VALUES ('a', 1), ('b', 20), ('c', null)) AS t(k, v)",
        "[{k: a, v: 10}, {k: b, v: 20}, {k: d, v: 7}]",
    )
    assert shown == dedent(
        """\
          k        v
        ~ a  10 -> 1
        - d        7
        + c     null
        """
    )


def test_wide_characters_take_two_cells(bench: Bench) -> None:
    """Columns stay in line in a terminal."""
    shown = _lines(
        bench,
        "SELECT * FROM (VALUES ('日本', 'a'), ('e\u0301', 'b')) AS t(k, v)",
        "[{k: x, v: a}, {k: y, v: z}]",
    )
    assert f"\n+ e\u0301{' ' * 10}b\n" in shown
    assert "\n~ x -> 日本  a\n" in shown


def test_rows_in_order_have_their_number(bench: Bench) -> None:
    """Where the order counts."""
    shown = _lines(
        bench,
        "SELECT value AS v FROM range(1, 4) ORDER BY v",
        "{order: true, rows: [{v: 1}, {v: 3}, {v: 2}]}",
    )
    assert shown == "  row       v\n~   2  3 -> 2\n~   3  2 -> 3\n"


def test_rows_that_are_alone_have_their_number_too(bench: Bench) -> None:
    """Of an expected row among those that are expected, of another among those that are there."""
    shown = _lines(
        bench,
        "SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, 'c')) AS t(n, t) ORDER BY n",
        "{order: true, rows: [{n: 1, t: a}, {n: 3, t: c}, {n: 7, t: d}, {n: 8, t: e}]}",
    )
    assert shown == "  row  n  t\n-   3  7  d\n-   4  8  e\n+   2  2  b\n"


def test_rows_that_are_too_wide_stand_alone(bench: Bench) -> None:
    """As a test file writes them, folded; of a row that changed only what differs."""
    expected = ", ".join(f"column_{n}: value {n} of a wide row" for n in range(6))
    shown = _lines(bench, f"SELECT {WIDE}", f"[{{{expected.replace('value 3', 'value 7')}}}]")
    first, second = shown.splitlines()
    assert first.startswith("~ {column_0: value 0 of a wide row, ")
    assert first.endswith("...")
    assert second == "  - column_3  value 7 of a wide row" or second.startswith("    column_3")
    shown = _lines(bench, f"SELECT {WIDE} WHERE false", f"[{{{expected}}}]")
    assert shown.startswith("- {column_0: value 0 of a wide row, column_1: value 1 of a\n   wide")
    assert all(len(line) <= 60 for line in shown.splitlines())


def test_long_values_are_told_one_below_the_other(bench: Bench) -> None:
    """Where both do not fit into a line."""
    long = "x" * 50
    shown = _lines(bench, f"SELECT 1 AS k, '{long}' AS v", f"[{{k: 1, v: {long}y}}]")
    assert shown == f"~ {{k: 1}}\n  - v  {long}y\n  + v  {long}\n"


def test_columns_that_differ(bench: Bench) -> None:
    """Before the rows."""
    shown = _lines(bench, "SELECT 1 AS k, 2 AS v", "[{k: 1, w: 2}]")
    assert shown == "- column w is missing\n+ column v is not expected\n"


def test_many_rows_are_counted(bench: Bench) -> None:
    """Ten of each kind are shown."""
    query = "SELECT value AS v FROM range(0, 25)"
    shown = _lines(bench, query, "{columns: [v], rows: []}")
    assert len(shown.splitlines()) == 12
    assert shown.endswith("  and 15 more unexpected\n")
    failure = bench.failure("expect: {a: {columns: [v], rows: []}}", "")
    assert failure.differences is not None
    assert len(list(difference_lines(failure.differences, width=60, most_rows=None))) == 26


def test_a_failure_as_text(bench: Bench) -> None:
    """With its place, its notes, and the pipeline's excerpt where it failed."""
    bench.write("pipeline.yml", "stages: [[{name: a, query: SELECT 1 AS v}]]")
    outcome = bench.run("expect: {a: {rows: [{v: one}], schema: {v: int8}}}", "")
    assert outcome_text(outcome) == dedent(
        f"""\
        a: the columns differ ({bench.file}:4)
          note: column 'v' is int64, and int8 is expected

        a: the rows differ: 1 changed (expected 1 row, got 1) ({bench.file}:4)
                     v
          ~ one -> 1
          note: column 'v': the text 'one' is no int64"""
    ).replace("             v\n", "            v\n") or outcome_text(outcome)
    bench.write("pipeline.yml", "stages: [[{name: a, query: SELECT v}]]")
    outcome = bench.run("expect: {a: {row_count: 1}}", "")
    assert "the pipeline failed\nerror[" in outcome_text(outcome)
    assert "\n  |" in outcome_text(outcome) or "^" in outcome_text(outcome)


@pytest.mark.parametrize("width", [20, 40, 80])
def test_lines_are_no_wider_than_asked(bench: Bench, width: int) -> None:
    """As long as no single value is."""
    shown = _lines(
        bench,
        "SELECT * FROM (VALUES ('ab', 'cd', 1.5), ('ef', 'gh', 2.5)) AS t(a, b, c)",
        "[{a: ab, b: cd, c: 9.5}, {a: x, b: y, c: 1.0}]",
        width=width,
    )
    assert max(len(line) for line in shown.splitlines()) <= width
