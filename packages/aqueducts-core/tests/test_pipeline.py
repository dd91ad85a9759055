"""Pipelines: from Python values, what they show, and places of problems that are found later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.errors import TemplateError, ValidationProblem
from aqueducts.load import load_text
from aqueducts.pipeline import Pipeline
from aqueducts.plugins import Plugins

PLUGINS = Plugins.of(builtin=builtin_plugin)

_TEXT = """\
params: {table: {default: readings}}
sources:
  - type: File
    name: readings
    file_type: {type: csv, options: {schema: [{name: x, type: int}]}}
    location: data/${table}_and_more.csv
    storage_options: {password: hunter2}
  - {type: json, name: b, options: {path: b.json}}
stages:
  - - name: s
      query: >
        select x
        from ${table}
        where y
destination:
  type: in_memory
  name: out
"""


def read(text: str = _TEXT) -> Pipeline:
    """Return the pipeline in a text."""
    return load_text(text, file="p.yml", plugins=PLUGINS)


def test_a_pipeline_shows_its_parts() -> None:
    """Models in canonical form."""
    pipeline = read()

    assert [source.name for source in pipeline.sources] == ["readings", "b"]
    assert [[stage.name for stage in group] for group in pipeline.stages] == [["s"]]
    assert pipeline.destination.name == "out"
    assert pipeline.path == "p.yml"
    assert pipeline.plugins is PLUGINS


def test_no_value_is_in_the_repr() -> None:
    """A location or a connection string may hold a password."""
    shown = repr(read())

    assert shown == "<Pipeline p.yml sources=[readings, b] stages=1 destination=in_memory>"
    assert "hunter2" not in repr(read().document)


@pytest.mark.parametrize(
    ("path", "given", "line", "column", "length"),
    [
        (("sources", 0), {}, 3, 5, 10),
        (("sources", 0, "name"), {}, 4, 11, 8),
        (("sources", 0, "format"), {}, 5, 5, 9),
        (("sources", 0, "format", "options", "schema", 0, "data_type"), {}, 5, 63, 3),
        (("sources", 0, "storage_config"), {}, 7, 5, 15),
        (("sources", 0, "partition_columns"), {}, 3, 5, 10),
        (("sources", 0, "location"), {"offset": 0, "length": 4}, 6, 15, 4),
        # Inside what a parameter inserted it is the placeholder.
        (("sources", 0, "location"), {"offset": 7, "length": 3}, 6, 20, 3),
        (("sources", 0, "location"), {"offset": 14, "length": 3}, 6, 29, 3),
        (("sources", 1, "location"), {}, 8, 43, 6),
        (("sources", 1, "format"), {}, 8, 5, 46),
        # The query is one line: a folded block.
        (("stages", 0, 0, "query"), {"line": 1, "column": 10}, 13, 9, 1),
        (("stages", 0, 0, "query"), {"line": 1, "column": 24, "length": 5}, 14, 9, 5),
        (("stages", 0, 0, "query"), {"line": 7, "column": 1}, 15, 1, 1),
        (("stages", 0, 0, "show"), {}, 10, 7, 7),
        (("destination",), {}, 15, 1, 11),
        (("nothing",), {}, 1, 1, 36),
    ],
)
def test_a_problem_is_placed_by_its_canonical_path(
    path: tuple[str | int, ...], given: dict[str, Any], line: int, column: int, length: int
) -> None:
    """Whatever names the file uses, and whatever parameters inserted."""
    problem = read().problem(path, "m", code="c", help="h", note="n", **given)

    assert (problem.line, problem.column) == (line, column)
    assert problem.length == length
    assert (problem.code, problem.message, problem.help, problem.note) == ("c", "m", "h", "n")
    assert problem.file == "p.yml"


def test_a_problem_with_a_line_in_something_that_is_no_text() -> None:
    """The value itself is marked."""
    problem = read().problem(("destination",), "m", code="c", line=3, column=2)

    assert (problem.line, problem.column) == (15, 1)


def test_a_mapping_in_python_is_a_pipeline() -> None:
    """With tuples and paths, which files do not have."""
    pipeline = Pipeline.from_dict(
        {
            "sources": (
                {
                    "type": "File",
                    "name": "a",
                    "format": {"type": "csv"},
                    "location": Path("data") / "${name}.csv",
                },
            ),
            "stages": [[{"name": "s", "query": "select 1", "show": 3}]],
        },
        params={"name": "x"},
        plugins=PLUGINS,
    )

    assert pipeline.sources[0].location == "data/x.csv"
    assert pipeline.path is None
    problem = pipeline.problem(("sources", 0, "location"), "m", code="c", offset=2)
    assert (problem.file, problem.line, problem.column) == (None, None, None)
    assert problem.message == "sources[0].location: m"


def test_problems_of_a_mapping_name_the_path() -> None:
    """There is no line to point at."""
    with pytest.raises(ValidationProblem) as caught:
        Pipeline.from_dict(
            {"sources": [{"type": "file", "name": 3}], "stages": [[{"query": "selec"}]]},
            plugins=PLUGINS,
        )

    found = sorted(each.message for each in caught.value.problems)
    assert found[:2] == [
        "sources[0].format: 'format' is missing in sources[0]",
        "sources[0].location: 'location' is missing in sources[0]",
    ]
    assert found[2] == "sources[0].name: 'name' must be text, not a number"
    assert found[3] == "stages[0][0].name: 'name' is missing in stages[0][0]"
    assert found[4].startswith("stages[0][0].query: ")
    assert all(each.file is None and each.line is None for each in caught.value.problems)


def test_missing_parameters_of_a_mapping() -> None:
    """As in a file."""
    with pytest.raises(TemplateError) as caught:
        Pipeline.from_dict({"version": "${v}", "sources": []}, plugins=PLUGINS)

    (problem,) = caught.value.problems
    assert problem.message == "version: parameter 'v' has no value"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"sources": [{1: 2}]}, "sources[0].1: has a key that is not text"),
        ({"sources": {1, 2}}, "sources: is a set, which pipeline files have no form for"),
        ({"a": {"b": object()}}, "a.b: is a object, which pipeline files have no form for"),
    ],
)
def test_values_that_no_file_could_hold(data: Any, message: str) -> None:
    """They are refused with their path."""
    with pytest.raises(ValidationProblem) as caught:
        Pipeline.from_dict(data, plugins=PLUGINS)

    assert [each.message for each in caught.value.problems] == [message]


def test_a_mapping_that_holds_itself() -> None:
    """It ends in an error, not in a crash."""
    data: dict[str, Any] = {}
    data["sources"] = [data]

    with pytest.raises(ValidationProblem, match="nested more than 100 levels deep"):
        Pipeline.from_dict(data, plugins=PLUGINS)


def test_the_mapping_is_not_changed() -> None:
    """Nor does the pipeline follow its changes."""
    data = {"sources": [{"type": "InMemory", "name": "a"}]}

    pipeline = Pipeline.from_dict(data, plugins=PLUGINS)
    data["sources"][0]["name"] = "b"

    assert data == {"sources": [{"type": "InMemory", "name": "b"}]}
    assert pipeline.sources[0].name == "a"


def test_installed_plugins_are_used_where_none_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Plugins.discover` is the default."""
    monkeypatch.setattr(Plugins, "discover", lambda: PLUGINS)

    assert Pipeline.from_dict({}).plugins is PLUGINS
