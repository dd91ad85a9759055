"""Expected rows written anew, in place."""

from __future__ import annotations

import stat
from pathlib import Path
from textwrap import dedent
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aqueducts.pipeline_tests import Failure, Outcome, PipelineTest, run_tests
from aqueducts.pipeline_tests.judging import judge
from aqueducts.pipeline_tests.reading import read_test_file
from aqueducts.pipeline_tests.trial import Ran
from aqueducts.pipeline_tests.updating import Updated, update_files
from aqueducts.pipeline_tests.yaml_text import flow_text

from .conftest import Bench, installed

QUERY = (
    "SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, 'c')) AS t(n, t) WHERE n <= ${most} ORDER BY n"
)
ONE = "params: {most: 1}"
ALIAS = "- {name: it, params: {most: 2}, expect: {a: *r}}\n"
PIPELINE = f'params: {{most: {{default: 3}}}}\nstages: [[{{name: a, query: "{QUERY}"}}]]\n'


def _update(path: Path) -> Updated:
    results: list[tuple[Outcome, PipelineTest]] = []

    def hear(outcome: Outcome, test: PipelineTest | None) -> None:
        if test is not None:
            results.append((outcome, test))

    run_tests(path, plugins=installed(), on_outcome=hear)
    return update_files(results)


def _updated(bench: Bench, expect: str, *, query: str | None = None) -> str:
    """Return what becomes of `expect:` of a test, after it passes."""
    head = "pipeline: pipeline.yml\ntests:\n  - name: it\n    expect:\n"
    text = PIPELINE if query is None else f'stages: [[{{name: a, query: "{query}"}}]]\n'
    bench.write("pipeline.yml", text)
    body = "".join(f"      {line}\n" if line else "\n" for line in dedent(expect).splitlines())
    bench.write("tests.yml", head + body)
    updated = _update(bench.file)
    assert updated.refused == ()
    found = bench.file.read_text()
    assert found.startswith(head)
    assert run_tests(bench.file, plugins=bench.plugins)[0].status == "passed"
    assert _update(bench.file).expectations == ()
    assert bench.file.read_text() == found
    return dedent(found.removeprefix(head))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Only values that differ are written anew.
        (
            """\
            a:  # three
              - {n: 1, t: a}  # first

              # second
              - { n: 20,   t: 'b' }  # b
              - {t: "c", n: 3}
            # end
            """,
            """\
            a:  # three
              - {n: 1, t: a}  # first

              # second
              - { n: 2,   t: 'b' }  # b
              - {t: "c", n: 3}
            # end
            """,
        ),
        # Rows are put in and taken out in the style of the others.
        (
            """\
            a:
              rows:
              - {n: 1, t: a}
              - {n: 9, t: z}  # gone with its row
              # stays
              - {t: c, n: 3}
              order: false
            """,
            """\
            a:
              rows:
              - {n: 1, t: a}
              # stays
              - {t: c, n: 3}
              - {n: 2, t: b}
              order: false
            """,
        ),
        # Where the order counts, they are put in at their place.
        (
            """\
            a:
              order: true
              rows:
                - n: 2  # two
                  t: b
            """,
            """\
            a:
              order: true
              rows:
                - n: 1
                  t: a
                - n: 2  # two
                  t: b
                - n: 3
                  t: c
            """,
        ),
        # Lists of values.
        (
            """\
            a:
              columns: [t, n]
              rows:
                - [a, 1]
                - - x
                  - 2
            """,
            """\
            a:
              columns: [t, n]
              rows:
                - [a, 1]
                - - b
                  - 2
                - [c, 3]
            """,
        ),
        # In brackets.
        (
            "a: [{n: 1, t: a}, {n: 2, t: x}]\n",
            "a: [{n: 1, t: a}, {n: 2, t: b}, {n: 3, t: c}]\n",
        ),
        (
            "a: {columns: [n], rows: [\n    [1],\n    [2],\n    [4],\n    [5],\n  ]}\n",
            "a: {columns: [n], rows: [\n    [1],\n    [2],\n    [3],\n  ]}\n",
        ),
        (
            "a: {columns: [n], rows: [[1], [2], [4]]}\n",
            "a: {columns: [n], rows: [[1], [2], [3]]}\n",
        ),
        # From nothing.
        (
            "a: []  # none\n",
            "a:\n  - {n: 1, t: a}\n  - {n: 2, t: b}\n  - {n: 3, t: c}  # none\n",
        ),
        ("a: {rows: [], columns: [t]}\n", "a: {rows: [[a], [b], [c]], columns: [t]}\n"),
        # Other columns.
        (
            "a:\n  - {n: 1, x: a}  # one\n  - {n: 2, x: b}\n  - {n: 3, x: c}\n",
            "a:\n  - {n: 1, t: a}  # one\n  - {n: 2, t: b}\n  - {n: 3, t: c}\n",
        ),
        # Aliases and merges give way to values.
        (
            "a:\n  - &one {n: 1, t: a}\n  - {<<: *one, n: 2}\n  - {<<: *one, n: 3, t: c}\n",
            "a:\n  - &one {n: 1, t: a}\n  - {n: 2, t: b}\n  - {<<: *one, n: 3, t: c}\n",
        ),
        # A value that is not written.
        (
            "a:\n  - n: 1\n    t:\n  - {n: 2, t: b}\n  - {n: 3, t: c}\n",
            "a:\n  - n: 1\n    t: a\n  - {n: 2, t: b}\n  - {n: 3, t: c}\n",
        ),
        # A text of several lines.
        (
            "a:\n  - n: 1\n    t: |\n      x\n      y\n  - {n: 2, t: b}\n  - {n: 3, t: c}\n",
            "a:\n  - n: 1\n    t: a\n  - {n: 2, t: b}\n  - {n: 3, t: c}\n",
        ),
    ],
)
def test_rows_are_updated_in_their_style(bench: Bench, before: str, after: str) -> None:
    """Everything else stays as it is, and a second time changes nothing."""
    assert _updated(bench, before) == dedent(after)


