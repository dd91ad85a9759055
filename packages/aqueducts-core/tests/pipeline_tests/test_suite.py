"""Several tests together, and from pytest."""

from __future__ import annotations

import pytest

from aqueducts.pipeline_tests import Outcome, PipelineTest, collect, run_tests

from .conftest import SOURCES, Bench

MIXED = f"""\
pipeline: pipeline.yml
{SOURCES}
tests:
  - {{name: good, expect: {{valid: {{row_count: 2}}}}}}
  - {{name: bad, expect: {{valid: {{row_count: 3}}}}}}
  - {{name: unusable, expect: {{valdi: {{row_count: 3}}}}}}
"""


def test_every_test_is_run(bench: Bench) -> None:
    """One that fails stops no other; each is told as it ends, with its place."""
    heard: list[tuple[Outcome, PipelineTest | None]] = []
    bench.write("tests.yml", MIXED)
    outcomes = run_tests(
        bench.file, plugins=bench.plugins, on_outcome=lambda *each: heard.append(each)
    )
    assert [each.status for each in outcomes] == ["passed", "failed", "unusable"]
    assert [each.line for each in outcomes] == [11, 12, 13]
    assert tuple(each for each, _ in heard) == outcomes
    assert [test.name for _, test in heard if test] == ["good", "bad", "unusable"]
    assert all(each.duration_ms > 0 for each in outcomes)


def test_the_first_that_does_not_pass_can_be_the_last(bench: Bench) -> None:
    """What comes after it is not run."""
    outcomes = bench.outcomes(MIXED, stops_early=True)
    assert [each.name for each in outcomes] == ["good", "bad"]


def test_a_file_that_cannot_be_used_stops_no_other(bench: Bench) -> None:
    """It is an outcome without a name."""
    files = [bench.write("a.yml", "tests: 5"), bench.write("b.yml", MIXED)]
    heard: list[PipelineTest | None] = []
    outcomes = run_tests(
        files, plugins=bench.plugins, on_outcome=lambda _, test: heard.append(test)
    )
    assert [each.status for each in outcomes] == ["unusable", "passed", "failed", "unusable"]
    assert outcomes[0].name == ""
    assert heard[0] is None


def test_tests_can_be_checked_by_pytest(bench: Bench) -> None:
    """A test that fails raises what pytest shows, with the differences."""
    bench.write("tests.yml", MIXED)
    good, bad, unusable = collect(bench.file, plugins=bench.plugins)
    good.check()
    assert str(good) == good.id == f"{bench.file}::good"
    assert repr(good) == f"<PipelineTest {good.id}>"
    with pytest.raises(AssertionError, match="valid: there are 2 rows, and 3 are expected"):
        bad.check()
    with pytest.raises(AssertionError, match=r"(?s)the pipeline has no stage 'valdi'.*\^\^\^"):
        unusable.check()
