"""Finding files of tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aqueducts import PipelineError
from aqueducts.pipeline_tests import collect, run_tests
from aqueducts.pipeline_tests.discovery import find_files

from .conftest import Bench, problems_of


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_names_tell_which_files_are_tests(tmp_path: Path) -> None:
    """Files are found below folders, sorted, each once."""
    _touch(tmp_path, "b_test.yml", "a/test_x.yaml", "a/x_test.yaml", "test_a.yml")
    _touch(tmp_path, "pipeline.yml", "test_a.json", ".hidden/a_test.yml", "tests.yml")
    found = [os.path.relpath(path, tmp_path) for path in find_files([tmp_path, tmp_path / "a"])]
    assert found == ["b_test.yml", "test_a.yml", "a/test_x.yaml", "a/x_test.yaml"]


def test_a_file_that_is_named_may_be_called_anything(tmp_path: Path) -> None:
    """Paths are kept as they were given."""
    _touch(tmp_path, "anything.yml")
    assert find_files([str(tmp_path / "anything.yml")]) == [str(tmp_path / "anything.yml")]


def test_nothing_to_run_is_an_error(tmp_path: Path) -> None:
    """A folder without tests, and a path that is not there."""
    with pytest.raises(PipelineError) as error:
        run_tests([tmp_path, tmp_path / "gone"])
    assert problems_of(error) == [
        "there are no tests in this folder",
        "there is no such file or folder",
    ]


def test_keywords_choose_by_name_and_file(bench: Bench) -> None:
    """A part of either is enough, whatever its case."""
    names = ["the First", "the second"]
    tests = "".join(f"  - {{name: {name}, expect: {{a: []}}}}\n" for name in names)
    path = bench.write("some_test.yml", f"pipeline: pipeline.yml\ntests:\n{tests}")

    def chosen(*keywords: str) -> list[str]:
        return [test.name for test in collect(path, keywords=keywords, plugins=bench.plugins)]

    assert chosen("first") == ["the First"]
    assert chosen("FIRST", "cond") == names
    assert chosen("some_test") == names
    with pytest.raises(PipelineError, match="no test has 'third' or 'x_y' in its name"):
        chosen("third", "x_y")
    with pytest.raises(PipelineError, match="no test has 'third' in its name"):
        run_tests(path, keywords=["third"], plugins=bench.plugins)