def test_rows_can_all_go(bench: Bench) -> None:
    """What is left says so, and comments stay."""
    before = "a:\n  # x\n  - {n: 1}\n  # y\n  - {n: 2}  # z\n"
    assert _updated(bench, before, query="SELECT 1 AS n WHERE false") == "a: []\n  # x\n  # y\n"
    assert _updated(bench, "a: [{n: 1}]\n", query="SELECT 1 AS n WHERE false") == "a: []\n"


def test_values_of_all_kinds_can_be_written(bench: Bench) -> None:
    """Each reads as what it was."""
    query = (
        "SELECT '7' AS a, 1.50::decimal(9,2) AS b, DATE '2024-01-31' AS c, "
        "make_array(1, null) AS d, named_struct('x', 'no') AS e, null::int AS f, 0.1 AS g, "
        "'nan'::double AS h, '123456789012345678.25'::decimal(38,2) AS i, x'00ff' AS j, "
        "TIMESTAMP '2024-01-31T12:30:00.5' AS k"
    )
    assert _updated(bench, "a: []\n", query=query) == (
        'a:\n  - {a: "7", b: 1.50, c: 2024-01-31, d: [1, null], e: {x: "no"}, f: null, g: 0.1, '
        'h: .nan, i: "123456789012345678.25", j: "\\\\x00ff", k: 2024-01-31T12:30:00.5}\n'
    )


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("has_end", [True, False])
def test_lines_keep_their_ends(bench: Bench, end: str, mark: str, has_end: bool) -> None:
    """Windows' line ends, a byte order mark, and no end of the last line."""
    bench.write("pipeline.yml", PIPELINE)
    lines = [
        "pipeline: pipeline.yml",
        "tests:",
        "- name: é",
        "  expect:",
        "    a:",
        "    - {n: 1, t: a}",
    ]
    text = mark + end.join(lines) + (end if has_end else "")
    bench.file.write_bytes(text.encode())
    assert len(_update(bench.file).expectations) == 1
    added = ["    - {n: 2, t: b}", "    - {n: 3, t: c}"]
    expected = mark + end.join([*lines, *added]) + (end if has_end else "")
    assert bench.file.read_bytes().decode() == expected


