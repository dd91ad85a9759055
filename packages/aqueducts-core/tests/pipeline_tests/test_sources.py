"""What stands in for sources: their columns, their types, and what they cannot be."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from .conftest import Bench


def _pipeline(bench: Bench, source: str, columns: str = "*") -> None:
    bench.pipeline(
        f"""
        sources: [{{name: s, {source}}}]
        stages: [[{{name: a, query: SELECT {columns} FROM s}}]]
        """
    )


CSV = "type: file, location: /nowhere.csv, format: {type: csv}"
JSON = "type: file, location: /nowhere.json, format: {type: json}"
PARQUET = "type: file, location: /nowhere.parquet, format: {type: parquet}"
DECLARED = (
    "type: file, location: /nowhere.csv, "
    "format: {type: csv, options: {schema: [{name: a, type: 'decimal<10,2>'}, "
    "{name: b, type: date}]}}"
)


@pytest.mark.parametrize(
    ("source", "rows", "schema"),
    [
        (CSV, "[{a: 1, b: 1.5, c: x, d: true}]", "{a: int64, b: float64, c: string, d: bool}"),
        (CSV, "[{a: 2024-01-31}]", "{a: date32}"),
        (CSV, "[{a: 2024-01-31T12:30:00}]", "{a: timestamp<us>}"),
        (CSV, "[{a: '007'}]", "{a: int64}"),
        (JSON, "[{a: 1, b: [1, 2], c: {d: x}}]", "{a: int64, b: list<int64>, c: struct<d:string>}"),
        (JSON, "[{a: 2024-01-31}]", "{a: string}"),
        (PARQUET, "[{a: 1}, {a: 1.5}]", "{a: float64}"),
        (PARQUET, "[{a: 2024-01-31, b: [{c: 1}]}]", "{a: string, b: 'list<struct<c:int64>>'}"),
        (PARQUET, "[{a: true}, {a: null}]", "{a: bool}"),
        (DECLARED, "[{a: 1.5, b: 2024-01-31}]", "{a: 'decimal<10,2>', b: date32}"),
        (DECLARED, "[{a: 1.5}]", "{a: 'decimal<10,2>', b: date32}"),
        (DECLARED, "[]", "{a: 'decimal<10,2>', b: date32}"),
    ],
)
def test_types_are_those_of_the_source(bench: Bench, source: str, rows: str, schema: str) -> None:
    """Declared, as inferred from text, or by the values."""
    _pipeline(bench, source)
    bench.passes(f"sources: {{s: {rows}}}\nexpect: {{a: {{schema: {schema}}}}}", "")


@pytest.mark.parametrize("source", [CSV, JSON, PARQUET, DECLARED])
def test_types_of_the_test_win(bench: Bench, source: str) -> None:
    """In either form; columns that it leaves out have the types they would have had."""
    _pipeline(bench, source)
    bench.passes(
        """
        sources: {s: {schema: {a: int32, b: 'timestamp<s>'}, rows: [{a: 1, b: 2024-01-31}]}}
        expect: {a: {schema: {a: int32, b: timestamp<s>}}}
        """,
        "",
    )
    bench.passes(
        """
        sources:
          s: {schema: [{name: a, type: int32}, {name: b, type: date}], rows: []}
        expect: {a: {schema: {a: int32, b: date32}}}
        """,
        "",
    )


def test_rows_are_read_with_the_options_of_the_source(bench: Bench) -> None:
    """Null values, delimiters and headers are those of the pipeline."""
    _pipeline(
        bench,
        "type: file, location: /nowhere.csv.gz, format: {type: csv, options: "
        "{null_values: [NA], delimiter: ';', compression: gzip}}",
    )
    bench.passes(
        """
        sources: {s: [{a: 1, b: 'x;"y"'}, {a: NA, b: null}]}
        expect: {a: [{a: 1, b: 'x;"y"'}, {a: null, b: null}]}
        """,
        "",
    )


def test_any_text_can_be_given_to_csv_sources(bench: Bench) -> None:
    """What looks like a comment, an escape or a quote is text."""
    _pipeline(
        bench,
        "type: file, location: /nowhere.csv, format: {type: csv, options: "
        "{comment: '#', escape: '\\', newlines_in_values: true}}",
    )
    rows = "[{a: '#x', b: 'c\\d'}, {a: 'q\"r', b: 'e,f'}, {a: \"g\\nh\", b: null}]"
    bench.passes(f"sources: {{s: {rows}}}\nexpect: {{a: {rows}}}", "")


def test_sources_without_a_header_have_numbered_columns(bench: Bench) -> None:
    """Other names would be names that no run has."""
    _pipeline(
        bench,
        "type: file, location: /nowhere.csv, format: {type: csv, options: {has_header: false}}",
    )
    bench.passes(
        "sources: {s: [{column_1: 1, column_2: x}]}\nexpect: {a: [{column_1: 1, column_2: x}]}", ""
    )
    problem = bench.problem("sources: {s: [{a: 1}]}\nexpect: {a: []}", "")
    assert "column_1" in problem.message


def test_folders_and_their_partitions(bench: Bench) -> None:
    """Partition columns are columns, with the types that the pipeline declares."""
    _pipeline(
        bench,
        "type: directory, location: /nowhere/, format: {type: csv}, "
        "partition_columns: [[year, int32]]",
    )
    bench.passes(
        """
        sources: {s: [{id: 1, year: 2024}]}
        expect: {a: {rows: [{id: 1, year: 2024}], schema: {id: int64, year: int32}}}
        """,
        "",
    )
    _pipeline(bench, "type: directory, location: /nowhere/, format: {type: csv}")
    bench.passes("sources: {s: [{id: 1}]}\nexpect: {a: [{id: 1}]}", "")


@pytest.mark.parametrize(
    ("source", "given", "message", "line"),
    [
        (CSV, "[]", "source 's' is given no rows, so that its columns are not known", 4),
        (CSV, "{rows: []}", "source 's' is given no rows", 4),
        (CSV, "[{a: 1, b: null}]", "'b' of source 's' holds nothing but nulls", 4),
        (PARQUET, "[{a: null, b: null}]", "'a', 'b' of source 's' hold nothing but nulls", 4),
        (PARQUET, "[{a: [null]}]", "column 'a' holds nothing but nulls, so that its", 4),
        (PARQUET, "[{a: 1}, {a: x}]", "column 'a' holds numbers and text, which no type does", 4),
        (DECLARED, "[{a: 1, z: 2}]", "source 's' has no column 'z' in its schema", 4),
        (DECLARED, "[{a: x, b: 2024-01-31}]", "column 'a': the text 'x' is no decimal<10,2>", 4),
        (CSV, "{schema: {a: int8}, rows: [{a: 300}]}", "column 'a': 300 is no int8", 4),
        (CSV, "[{a: [1]}]", "the source reads CSV, which holds no lists and mappings", 4),
        (JSON, "[{a: .nan}]", "the source reads JSON, which has no infinite numbers", 4),
        (CSV, "{csv: ''}", "there is no header in this CSV", 4),
        (CSV, '{csv: "a,b\\n1\\n"}', "this line has 1 values, and the header has 2", 4),
        (CSV, '{csv: "a,a\\n1,2\\n"}', "the header has two columns 'a'", 4),
        (CSV, "{file: gone.csv}", "there is no file", 4),
        (CSV, "{file: pipeline.yml}", "the ending of 'pipeline.yml' tells no file format", 4),
    ],
)
def test_rows_that_cannot_be_used(
    bench: Bench, source: str, given: str, message: str, line: int
) -> None:
    """What is wrong is told at its place, and the test says nothing of the pipeline."""
    _pipeline(bench, source)
    problem = bench.problem(f"sources: {{s: {given}}}\nexpect: {{a: []}}", "")
    assert message in problem.message
    assert problem.line == line


def test_all_values_that_do_not_fit_are_told(bench: Bench) -> None:
    """Each at its own place."""
    _pipeline(bench, DECLARED)
    outcome = bench.run(
        "sources:\n  s:\n    - {a: x, b: 2024-01-31}\n    - {a: 1, b: y}\nexpect: {a: []}", ""
    )
    places = [(each.line, each.column) for each in outcome.failures[0].problems]
    assert places == [(6, 15), (7, 21)]


def test_a_line_of_csv_has_its_place_in_the_file(bench: Bench) -> None:
    """Inside a block of text."""
    _pipeline(bench, CSV)
    problem = bench.problem(
        "sources:\n  s:\n    csv: |\n      a,b\n      1,2\n      3\nexpect: {a: []}", ""
    )
    assert (problem.line, problem.column) == (9, 11)


@pytest.mark.parametrize(
    ("source", "schema"),
    [(CSV, "{a: int64}"), (PARQUET, "{a: int64}"), (JSON, "{a: int64}")],
)
def test_csv_stands_in_for_any_source(bench: Bench, source: str, schema: str) -> None:
    """Types are inferred as from a file."""
    _pipeline(bench, source)
    bench.passes(
        f'sources: {{s: {{csv: "a\\n1\\n"}}}}\n'
        f"expect: {{a: {{rows: [{{a: 1}}], schema: {schema}}}}}",
        "",
    )


def test_csv_is_read_as_the_source_reads_it(bench: Bench) -> None:
    """With its delimiter, its schema, and not with its compression."""
    _pipeline(
        bench,
        "type: file, location: /nowhere.csv, format: {type: csv, options: "
        "{delimiter: ';', compression: gzip, schema: [{name: a, type: string}]}}",
    )
    bench.passes(
        "sources: {s: {csv: \"a;b\\n007;x\\n\"}}\nexpect: {a: [{a: '007'}]}",
        "",
    )


def test_types_of_the_test_count_for_csv(bench: Bench) -> None:
    """The other options stay those of the source."""
    _pipeline(
        bench,
        "type: file, location: /nowhere.csv, format: {type: csv, options: {delimiter: ';'}}",
    )
    bench.passes(
        'sources: {s: {csv: "a;b\\n7;x\\n", schema: {a: int16}}}\n'
        "expect: {a: {rows: [{a: 7}], schema: {a: int16}}}",
        "",
    )


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_files_stand_in_for_sources(bench: Bench, kind: str) -> None:
    """In the format of the source, also compressed, and in another one."""
    with gzip.open(bench.folder / "rows.csv.gz", "wt") as stream:
        stream.write("a;b\n1;NA\n")
    pq.write_table(pa.table({"a": pa.array([1], pa.int8())}), bench.folder / "rows.parquet")
    _pipeline(
        bench,
        f"type: {kind}, location: /nowhere/, format: "
        "{type: csv, options: {delimiter: ';', null_values: [NA]}}",
    )
    bench.passes("sources: {s: {file: rows.csv.gz}}\nexpect: {a: [{a: 1, b: null}]}", "")
    bench.passes(
        "sources: {s: {file: rows.parquet}}\nexpect: {a: {rows: [{a: 1}], schema: {a: int8}}}",
        "",
    )


def test_folders_stand_in_for_folders(bench: Bench, tmp_path: Path) -> None:
    """With the partitions that the source has."""
    path = tmp_path / "rows/year=2024/part.csv"
    path.parent.mkdir(parents=True)
    path.write_text("a\n1\n")
    _pipeline(
        bench,
        "type: directory, location: /nowhere/, format: {type: csv}, "
        "partition_columns: [[year, int32]]",
    )
    bench.passes("sources: {s: {file: rows}}\nexpect: {a: [{a: 1, year: 2024}]}", "")


def test_files_of_another_format_have_the_declared_types(bench: Bench) -> None:
    """What the pipeline says of columns holds for every file of them."""
    bench.write("rows.json", '{"a": 1.5, "b": "2024-01-31"}\n')
    _pipeline(bench, DECLARED)
    bench.passes(
        "sources: {s: {file: rows.json}}\n"
        "expect: {a: {rows: [{a: 1.5, b: 2024-01-31}], schema: {a: 'decimal<10,2>', b: date32}}}",
        "",
    )


def test_sources_that_are_no_files(bench: Bench) -> None:
    """Tables of a caller's session have no session in a test, and need none."""
    _pipeline(bench, "type: in_memory")
    bench.passes("sources: {s: [{a: 1, b: x}]}\nexpect: {a: [{a: 1, b: x}]}", "")


def test_rows_of_lists(bench: Bench) -> None:
    """Where the columns are named."""
    _pipeline(bench, PARQUET)
    bench.passes(
        "sources: {s: {columns: [b, a], rows: [[1, x], [2, y]]}}\n"
        "expect: {a: {columns: [a, b], rows: [[x, 1], [y, 2]]}}",
        "",
    )


def test_the_engine_filters_rows_as_it_filters_files(bench: Bench) -> None:
    """NaN is more than every number here, wherever it comes from."""
    _pipeline(bench, PARQUET, columns="a")
    bench.pipeline(
        f"""
        sources: [{{name: s, {PARQUET}}}]
        stages: [[{{name: a, query: SELECT a FROM s WHERE a > 5}}]]
        """
    )
    bench.passes("sources: {s: [{a: .nan}, {a: 1.0}]}\nexpect: {a: [{a: .nan}]}", "")
