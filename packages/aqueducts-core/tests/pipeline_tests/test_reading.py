"""Files of tests, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from aqueducts import PipelineError, Problem
from aqueducts.pipeline_tests import collect

from .conftest import Bench, installed, problems_of

HEAD = "pipeline: p.yml\ntests:\n  - name: a\n"


def _problems(tmp_path: Path, text: str, name: str = "a_test.yml") -> list[tuple[str, int | None]]:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PipelineError) as error:
        collect(path, plugins=installed())
    problems = [each for each in error.value.problems if isinstance(each, Problem)]
    assert all(problem.severity == "error" for problem in problems)
    return [(each.message, each.line) for each in problems]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("", "a test file is empty", 1),
        ("- a\n", "a test file is a mapping at its top level", 1),
        ("pipeline: p.yml\n", "'tests' is missing in the test file", 1),
        ("sources: []\nstages: []\n", "this is a pipeline, and no file of tests", 2),
        ("pipeline: p.yml\ntests: []\n", "'tests' must be a list of at least 1, not a list", 2),
        (HEAD + "    expct: {b: []}\n", "unknown key 'expct' in tests[0]", 4),
        (HEAD + "", "the test expects nothing", 3),
        (HEAD + "    expect: {b: []}\n    error: x\n", "expect and error are given", 3),
        (HEAD + "    expect: {b: {}}\n", "nothing is expected here", 4),
        (
            HEAD + "    expect: {b: {error: x, rows: []}}\n",
            "error and rows are given: a step that fails has no rows",
            4,
        ),
        (HEAD + "    expect: {b: {error: {}}}\n", "the error has neither code nor message", 4),
        (HEAD + "    expect: {b: {rows: [], csv: a}}\n", "rows and csv are given", 4),
        (
            HEAD + "    expect: {b: {row_count: 1, file: a.csv, csv: a}}\n",
            "csv and file are given; compare with one of them",
            4,
        ),
        (HEAD + "    expect: {b: {row_count: -1}}\n", "'row_count' must be at least 0", 4),
        (HEAD + "    expect: {b: {rows: [], tolerance: true}}\n", "'tolerance' must be a", 4),
        (HEAD + "    expect: {b: {rows: [], tolerance: -1}}\n", "'tolerance' must be at", 4),
        (HEAD + "    expect: {b: 5}\n", "'b' must be a mapping, not the number 5", 4),
        (
            HEAD + "    expect: {b: [1]}\n",
            "'b[0]' must be a mapping or a list, not the number 1",
            4,
        ),
        (HEAD + "    expect: {b: [[1]]}\n", "this row is a list of values, and nothing", 4),
        (
            HEAD + "    expect: {b: {columns: [x], rows: [[1, 2]]}}\n",
            "this row has 2 values, and there are 1 columns",
            4,
        ),
        (
            HEAD + "    expect:\n      b:\n        - {x: 1, y: 2}\n        - {x: 1}\n",
            "this row has no 'y', which is compared",
            7,
        ),
        (
            HEAD + "    expect:\n      b: {columns: [x, y], rows: [{x: 1}]}\n",
            "this row has no 'y', which is compared",
            5,
        ),
        (
            HEAD + "    expect: {b: {columns: [x], rows: [{x: 1, y: 2}]}}\n",
            "column 'y' is not one of columns",
            4,
        ),
        (
            HEAD + "    expect: {b: {columns: [x, x], rows: []}}\n",
            "column 'x' is named twice",
            4,
        ),
        (HEAD + "    sources: {s: rael}\n    expect: {b: []}\n", "'s' must be one of 'real'", 4),
        (HEAD + "    sources: {s: 5}\n    expect: {b: []}\n", "'s' must be a mapping", 4),
        (HEAD + "    sources: {s: {}}\n    expect: {b: []}\n", "there is nothing to read in", 4),
        (
            HEAD + "    sources: {s: {rows: [], csv: a}}\n    expect: {b: []}\n",
            "rows and csv are given; a source has one of them",
            4,
        ),
        (
            HEAD + "    sources: {s: {csv: a, columns: [a]}}\n    expect: {b: []}\n",
            "columns are for rows that are lists of values",
            4,
        ),
        (
            HEAD + "    sources: {s: {rows: [], schema: {a: int46}}}\n    expect: {b: []}\n",
            "unknown data type 'int46'",
            4,
        ),
        (
            HEAD + "    now: 2024-01-01T00:00:00\n    expect: {b: []}\n",
            "'now' must be a date and time with its offset",
            4,
        ),
        (
            HEAD + "    now: 3000-01-01T00:00:00Z\n    expect: {b: []}\n",
            "'now' must be in the years 1678 to 2261",
            4,
        ),
        (HEAD + "    params: {p: null}\n    expect: {b: []}\n", "'p' must be text or", 4),
        (HEAD + "    secrets: {'env:A': 5}\n    expect: {b: []}\n", "'env:A' must be text", 4),
        (
            HEAD + "    expect: {b: []}\n  - {name: a, expect: {b: []}}\n",
            "two tests are called 'a'",
            5,
        ),
    ],
)
def test_what_is_wrong_has_its_place(tmp_path: Path, text: str, message: str, line: int) -> None:
    """Each mistake is told at its line, and nothing else is."""
    [(found, at)] = [
        each
        for each in _problems(tmp_path, text)
        # A misspelt key leaves something out as well.
        if not (text.count("expct") and "expects nothing" in each[0])
    ]
    assert message in found
    assert at == line


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    """Nobody likes to be told one after another."""
    for name in ("a_test.yml", "b_test.yml"):
        (tmp_path / name).write_text(f"{HEAD}    expect: {{b: 5, c: 6}}\n")
    with pytest.raises(PipelineError) as error:
        collect(tmp_path, plugins=installed())
    assert len(problems_of(error)) == 4


def test_other_formats_can_be_read(bench: Bench) -> None:
    """JSON and TOML say the same."""
    json = '{"pipeline": "pipeline.yml", "tests": [{"name": "a", "expect": {"b": []}}]}'
    toml = 'pipeline = "pipeline.yml"\n[[tests]]\nname = "a"\nexpect = {b = []}\n'
    files = [bench.write("a.json", json), bench.write("b.toml", toml)]
    assert [test.name for test in collect(files, plugins=bench.plugins)] == ["a", "a"]


def test_what_looks_like_a_parameter_is_text(bench: Bench) -> None:
    """Files of tests have no parameters: rows may hold `${...}`."""
    bench.pipeline("stages: [[{name: a, query: \"SELECT '$' || '{x}' AS t\"}]]")
    bench.passes("expect: {a: [{t: '${x}'}]}", "")


@pytest.mark.parametrize("text", ["pipeline: [\n", "pipeline: p.yml\npipeline: q.yml\n"])
def test_files_that_cannot_be_parsed(tmp_path: Path, text: str) -> None:
    """The same errors as for pipelines."""
    assert _problems(tmp_path, text)