def test_several_expectations_of_a_file(bench: Bench) -> None:
    """All at once; tests that pass stay as they are."""
    bench.write("pipeline.yml", PIPELINE)
    bench.write(
        "tests.yml",
        "pipeline: pipeline.yml\ntests:\n"
        "- {name: one, params: {most: 1}, expect: {a: [{n: 1, t: x}]}}\n"
        "- {name: right, params: {most: 1}, expect: {a: [{n: 1,  t: a}]}}\n"
        "- {name: two, params: {most: 2}, expect: {a: {columns: [n], rows: [[1], [2], [3]]}}}\n",
    )
    updated = _update(bench.file)
    file = str(bench.file)
    assert updated.expectations == ((file, "one", "a"), (file, "two", "a"))
    assert bench.file.read_text().splitlines()[2:] == [
        "- {name: one, params: {most: 1}, expect: {a: [{n: 1, t: a}]}}",
        "- {name: right, params: {most: 1}, expect: {a: [{n: 1,  t: a}]}}",
        "- {name: two, params: {most: 2}, expect: {a: {columns: [n], rows: [[1], [2]]}}}",
    ]


@pytest.mark.parametrize(
    ("tests", "reason"),
    [
        ('- {name: it, expect: {a: {csv: "n,t\\n1,a\\n"}}}\n', "csv is left alone"),
        (
            "- {name: it, expect: {a: {columns: [n, x], rows: [[1, 2]]}}}\n",
            "columns names 'x', which is not there",
        ),
        (
            "- name: it\n  expect:\n    a: [\n      {n: 1, t: a},  # one\n      {n: 9, t: z}]\n",
            "there are comments between rows in brackets",
        ),
        (
            f"- {{name: x, {ONE}, expect: {{a: &r [{{n: 1, t: a}}]}}}}\n{ALIAS}",
            "its rows are written somewhere else",
        ),
        (
            f"- {{name: x, {ONE}, expect: {{a: &r [{{n: 1, t: x}}]}}}}\n{ALIAS}",
            "its rows are",
        ),
        (
            "- name: it\n  expect:\n    a:\n    -\n      n: 1\n      t: a\n",
            "row 1 does not begin on a line of its own",
        ),
    ],
)
def test_what_is_not_safe_is_refused(bench: Bench, tests: str, reason: str) -> None:
    """The file stays as it is, and the reason is told."""
    bench.write("pipeline.yml", PIPELINE)
    text = f"pipeline: pipeline.yml\ntests:\n{tests}"
    bench.write("tests.yml", text)
    updated = _update(bench.file)
    assert any(reason in each for _, each in updated.refused), updated
    assert bench.file.read_text() == text


def test_other_formats_are_left_alone(bench: Bench) -> None:
    """JSON and TOML have no comments to keep, or no reader that tells all places."""
    bench.write("pipeline.yml", PIPELINE)
    path = bench.write(
        "tests.json", '{"pipeline": "pipeline.yml", "tests": [{"name": "a", "expect": {"a": []}}]}'
    )
    assert _update(path).refused == ((str(path), "only YAML files are updated"),)


def test_a_file_that_changed_meanwhile_is_left_alone(bench: Bench) -> None:
    """Somebody is at work on it."""
    bench.write("pipeline.yml", PIPELINE)
    text = "pipeline: pipeline.yml\ntests: [{name: a, expect: {a: []}}]\n"
    bench.write("tests.yml", text)
    results: list[tuple[Outcome, PipelineTest]] = []

    def hear(outcome: Outcome, test: PipelineTest | None) -> None:
        assert test is not None
        results.append((outcome, test))

    run_tests(bench.file, plugins=bench.plugins, on_outcome=hear)
    bench.write("tests.yml", text + "# more\n")
    [(_, reason)] = update_files(results).refused
    assert "has changed while its tests ran" in reason
    assert bench.file.read_text() == text + "# more\n"


