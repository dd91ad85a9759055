"""Running a pipeline with stand-ins, and nothing written outside."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aqueducts import Plugins, hookimpl
from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.pipeline_tests import run_tests

from .conftest import Bench

pytestmark = pytest.mark.usefixtures("tmp_path")


def test_rows_go_in_and_come_out(bench: Bench) -> None:
    """Rows stand in for sources; stages and what is written are compared."""
    bench.passes(
        """
        expect:
          valid: [{shop: 1, amount: 2, price: 1.5}, {shop: 2, amount: 4, price: 0.5}]
          turnover: [{name: north, turnover: 3.0}, {name: south, turnover: 2.0}]
          destination: [{name: south, turnover: 2.0}, {name: north, turnover: 3.0}]
        """
    )


def test_parameters_of_a_test_win_over_those_of_the_file(bench: Bench) -> None:
    """What stands at the top counts for all tests that give nothing themselves."""
    outcomes = bench.outcomes(
        "pipeline: pipeline.yml\nparams: {least: 3}\n"
        "sources: {sales: [{shop: 1, amount: 2, price: 1.5}, {shop: 2, amount: 4, price: 0.5}]}\n"
        "tests:\n"
        "  - {name: theirs, expect: {valid: {columns: [shop], rows: [[2]]}}}\n"
        "  - {name: own, params: {least: 1}, expect: {valid: {row_count: 2}}}\n"
        "  - name: own rows\n"
        "    sources: {sales: [{shop: 9, amount: 9, price: 9.5}]}\n"
        "    expect: {valid: [{shop: 9, amount: 9, price: 9.5}]}\n"
    )
    assert [each.status for each in outcomes] == ["passed"] * 3


def test_only_what_is_expected_is_run(bench: Bench) -> None:
    """Sources that no expected stage reads need no rows."""
    bench.passes(
        "expect: {valid: {row_count: 1}}", "sources: {sales: [{shop: 1, amount: 2, price: 1}]}\n"
    )


def test_a_source_without_rows_is_not_opened(bench: Bench) -> None:
    """A test that reads a source has to say what is in it."""
    problem = bench.problem("expect: {turnover: {row_count: 1}}", "sources: {sales: [{shop: 1}]}\n")
    assert problem.message == "the test reads source 'shops', and gives nothing in its place"
    assert "shops: real" in str(problem.help)
    assert problem.line == 4


def test_a_source_can_be_read_for_real(bench: Bench) -> None:
    """`real` opens the source of the pipeline."""
    path = bench.write("real.csv", "id\n7\n")
    bench.pipeline(
        f"""
        sources: [{{type: file, name: s, format: {{type: csv}}, location: {path}}}]
        stages: [[{{name: a, query: SELECT * FROM s}}]]
        """
    )
    bench.passes("sources: {s: real}\nexpect: {a: [{id: 7}]}", "")


@pytest.mark.parametrize("location", ["out.csv", "out/"])
def test_the_target_is_never_touched(
    bench: Bench, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there stays as it is, and what is not there is not made."""
    monkeypatch.chdir(bench.folder)
    target = bench.folder / location
    old = target / "part.csv" if location.endswith("/") else target
    old.parent.mkdir(exist_ok=True)
    old.write_text("old")
    bench.pipeline(
        f"""
        stages: [[{{name: a, query: SELECT 1 AS one}}]]
        destination:
          {{type: file, name: out, location: {location}, format: {{type: csv}}}}
        """
    )
    before = sorted(bench.folder.rglob("*"))
    bench.passes("expect: {destination: [{one: 1}]}", "")
    assert sorted(bench.folder.rglob("*")) == sorted({*before, bench.file})
    assert old.read_text() == "old"


