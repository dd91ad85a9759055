"""What is expected, and what differs from it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from .conftest import Bench


def _stage(bench: Bench, query: str, more: str = "") -> None:
    text = f"stages:\n  - - name: a\n      query: |\n        {query}\n{more}"
    bench.write("pipeline.yml", text)


NUMBERS = "SELECT * FROM (VALUES (1, 'x'), (2, 'y'), (3, 'z')) AS t(n, t) ORDER BY n"


@pytest.mark.parametrize(
    "expect",
    [
        "[{n: 3, t: z}, {n: 1, t: x}, {n: 2, t: y}]",
        "{order: true, rows: [{n: 1, t: x}, {n: 2, t: y}, {t: z, n: 3}]}",
        "{columns: [t], rows: [[x], [z], [y]]}",
        "{columns: [t], rows: [{t: x}, {t: z}, {t: y}]}",
        "{row_count: 3}",
        "{schema: {t: string, n: int64}}",
        "{columns: [n], rows: [[1], [2], [3]], schema: {n: int64}}",
        '{csv: "t,n\\nz,3\\nx,1\\ny,2\\n"}',
        '{csv: "t,n\\nz,3\\nx,1\\ny,2\\n", columns: [n]}',
    ],
)
def test_expectations_that_are_met(bench: Bench, expect: str) -> None:
    """In all their forms."""
    _stage(bench, NUMBERS)
    bench.passes(f"expect: {{a: {expect}}}", "")


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("[]", "the rows differ: 3 unexpected (expected 0 rows, got 3)"),
        ("{columns: [n], rows: [[1], [2]]}", "1 unexpected (expected 2 rows, got 3)"),
        ("{columns: [n], rows: [[1], [2], [3], [3]]}", "1 missing (expected 4 rows, got 3)"),
        ("[{n: 1, t: x}, {n: 2, t: q}, {n: 3, t: z}]", "the rows differ: 1 changed"),
        (
            "{columns: [n], order: true, rows: [[3], [2], [1]]}",
            "the rows differ: the rows come in another order",
        ),
        ("[{n: 1}, {n: 2}, {n: 3}]", "the rows differ: 1 unexpected column (expected 3"),
        (
            "{rows: [{n: 1, u: x}, {n: 2, u: y}]}",
            "1 missing column, 1 unexpected column, 1 unexpected",
        ),
        ("{row_count: 4}", "there are 3 rows, and 4 are expected"),
        ("{schema: {n: int32, u: string}}", "the columns differ"),
    ],
)
def test_expectations_that_are_not_met(bench: Bench, expect: str, message: str) -> None:
    """What differs is counted, at the place of the expectation."""
    _stage(bench, NUMBERS)
    failure = bench.failure(f"expect:\n  a: {expect}", "")
    assert message in failure.message
    assert (failure.step, failure.line) == ("a", 5)


def test_columns_that_differ_are_named(bench: Bench) -> None:
    """With their types, and those that are there or not."""
    _stage(bench, NUMBERS)
    failure = bench.failure("expect: {a: {schema: {n: int32, u: string}}}", "")
    assert failure.notes == (
        "column 'n' is int64, and int32 is expected",
        "column 'u' is missing",
        "column 't' is not expected",
    )


def test_everything_that_is_wrong_is_told(bench: Bench) -> None:
    """All expectations of all steps, in their order."""
    _stage(bench, NUMBERS, "  - - {name: b, query: SELECT n FROM a}\n")
    outcome = bench.run(
        "expect:\n  b: {row_count: 1}\n  a: {row_count: 2, schema: {n: int8}, rows: []}", ""
    )
    assert [(each.step, each.line) for each in outcome.failures] == [
        ("b", 5),
        ("a", 6),
        ("a", 6),
        ("a", 6),
    ]


@pytest.mark.parametrize(
    ("query", "row"),
    [
        ("SELECT 0.1::double + 0.2::double AS v", "{v: 0.30000000000000004}"),
        ("SELECT 1.50::decimal(10,2) AS v", "{v: 1.5}"),
        ("SELECT '123456789012345678.25'::decimal(30,2) AS v", "{v: '123456789012345678.25'}"),
        ("SELECT 1::double AS v", "{v: 1}"),
        ("SELECT 'nan'::double AS v", "{v: .nan}"),
        ("SELECT -0.0::double AS v", "{v: 0}"),
        ("SELECT null::int AS v", "{v: null}"),
        ("SELECT null AS v", "{v: null}"),
        ("SELECT DATE '2024-01-31' AS v", "{v: 2024-01-31}"),
        ("SELECT TIMESTAMP '2024-01-31T12:30:00' AS v", "{v: 2024-01-31T12:30:00}"),
        ("SELECT TIMESTAMPTZ '2024-01-31T12:30:00Z' AS v", "{v: 2024-01-31T13:30:00+01:00}"),
        ("SELECT make_array(1, 2) AS v", "{v: [1, 2]}"),
        ("SELECT named_struct('a', 1, 'b', 'x') AS v", "{v: {a: 1, b: x}}"),
        ("SELECT map(['k'], [1]) AS v", "{v: {k: 1}}"),
        ("SELECT arrow_cast('x', 'Dictionary(Int32, Utf8)') AS v", "{v: x}"),
        ("SELECT arrow_cast('x', 'Binary') AS v", "{v: x}"),
        ("SELECT INTERVAL '2 days' AS v", "{v: {days: 2}}"),
    ],
)
def test_values_are_compared_as_their_types_have_them(bench: Bench, query: str, row: str) -> None:
    """What is the same value is the same, however it is written."""
    _stage(bench, query)
    bench.passes(f"expect: {{a: [{row}]}}", "")


@pytest.mark.parametrize(
    ("query", "row", "note"),
    [
        ("SELECT 5 AS v", "{v: five}", "column 'v': the text 'five' is no int64"),
        ("SELECT '5' AS v", "{v: 5}", "column 'v': 5 is no string: put it in quotes"),
        ("SELECT 'true' AS v", "{v: true}", "column 'v': true is no string"),
        ("SELECT 0.1::double + 0.2::double AS v", "{v: 0.3}", "only last digits differ: set"),
        ("SELECT 1 AS v, 2 AS w", "{v: 1}", "to compare only some columns, name them"),
    ],
)
def test_notes_say_what_to_do(bench: Bench, query: str, row: str, note: str) -> None:
    """Where more can be said than what differs."""
    _stage(bench, query)
    failure = bench.failure(f"expect: {{a: [{row}]}}", "")
    assert any(note in each for each in failure.notes), failure.notes


def test_a_clock_that_runs_is_named(bench: Bench) -> None:
    """Where rows differ, the time of day may be why."""
    _stage(bench, "SELECT current_date AS d", "  - - {name: b, query: SELECT d FROM a}\n")
    failure = bench.failure("expect: {b: [{d: 2024-01-31}]}", "")
    assert any("now: 2024" in note for note in failure.notes)
    failure = bench.failure("now: 2024-01-30T00:00:00Z\nexpect: {b: [{d: 2024-01-31}]}", "")
    assert failure.notes == ()


@pytest.mark.parametrize(
    ("tolerance", "value", "is_met"),
    [
        ("0.1", "10.1", True),
        ("0.1", "10.2", False),
        ("{absolute: 0.1}", "9.9", True),
        ("{relative: 0.01}", "10.1", True),
        ("{relative: 0.01}", "10.2", False),
        ("{absolute: 1, relative: 0.01}", "10.9", True),
        ("1e3", ".nan", False),
        ("1e3", ".inf", False),
    ],
)
@pytest.mark.parametrize("type_name", ["double", "float", "decimal(10,2)"])
def test_tolerances(bench: Bench, tolerance: str, value: str, is_met: bool, type_name: str) -> None:
    """Absolute and relative, for all numbers with fractions; the larger one counts."""
    _stage(bench, f"SELECT 10.0::{type_name} AS v")
    outcome = bench.run(f"expect: {{a: {{rows: [{{v: {value}}}], tolerance: {tolerance}}}}}", "")
    assert (outcome.status == "passed") is is_met


def test_tolerances_are_not_for_whole_numbers(bench: Bench) -> None:
    """Two is not nearly three."""
    _stage(bench, "SELECT 2 AS v")
    bench.failure("expect: {a: {rows: [{v: 3}], tolerance: 5}}", "")


def test_tolerances_reach_into_lists_and_mappings(bench: Bench) -> None:
    """Wherever a number stands."""
    _stage(bench, "SELECT make_array(1.0, 2.0) AS l, named_struct('a', 1.0) AS s")
    bench.passes("expect: {a: {rows: [{l: [1.1, 1.9], s: {a: 0.9}}], tolerance: 0.1}}", "")


def test_rows_within_a_tolerance_are_matched_as_well_as_can_be(bench: Bench) -> None:
    """A row that could have two partners does not take the only one of another."""
    _stage(bench, "SELECT * FROM (VALUES (1.0::double), (1.1::double)) AS t(v)")
    bench.passes("expect: {a: {rows: [{v: 1.1}, {v: 1.2}], tolerance: 0.11}}", "")
    bench.passes("expect: {a: {rows: [{v: 1.2}, {v: 1.1}], tolerance: 0.11}}", "")


def test_many_rows_within_a_tolerance(bench: Bench) -> None:
    """More than are tried in all ways."""
    _stage(bench, "SELECT value + 0.01 AS v FROM range(0, 1000)")
    rows = ", ".join(f"[{n}]" for n in reversed(range(1000)))
    bench.passes(f"expect: {{a: {{columns: [v], rows: [{rows}], tolerance: 0.1}}}}", "")


@pytest.mark.parametrize("name", ["rows.csv", "rows.json", "rows.jsonl", "rows.parquet"])
def test_expected_rows_in_files(bench: Bench, name: str) -> None:
    """CSV, JSON in lines or as one list, and Parquet."""
    bench.write("rows.csv", "n,t\n1,x\n2,y\n3,z\n")
    bench.write("rows.json", '[{"n": 1, "t": "x"}, {"n": 2, "t": "y"}, {"n": 3, "t": "z"}]')
    bench.write("rows.jsonl", '{"n": 1, "t": "x"}\n\n{"n": 2, "t": "y"}\n{"n": 3, "t": "z"}\n')
    pq.write_table(pa.table({"n": [1, 2, 3], "t": list("xyz")}), bench.folder / "rows.parquet")
    _stage(bench, NUMBERS)
    bench.passes(f"expect: {{a: {{file: {name}}}}}", "")


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("{file: gone.csv}", "there is no file"),
        ("{file: rows.txt}", "'rows.txt' is none of .csv, .json, .jsonl and .parquet"),
        ("{file: bad.json}", "line 1 of"),
        ("{file: list.json}", "is no JSON object"),
        ("{file: bad.parquet}", "cannot be read"),
        ("{file: latin.csv}", "is no UTF-8 text"),
        ("{file: ragged.csv}", "line 3 of the file: this line has 1 values"),
        ("{file: folder.csv}", "cannot be read"),
        ('{csv: "n\\n1\\n", columns: [t]}', "there is no column 't' here"),
        ('{csv: "n\\n\\"1\\n"}', "this is no CSV"),
    ],
)
def test_expected_rows_that_cannot_be_read(bench: Bench, expect: str, message: str) -> None:
    """The test is unusable, and its place is told."""
    bench.write("bad.json", "{")
    bench.write("list.json", "[1]")
    bench.write("bad.parquet", "PAR1")
    bench.write("ragged.csv", "a,b\n1,2\n3\n")
    (bench.folder / "latin.csv").write_bytes(b"a\n\xe4\n")
    (bench.folder / "folder.csv").mkdir()
    _stage(bench, NUMBERS)
    problem = bench.problem(f"expect: {{a: {expect}}}", "")
    assert message in problem.message
    assert problem.line == 4


# --- errors ---


@pytest.mark.parametrize(
    "error",
    [
        "no column 'nope'",
        "{code: plan}",
        "{code: unknown-column}",
        "{code: unknown-column, message: nope}",
    ],
)
def test_errors_can_be_expected(bench: Bench, error: str) -> None:
    """Of a stage or of the pipeline, by code and by a part of the text."""
    _stage(bench, NUMBERS, "  - - {name: b, query: SELECT nope FROM a}\n")
    bench.passes(f"expect: {{b: {{error: {error}}}}}", "")
    bench.passes(f"error: {error}", "")


def test_errors_in_the_data_belong_to_their_stage(bench: Bench) -> None:
    """Also where a later stage would only stream what this one gives."""
    _stage(
        bench,
        "SELECT cast(t AS int) AS n FROM (VALUES ('1'), ('x')) AS v(t)",
        "  - - {name: b, query: SELECT n + 1 AS n FROM a}\n",
    )
    bench.passes("expect: {a: {error: {message: x}}}", "")
    failure = bench.failure("expect: {b: {row_count: 2}}", "")
    assert failure.message.startswith("the pipeline failed in 'b'")


def test_errors_in_writing_are_those_of_the_destination(bench: Bench) -> None:
    """CSV holds no lists."""
    _stage(
        bench,
        "SELECT make_array(1) AS v",
        "destination: {type: file, name: out, location: out.csv, format: {type: csv}}\n",
    )
    bench.passes("expect: {destination: {error: CSV cannot hold lists}}", "")


def test_errors_of_loading_can_be_expected(bench: Bench) -> None:
    """A missing parameter, and one that is none of the choices."""
    bench.pipeline(
        """
        params: {size: {choices: [small, large]}}
        stages: [[{name: a, query: SELECT '${size}' AS size}]]
        """
    )
    bench.passes("params: {size: small}\nexpect: {a: [{size: small}]}", "")
    bench.passes("params: {size: huge}\nerror: small", "")
    bench.passes("error: {code: template, message: size}", "")


def test_errors_that_are_not_those_that_are_expected(bench: Bench) -> None:
    """The error that came is shown, with its place in the pipeline."""
    _stage(bench, "SELECT nope FROM (SELECT 1 AS one)")
    failure = bench.failure("expect: {a: {error: boom}}", "")
    assert failure.message == "it failed with another error than 'boom'"
    assert failure.problems[0].line == 4
    failure = bench.failure("error: {code: secret, message: boom}", "")
    assert "code 'secret' and 'boom'" in failure.message


def test_errors_that_do_not_come(bench: Bench) -> None:
    """Nothing failed, or something else did."""
    _stage(bench, NUMBERS, "  - - {name: b, query: SELECT nope FROM a}\n")
    failure = bench.failure("expect: {a: {error: boom}}", "")
    assert failure.message == "it was expected to fail with 'boom', and did not"
    outcome = bench.run("expect: {a: {error: boom}, b: {row_count: 1}}", "")
    messages = [each.message for each in outcome.failures]
    assert "the pipeline failed" in messages
    assert "it gave no rows, since the run ended before it" in messages
    _stage(bench, NUMBERS)
    failure = bench.failure("error: boom", "")
    assert failure.message == "the pipeline was expected to fail with 'boom', and did not"


def test_a_pipeline_that_fails_is_shown(bench: Bench) -> None:
    """With what is wrong, where, and no rows compared."""
    bench.pipeline("stages: [[{name: a, qery: SELECT 1}]]")
    failure = bench.failure("expect: {a: []}", "")
    assert failure.message == "the pipeline failed"
    assert failure.problems[0].help == "did you mean 'query'?"