def test_files_keep_their_permissions_and_links(bench: Bench) -> None:
    """A link stays a link."""
    bench.write("pipeline.yml", PIPELINE)
    bench.write("tests.yml", "pipeline: pipeline.yml\ntests: [{name: a, expect: {a: []}}]\n")
    bench.file.chmod(0o640)
    link = bench.folder / "link.yml"
    link.symlink_to(bench.file)
    assert len(_update(link).expectations) == 1
    assert link.is_symlink()
    assert stat.S_IMODE(bench.file.stat().st_mode) == 0o640
    assert "{n: 1, t: a}" in bench.file.read_text()
    assert not list(bench.folder.glob(".*"))


def test_what_else_is_wrong_is_not_settled(bench: Bench) -> None:
    """Rows are updated, a count is not."""
    bench.write("pipeline.yml", PIPELINE)
    bench.write(
        "tests.yml",
        "pipeline: pipeline.yml\ntests: [{name: a, expect: {a: {row_count: 9, rows: []}}}]\n",
    )
    results: list[tuple[Outcome, PipelineTest]] = []

    def hear(outcome: Outcome, test: PipelineTest | None) -> None:
        assert test is not None
        results.append((outcome, test))

    run_tests(bench.file, plugins=bench.plugins, on_outcome=hear)
    updated = update_files(results)
    assert len(updated.expectations) == 1
    assert not updated.has_settled(results[0][0])


# --- any rows in any style ---

ROWS = st.lists(
    st.fixed_dictionaries(
        {"k": st.integers(0, 3), "v": st.sampled_from(["a", "no", "1", "x: y", "#", "", None])}
    ),
    max_size=6,
)
STYLES = ("braces", "lines", "lists", "brackets", "one line")


def _written(rows: list[dict[str, Any]], style: str) -> str:
    """Rows below `a:` in one of the styles."""
    texts = [flow_text(row) for row in rows]
    lists = [flow_text([row["k"], row["v"]]) for row in rows]
    if style == "one line" or not rows:
        return f"      a: [{', '.join(texts)}]\n"
    if style == "brackets":
        inner = "".join(f"          {text},\n" for text in lists)
        return f"      a:\n        columns: [k, v]\n        rows: [\n{inner}        ]\n"
    if style == "lists":
        inner = "".join(f"          - {text}  # {index}\n" for index, text in enumerate(lists))
        return f"      a:\n        columns: [k, v]\n        rows:\n{inner}"
    if style == "braces":
        return "      a:\n" + "".join(
            f"      # {i}\n      - {text}\n" for i, text in enumerate(texts)
        )
    blocks = (
        f"        - k: {flow_text(row['k'])}\n          v: {flow_text(row['v'])}\n" for row in rows
    )
    return "      a:\n" + "".join(blocks)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(expected=ROWS, actual=ROWS, style=st.sampled_from(STYLES), has_order=st.booleans())
def test_any_rows_can_be_updated(
    tmp_path: Path,
    expected: list[dict[str, Any]],
    actual: list[dict[str, Any]],
    style: str,
    has_order: bool,
) -> None:
    """After an update the test passes, comments are there, and what follows is as it was."""
    written = _written(expected, style)
    if has_order and "rows:" in written:
        written = written.replace("        rows:", "        order: true\n        rows:")
    tail = "    description: after  # all of it\n  - {name: other, expect: {a: {row_count: 0}}}\n"
    path = tmp_path / "tests.yml"
    before = f"pipeline: p.yml\ntests:\n  - name: it\n    expect:\n{written}{tail}"
    path.write_text(before, encoding="utf-8")
    schema = pa.schema([("k", pa.int64()), ("v", pa.string())])
    ran = Ran({"a": pa.Table.from_pylist(actual, schema=schema)})

    def failures() -> tuple[PipelineTest, list[Failure]]:
        test = PipelineTest(read_test_file(str(path), installed()), 0, installed())
        return test, judge(ran, test.file, 0)

    test, found = failures()
    outcome = Outcome(str(path), "it", "failed", 1.0, failures=tuple(found))
    updated = update_files([(outcome, test)])
    after = path.read_text(encoding="utf-8")
    assert updated.has_settled(outcome) is bool(found), updated.refused
    assert failures()[1] == []
    assert after.endswith(tail)
    assert found or after == before
    if style == "braces":
        assert after.count("      # ") == before.count("      # ")
