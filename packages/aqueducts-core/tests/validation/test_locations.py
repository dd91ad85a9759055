"""Locations that nothing installed can open."""

from __future__ import annotations

import pytest

from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.diagnostics import Problem
from aqueducts.errors import PipelineError
from aqueducts.load import load_text
from aqueducts.plugins import Plugins

PLUGINS = Plugins.of(builtin=builtin_plugin)


def _problems(source: str, target: str) -> list[Problem]:
    text = f"""
sources:
  - {{type: file, name: a, format: {{type: parquet}}, location: "{source}"}}
stages: [[{{name: s, query: select 1 as x}}]]
destination: {{type: file, name: d, format: {{type: parquet}}, location: "{target}"}}
"""
    try:
        load_text(text, file="p.yml", plugins=PLUGINS)
    except PipelineError as error:
        return [each for each in error.problems if isinstance(each, Problem)]
    return []


def test_a_scheme_that_is_not_installed_is_told_with_its_place() -> None:
    """Both of a pipeline at once: what is wrong, where, and the command that mends it."""
    first, second = _problems("s3://bucket/x.parquet", "gs://bucket/y.parquet")

    assert (first.code, first.line, first.column, first.length) == ("missing-plugin", 3, 63, 2)
    assert first.help == "run: pip install 'aqueducts-core[s3]'"
    assert (second.line, second.help) == (5, "run: pip install 'aqueducts-core[gcs]'")


@pytest.mark.parametrize(
    "location", ["a.parquet", "/x/a.parquet", "file:///x/a.parquet", "FILE:///a", "c:/a.parquet"]
)
def test_paths_and_file_urls_are_fine(location: str) -> None:
    """The local file system is always there."""
    assert _problems(location, "out.parquet") == []


def test_a_location_that_is_a_secret_is_not_known_yet() -> None:
    """What only the run can resolve is left to the run."""
    assert _problems("${secret:env:PLACE}", "out.parquet") == []
