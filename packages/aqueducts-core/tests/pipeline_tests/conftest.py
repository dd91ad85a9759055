"""A pipeline, and tests of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest

from aqueducts import PipelineError, Plugins
from aqueducts.diagnostics import Problem
from aqueducts.pipeline_tests import Failure, Outcome, run_tests

PIPELINE = """\
params: {least: {default: 0}}
sources:
  - {type: file, name: sales, format: {type: csv}, location: /nowhere/sales.csv}
  - {type: file, name: shops, format: {type: parquet}, location: /nowhere/shops.parquet}
stages:
  - - name: valid
      query: SELECT shop, amount, price FROM sales WHERE amount > ${least}
  - - name: turnover
      query: |
        SELECT s.name, sum(v.amount * v.price) AS turnover
        FROM valid v JOIN shops s ON s.id = v.shop
        GROUP BY s.name
        ORDER BY turnover DESC
destination: {type: file, name: out, location: /nowhere/out.csv, format: {type: csv}}
"""

SOURCES = """\
sources:
  sales:
    - {shop: 1, amount: 2, price: 1.5}
    - {shop: 2, amount: 4, price: 0.5}
  shops:
    - {id: 1, name: north}
    - {id: 2, name: south}
"""


@cache
def installed() -> Plugins:
    """All plugins, with their models made once."""
    return Plugins.discover()


class Bench:
    """A folder with `pipeline.yml` and `tests.yml`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "tests.yml"
        self.plugins = installed()
        self.write("pipeline.yml", PIPELINE)

    def write(self, name: str, text: str) -> Path:
        """Write a file."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def pipeline(self, text: str) -> None:
        """Write another pipeline."""
        self.write("pipeline.yml", dedent(text))

    def outcomes(self, text: str, **options: Any) -> tuple[Outcome, ...]:
        """Write a file of tests as it is and run it."""
        self.file.write_text(text, encoding="utf-8")
        return run_tests(self.file, plugins=self.plugins, **options)

    def run(self, case: str, head: str = SOURCES) -> Outcome:
        """Run one test, whose keys are given; it is called `it`."""
        body = indent(dedent(case), "    ")
        [outcome] = self.outcomes(f"pipeline: pipeline.yml\n{head}tests:\n  - name: it\n{body}")
        return outcome

    def failure(self, case: str, head: str = SOURCES) -> Failure:
        """Return the one thing that is wrong with a pipeline in one test."""
        outcome = self.run(case, head)
        assert outcome.status == "failed", outcome
        [failure] = outcome.failures
        return failure

    def problem(self, case: str, head: str = SOURCES) -> Problem:
        """Return the one thing that is wrong with a test."""
        outcome = self.run(case, head)
        assert outcome.status == "unusable", outcome
        [problem] = outcome.failures[0].problems
        return problem

    def passes(self, case: str, head: str = SOURCES) -> None:
        """Run one test that has to pass."""
        outcome = self.run(case, head)
        assert outcome.status == "passed", outcome.failures


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A folder with a pipeline, to test it in."""
    return Bench(tmp_path)


def problems_of(error: pytest.ExceptionInfo[PipelineError]) -> list[str]:
    """Messages of all problems."""
    return [problem.message for problem in error.value.problems]
