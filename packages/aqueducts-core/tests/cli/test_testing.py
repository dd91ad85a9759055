"""`aqueducts test`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from .conftest import Invoke

CASES = """\
pipeline: ../pipeline.yml
params: {min: 18}
sources:
  people:
    - {name: Ann, age: 31, city: Rome}
    - {name: Bob, age: 17, city: Oslo}
tests:
  - name: children are left out
    expect:
      adults: [{name: Ann, age: 31, city: Rome}]
  - name: people are counted
    expect:
      destination: [{city: Rome, n: 2}]
"""


@pytest.fixture
def tests(folder: Path) -> Path:
    """A file of one test that passes and one that fails, in the folder `tests`."""
    path = folder / "tests/people_test.yml"
    path.parent.mkdir()
    path.write_text(CASES)
    return path


def test_tests_are_told_one_by_one(invoke: Invoke, tests: Path) -> None:
    """With what differs, and a summary; without paths those in the folder `tests`."""
    result = invoke("test")
    assert result.exit_code == 1
    lines = [line.split("  ")[0] if " ms" in line else line for line in result.stdout.splitlines()]
    assert result.stderr == ""
    assert "tests/people_test.yml" in lines
    assert "✓ children are left out" in result.stdout
    assert "✗ people are counted" in result.stdout
    assert "destination: the rows differ: 1 changed" in result.stdout
    assert "      ~ Rome  2 -> 1" in lines
    assert "1 failed, 1 passed in" in result.stdout
    assert lines[-1] == "  tests/people_test.yml:11  people are counted"


def test_quiet_tells_only_of_what_fails(invoke: Invoke, tests: Path) -> None:
    """And of nothing else but the sum."""
    result = invoke("test", "-q")
    assert "children" not in result.stdout
    assert "people are counted" in result.stdout
    result = invoke("test", "-q", "-k", "children")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1


def test_tests_are_chosen_and_stopped(invoke: Invoke, tests: Path) -> None:
    """By a part of the name, and at the first that fails."""
    tests.write_text(CASES.replace("n: 2", "n: 1").replace("age: 31, city: Rome}]", "age: 0}]"))
    assert invoke("test", "-k", "COUNTED", str(tests)).exit_code == 0
    result = invoke("test", "-x", "tests")
    assert result.exit_code == 1
    assert "counted" not in result.stdout
    result = invoke("test", "--filter", "nothing")
    assert result.exit_code == 2
    assert "no test has 'nothing' in its name" in result.stderr


@pytest.mark.parametrize("path", ["gone", "empty"])
def test_no_tests_are_an_error(invoke: Invoke, folder: Path, path: str) -> None:
    """A run of no tests would prove nothing."""
    (folder / "empty").mkdir()
    result = invoke("test", path)
    assert result.exit_code == 2
    assert "error[" in result.stderr
    assert invoke("test").exit_code == 2


def test_tests_that_cannot_be_used(invoke: Invoke, tests: Path) -> None:
    """Their exit code is 2, whatever else fails; the others are run."""
    tests.write_text(CASES + "  - {name: typo, expect: {adlts: []}}\n")
    tests.with_name("other_test.yml").write_text("pipelin: x\ntests: []\n")
    result = invoke("test")
    assert result.exit_code == 2
    assert "did you mean 'adults'?" in result.stdout
    assert "did you mean 'pipeline'?" in result.stdout
    assert "1 failed, 2 unusable, 1 passed in" in result.stdout


def test_results_as_json(invoke: Invoke, tests: Path) -> None:
    """All differences as data."""
    result = invoke("test", "--output", "json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["status"] == "failed"
    assert document["counts"] == {"passed": 1, "failed": 1, "unusable": 0}
    good, bad = document["tests"]
    assert (good["name"], good["status"], good["failures"]) == (
        "children are left out",
        "passed",
        [],
    )
    [failure] = bad["failures"]
    assert (failure["step"], failure["line"]) == ("destination", 13)
    assert failure["differences"]["changed"] == [
        {"expected": ["Rome", 2], "actual": ["Rome", 1], "columns": ["n"], "position": None}
    ]
    assert failure["differences"]["columns"] == ["city", "n"]


def test_values_that_json_lacks(invoke: Invoke, folder: Path) -> None:
    """Decimals and NaN are text."""
    (folder / "p.yml").write_text(
        "stages: [[{name: a, query: \"SELECT 1.5::decimal(9,2) AS d, 'nan'::double AS n\"}]]\n"
    )
    (folder / "t.yml").write_text(
        "pipeline: p.yml\ntests: [{name: a, expect: {a: [{d: 2, n: [1, {x: .inf}]}]}}]\n"
    )
    document = json.loads(invoke("test", "t.yml", "--output", "json").stdout)
    [failure] = document["tests"][0]["failures"]
    assert failure["differences"]["missing"] == [["2", [1, {"x": "inf"}]]]
    assert failure["differences"]["unexpected"] == [["1.50", "nan"]]


def test_a_report_for_ci(invoke: Invoke, tests: Path, folder: Path) -> None:
    """Written beside what is printed, into a folder that is made."""
    assert invoke("test", "--junit-xml", "reports/tests.xml").exit_code == 1
    root = ElementTree.parse(folder / "reports/tests.xml").getroot()
    assert root.get("tests") == "2"
    (folder / "file").write_text("")
    result = invoke("test", "--junit-xml", "file/tests.xml")
    assert result.exit_code != 0
    assert "file/tests.xml" in result.stderr


def test_annotations_for_github(invoke: Invoke, tests: Path) -> None:
    """At the line of each expectation; with what is wrong in the pipeline at its own."""
    result = invoke("test", "--output", "github")
    assert result.exit_code == 1
    [line] = result.stdout.splitlines()
    head, _, text = line.removeprefix("::error ").partition("::")
    assert head == "file=tests/people_test.yml,line=13,title=test-failed"
    assert text.startswith("people are counted: destination: the rows differ: 1 changed")
    assert "%0A~ Rome  2 -> 1" in text
    tests.write_text(CASES + "  - {name: bad, params: {min: x}, expect: {adults: []}}\n")
    result = invoke("test", "--output", "github", "-k", "bad")
    assert "file=pipeline.yml,line=8" in result.stdout
    assert invoke("test", "--output", "github", "-k", "children").stdout == ""


def test_a_report_after_an_update(invoke: Invoke, tests: Path, folder: Path) -> None:
    """What was updated passes."""
    assert invoke("test", "--update", "--junit-xml", "report.xml").exit_code == 0
    assert ElementTree.parse(folder / "report.xml").getroot().get("failures") == "0"


def test_updating(invoke: Invoke, tests: Path) -> None:
    """The rows that are there are written; then the tests pass, and nothing is written."""
    result = invoke("test", "--update")
    assert result.exit_code == 0
    assert "1 updated, 1 passed in" in result.stdout
    assert "updated tests/people_test.yml (1 expectation)" in result.stdout
    assert tests.read_text() == CASES.replace("n: 2", "n: 1")
    before = tests.stat()
    result = invoke("test", "--update")
    assert result.exit_code == 0
    assert "2 passed in" in result.stdout
    assert tests.stat().st_mtime_ns == before.st_mtime_ns


def test_updating_as_json(invoke: Invoke, tests: Path) -> None:
    """What was written, and what could not be."""
    tests.write_text(CASES + '  - {name: x, expect: {adults: {csv: "name\\nZed\\n"}}}\n')
    result = invoke("test", "--update", "--output", "json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    file = "tests/people_test.yml"
    assert document["updated"] == [
        {"file": file, "test": "people are counted", "step": "destination"}
    ]
    assert document["not_updated"][0]["reason"].startswith("line 14: csv is left alone")
    result = invoke("test", "--update")
    assert "not updated tests/people_test.yml: line 14: csv is left alone" in result.stdout


def test_colours(invoke: Invoke, tests: Path) -> None:
    """Marks have colours where they are asked for."""
    result = invoke("test", "--color", "always")
    assert "\x1b[33m~ Rome  2 -> 1\x1b[0m" in result.stdout
    assert "\x1b[1;31m1 failed\x1b[0m" in result.stdout
    assert "\x1b[" not in invoke("test").stdout


def test_data_does_not_drive_the_terminal(invoke: Invoke, folder: Path) -> None:
    """Control characters in rows and names are spelled out."""
    (folder / "p.yml").write_text("stages: [[{name: a, query: \"SELECT chr(27) || '[2J' AS t\"}]]")
    (folder / "t.yml").write_text(
        'pipeline: p.yml\ntests: [{name: "a\\e[2Jb", expect: {a: [{t: "\\e[3J"}]}}]\n'
    )
    result = invoke("test", "t.yml")
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_interrupted_tests_leave_nothing(folder: Path, name: str) -> None:
    """Temporary files go, and the exit code tells the signal."""
    (folder / "p.yml").write_text(
        "stages:\n  - - name: a\n      query: >\n        SELECT count(*) AS n\n"
        "        FROM range(0, 1000000) x JOIN range(0, 1000000) y ON x.value * y.value % 7 > 9\n"
    )
    (folder / "t.yml").write_text("pipeline: p.yml\ntests: [{name: slow, expect: {a: []}}]\n")
    temporary = folder / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "aqueducts", "test", "t.yml"],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if "COVERAGE" not in name},
            "TMPDIR": str(temporary),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not list(temporary.glob("*/spill/*")):
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.2)
    process.send_signal(getattr(signal, name))
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == {"SIGINT": 130, "SIGTERM": 143}[name], stderr
    assert not list(temporary.iterdir())
    assert stderr == {"SIGINT": "interrupted after 0 tests\n", "SIGTERM": ""}[name]