def test_nothing_is_left_behind(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Temporary files go with the test."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    bench.passes("expect: {destination: {row_count: 2}}")
    assert not list(temporary.iterdir())


def test_other_destinations_write_nothing(bench: Bench) -> None:
    """What would be written is then the last stage."""
    bench.pipeline(
        """
        stages: [[{name: a, query: SELECT 1 AS one}]]
        destination: {type: in_memory, name: out}
        """
    )
    bench.passes("expect: {destination: [{one: 1}]}", "")


def test_a_destination_that_is_not_there_is_not_expected(bench: Bench) -> None:
    """The advice names the stage whose rows are the result."""
    bench.pipeline("stages: [[{name: a, query: SELECT 1 AS one}]]")
    problem = bench.problem("expect: {destination: [{one: 1}]}", "")
    assert problem.message == "the pipeline has no destination"
    assert "stage a" in str(problem.help)


@pytest.mark.parametrize(
    ("case", "message", "advice"),
    [
        ("expect: {valdi: []}", "the pipeline has no stage 'valdi'", "did you mean 'valid'?"),
        (
            "sources: {sels: real}\nexpect: {valid: []}",
            "the pipeline has no source 'sels'",
            "did you mean 'sales'?",
        ),
        (
            "expect: {sales: []}",
            "'sales' is a source: a test gives its rows, and expects those of stages",
            "",
        ),
        ("expect: {xyz: []}", "the pipeline has no stage 'xyz'", "valid, turnover, destination"),
    ],
)
def test_names_that_the_pipeline_lacks(bench: Bench, case: str, message: str, advice: str) -> None:
    """Misspelt stages and sources make a test unusable."""
    problem = bench.problem(case)
    assert problem.message == message
    assert advice in str(problem.help)


@pytest.mark.parametrize(
    ("head", "case", "line"),
    [("params: {lest: 3}\n", "", 2), ("", "params: {lest: 3}\n", 4)],
)
def test_parameters_that_the_pipeline_lacks(bench: Bench, head: str, case: str, line: int) -> None:
    """A test with a misspelt parameter would not test what it says."""
    problem = bench.problem(f"{case}expect: {{valid: []}}", head)
    assert problem.message == "the pipeline has no parameter 'lest'"
    assert (problem.help, problem.line) == ("did you mean 'least'?", line)


def test_a_pipeline_that_is_not_there(bench: Bench) -> None:
    """The place is that of its path."""
    [outcome] = bench.outcomes("pipeline: nothing.yml\ntests: [{name: a, expect: {b: []}}]")
    [problem] = outcome.failures[0].problems
    assert (outcome.status, problem.line, problem.column) == ("unusable", 1, 11)
    assert "nothing.yml" in problem.message


def test_a_folder_that_is_a_link(bench: Bench) -> None:
    """`..` is the folder above the one that the link leads to."""
    real = bench.folder / "deep" / "er"
    real.mkdir(parents=True)
    bench.write("deep/pipeline.yml", "stages: [[{name: a, query: SELECT 1 AS n}]]")
    bench.write("pipeline.yml", "stages: [[{name: a, query: SELECT 2 AS n}]]")
    (real / "a_test.yml").write_text(
        "pipeline: ../pipeline.yml\ntests: [{name: a, expect: {a: [{n: 1}]}}]"
    )
    (bench.folder / "link").symlink_to(real)
    [outcome] = run_tests(bench.folder / "link" / "a_test.yml", plugins=bench.plugins)
    assert outcome.status == "passed"


def test_secrets_are_made_up(bench: Bench) -> None:
    """What a test gives is what the pipeline sees; the environment is not asked."""
    bench.pipeline("stages: [[{name: a, query: \"SELECT '${secret:env:HOME}' AS home\"}]]")
    bench.passes("secrets: {'env:HOME': moon}\nexpect: {a: [{home: moon}]}", "")


def test_secrets_that_are_not_given_are_not_resolved(bench: Bench) -> None:
    """The advice is what to write."""
    bench.pipeline("stages: [[{name: a, query: \"SELECT '${secret:env:HOME}' AS home\"}]]")
    failure = bench.failure("secrets: {'env:HOM': moon}\nexpect: {a: [{home: moon}]}", "")
    [problem] = failure.problems
    assert problem.message == "the test gives no secret env:HOME"
    assert "did you mean env:HOM?" in str(problem.help)


def test_real_sources_see_real_secrets(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that is really read needs what it needs in a run."""
    path = bench.write("real.csv", "id\n7\n")
    monkeypatch.setenv("WHERE", str(path))
    bench.pipeline(
        """
        sources:
          - {type: file, name: s, format: {type: csv}, location: '${secret:env:WHERE}'}
        stages: [[{name: a, query: SELECT * FROM s}]]
        """
    )
    bench.passes("sources: {s: real}\nexpect: {a: [{id: 7}]}", "")


def test_real_secrets_are_not_shown(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a query puts them into rows; those that a test gives are no secrets."""
    path = bench.write("real.csv", "id\n7\n")
    monkeypatch.setenv("PASSWORD", "hunter2-hunter2")
    query = "SELECT id, '${secret:env:PASSWORD}' AS p, '${secret:env:GIVEN}' AS g FROM s"
    bench.pipeline(
        f"""
        sources: [{{type: file, name: s, format: {{type: csv}}, location: {path}}}]
        stages: [[{{name: a, query: "{query}"}}]]
        """
    )
    case = "sources: {s: real}\nsecrets: {'env:GIVEN': moonshine}\n"
    failure = bench.failure(f"{case}expect: {{a: [{{id: 8, p: x, g: y}}]}}", "")
    assert "hunter2" not in str(failure)


@pytest.mark.parametrize(
    ("query", "row"),
    [
        ("SELECT now() AS t", "{t: 2024-03-01T23:30:00.25}"),
        ("SELECT current_timestamp AS t", "{t: 2024-03-01T23:30:00.25}"),
        ("SELECT current_timestamp() AS t", "{t: 2024-03-01T23:30:00.25}"),
        ("SELECT current_date AS t", "{t: 2024-03-01}"),
        ("SELECT today() AS t", "{t: 2024-03-01}"),
        ("SELECT current_time AS t", "{t: '23:30:00.25'}"),
        ("SELECT date_trunc('month', now()) AS t", "{t: 2024-03-01T00:00:00}"),
    ],
)
def test_the_clock_stands_still(bench: Bench, query: str, row: str) -> None:
    """All functions that tell the time give the time of the test, in UTC."""
    bench.pipeline(f'stages: [[{{name: a, query: "{query}"}}]]')
    bench.passes(f"now: 2024-03-02T00:30:00.25+01:00\nexpect: {{a: [{row}]}}", "")


def test_listeners_of_plugins_hear_nothing(bench: Bench) -> None:
    """What plugins tell the world of runs, they do not tell of tests."""
    heard: list[Any] = []
    module = ModuleType("listener")

    def aqueducts_on_event(run: Any, event: Any) -> None:
        heard.append(event)

    module.aqueducts_on_event = hookimpl(aqueducts_on_event)  # type: ignore[attr-defined]
    bench.plugins = Plugins.of(builtin=builtin_plugin, listener=module)
    bench.passes("expect: {turnover: {row_count: 2}}")
    assert not heard


def test_each_test_has_a_session_of_its_own(bench: Bench) -> None:
    """Tests see nothing of each other, in any order."""
    text = (
        "pipeline: pipeline.yml\ntests:\n"
        "  - {name: a, sources: {sales: [{shop: 1, amount: 1, price: 1}]}, "
        "expect: {valid: {row_count: 1}}}\n"
        "  - {name: b, sources: {sales: [{shop: 1, amount: 0, price: 1}]}, "
        "expect: {valid: {row_count: 0}}}\n"
    )
    assert [each.status for each in bench.outcomes(text)] == ["passed", "passed"]


def test_outputs_that_stages_ask_for_are_not_computed(bench: Bench) -> None:
    """A test is not the place to show rows and plans."""
    bench.pipeline(
        """
        stages:
          - - name: a
              query: SELECT 1 AS one
              show: 1
              explain: true
              explain_analyze: true
              print_schema: true
        """
    )
    bench.passes("expect: {a: [{one: 1}]}", "")


def test_a_path_of_a_pipeline_starts_at_the_file_of_tests(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the command is started."""
    monkeypatch.chdir(Path(sys.prefix))
    bench.passes("expect: {turnover: {row_count: 2}}")
    assert run_tests([bench.file])[0].status == "passed"
