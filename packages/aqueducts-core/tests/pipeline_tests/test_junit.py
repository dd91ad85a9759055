"""Reports for CI systems."""

from __future__ import annotations

from xml.etree import ElementTree

from aqueducts.pipeline_tests import Failure, Outcome
from aqueducts.pipeline_tests.junit import junit_xml

from .conftest import SOURCES, Bench


def test_a_report_has_a_suite_for_each_file(bench: Bench) -> None:
    """With what CI systems show: counts, times in seconds, places and differences."""
    bench.write("bad.yml", "tests: []")
    bench.write(
        "tests.yml",
        f"pipeline: pipeline.yml\n{SOURCES}tests:\n"
        "  - {name: good, expect: {valid: {row_count: 2}}}\n"
        "  - {name: 'bad <&>', expect: {valid: {row_count: 3, columns: [shop], rows: [[7]]}}}\n"
        "  - {name: typo, expect: {valdi: []}}\n",
    )
    from aqueducts.pipeline_tests import run_tests

    outcomes = run_tests([bench.folder / "bad.yml", bench.file], plugins=bench.plugins)
    root = ElementTree.fromstring(junit_xml(outcomes))
    assert root.tag == "testsuites"
    assert {key: root.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4",
        "failures": "1",
        "errors": "2",
        "skipped": "0",
    }
    first, second = root
    assert (first.get("tests"), first.get("errors")) == ("1", "1")
    assert (second.get("tests"), second.get("failures"), second.get("errors")) == ("3", "1", "1")
    assert abs(float(str(root.get("time"))) - sum(o.duration_ms for o in outcomes) / 1000) < 0.01
    good, bad, typo = second
    assert (good.get("name"), good.get("line"), len(good)) == ("good", "10", 0)
    assert float(str(good.get("time"))) > 0
    [failure] = bad
    assert bad.get("name") == "bad <&>"
    assert failure.tag == "failure"
    assert "there are 2 rows, and 3 are expected" in str(failure.get("message"))
    assert "valid: the rows differ" in str(failure.text)
    assert "\n  - " in str(failure.text)
    [error] = typo
    assert error.tag == "error"
    assert "did you mean 'valid'?" in str(error.text)
    assert first[0].get("name") == str(bench.folder / "bad.yml")


def test_what_xml_cannot_hold_is_replaced() -> None:
    """Data may hold anything."""
    failure = Failure("null\x00, bell\x07 and half a pair \ud800")
    outcome = Outcome("a.yml", "it \x1b[31m", "failed", 1.0, failures=(failure,))
    [[case]] = ElementTree.fromstring(junit_xml([outcome]))
    assert case.get("name") == "it \ufffd[31m"
    assert case[0].get("message") == "null\ufffd, bell\ufffd and half a pair \ufffd"
