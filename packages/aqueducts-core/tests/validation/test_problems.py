"""What is wrong with keys, types and values, and where."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest

from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.diagnostics import Problem
from aqueducts.errors import PipelineError, ValidationProblem
from aqueducts.load import load_text
from aqueducts.pipeline import Pipeline
from aqueducts.plugins import PluginRecord, Plugins

PLUGINS = Plugins.of(builtin=builtin_plugin)


def read(text: str, **given: Any) -> Pipeline:
    """Return the pipeline in a YAML text, with the built-in plugins."""
    return load_text(text, file="p.yml", plugins=PLUGINS, **given)


def problems_of(text: str, **given: Any) -> list[Problem]:
    """Return what is wrong with a YAML text."""
    with pytest.raises(PipelineError) as caught:
        read(text, **given)
    return [each for each in caught.value.problems if isinstance(each, Problem)]


def place(problem: Problem) -> tuple[int | None, int | None]:
    """Return line and column."""
    return problem.line, problem.column


# --- whole-scalar parameters and types of values ---


def test_parameters_take_the_type_of_their_field() -> None:
    """Numbers and switches arrive as text."""
    pipeline = read(
        "stages: [[{name: s, query: select ${n}, show: '${n}', explain: '${on}'}]]",
        params={"n": "42", "on": "true"},
    )

    stage = pipeline.stages[0][0]
    assert stage.show == 42
    assert stage.explain is True
    assert stage.query == "select 42"


_STAGE = "stages: [[{{name: s, query: select 1, {}}}]]"


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("show: abc", "'show' must be a whole number, not the text 'abc'"),
        ("show: true", "'show' must be a whole number, not true"),
        ("show: 1.5", "'show' must be a whole number, not the number 1.5"),
        ("show: -1", "'show' must be at least 0, not the number -1"),
        ("show: []", "'show' must be a whole number, not a list"),
        ("explain: maybe", "'explain' must be true or false, not the text 'maybe'"),
        ("explain: 2", "'explain' must be true or false, not the number 2"),
        ("explain: null", "'explain' must be true or false, not null"),
        (
            "materialize: alway",
            "'materialize' must be one of 'auto', 'always' or 'never', not the text 'alway'",
        ),
    ],
)
def test_wrong_values_of_a_stage(field: str, message: str) -> None:
    """One sentence, at the value, the same in all formats."""
    text = _STAGE.format(field)
    key, value = field.split(": ")
    fields = {"name": "s", "query": "select 1", key: json.loads(_as_json(value))}

    (problem,) = problems_of(text)
    with pytest.raises(ValidationProblem) as caught:
        load_text(json.dumps({"stages": [[fields]]}), file="p.json", format="json", plugins=PLUGINS)
    (same,) = caught.value.problems

    assert problem.message == same.message == message
    # The value, or the key of what has no text of its own.
    is_scalar = value not in ("[]", "null")
    marked = text.index(value, text.index(key + ":")) if is_scalar else text.index(key + ":")
    assert place(problem) == (1, marked + 1)


def _as_json(value: str) -> str:
    return value if value[0] in "[-0123456789tn" else f'"{value}"'


def test_a_wrong_parameter_is_named_without_its_value() -> None:
    """Parameters may be passwords that ended up in the wrong place."""
    (problem,) = problems_of(_STAGE.format("show: '${n}'"), params={"n": "hunter2"})

    assert problem.message == "'show' must be a whole number, not what its parameter gives"


@pytest.mark.parametrize(
    ("text", "message", "where"),
    [
        ("version: 2", "'version' must be text, not a number", (1, 10)),
        ("sources: {}", "'sources' must be a list, not a mapping", (1, 1)),
        ("sources:", "'sources' must be a list, not null", (1, 1)),
        ("sources: [x]", "'sources[0]' must be a mapping, not the text 'x'", (1, 11)),
        ("stages: [{name: s}]", "'stages[0]' must be a list, not a mapping", (1, 10)),
        ("sources: [null]", "'sources[0]' must be a mapping, not null", (1, 11)),
        ("destination: x", "'destination' must be a mapping, not the text 'x'", (1, 14)),
        ("stages: [[{name: '', query: x}]]", "'name' must not be empty", (1, 18)),
        ("stages: [[{name: s, query: '  '}]]", "'query' must not be empty", (1, 28)),
        (
            (
                "sources: [{type: file, name: a, location: x, storage_config: {k: true},"
                " format: {type: csv}}]"
            ),
            "'k' must be text, not true",
            (1, 66),
        ),
        (
            "sources: [{type: file, name: a, location: x, format: csv}]",
            "'format' must be a mapping, not the text 'csv'",
            (1, 54),
        ),
    ],
)
def test_values_of_a_wrong_kind(text: str, message: str, where: tuple[int, int]) -> None:
    """The message names the key and both kinds."""
    problem = problems_of(text)[0]

    assert problem.message == message
    assert place(problem) == where


def test_a_list_of_stages_instead_of_groups_says_how_to_write_it() -> None:
    """The mistake that people make first."""
    problem = problems_of("stages:\n  - name: s\n    query: select 1")[0]

    assert "in YAML '- - name: ...'" in (problem.help or "")


def test_a_data_type_is_marked_inside_its_text() -> None:
    """Also when parameters stand before it."""
    text = """\
sources:
  - type: file
    name: a
    location: x
    format:
      type: csv
      options:
        schema: [{name: x, type: 'map<${key},lst<int>>'}]
"""

    (problem,) = problems_of(text, params={"key": "large_string"})

    assert problem.message == "unknown data type 'lst'"
    assert problem.help == "did you mean 'list<string>'?"
    assert place(problem) == (8, 46)
    assert problem.length == 3


# --- missing and unknown ---


def test_a_missing_field_is_described() -> None:
    """At the mapping that it is missing from."""
    (problem,) = problems_of("sources:\n  - type: file\n    name: a\n    format: {type: csv}")

    assert problem.code == "missing-field"
    assert problem.message == "'location' is missing in source 'a'"
    assert (problem.help or "").startswith("add location: ... (Path or URL")
    assert place(problem) == (2, 5)


def test_a_misspelled_field_is_one_problem() -> None:
    """Not one for the missing name and another for the unknown one."""
    (problem,) = problems_of("sources: [{type: file, name: a, loction: x, format: {type: csv}}]")

    assert (
        problem.message == "'location' is missing in source 'a', and 'loction' is not a known key"
    )
    assert problem.help == "did you mean 'location'?"
    assert place(problem) == (1, 33)


_UNKNOWN = """\
sources:
  - type: file
    name: a
    format: {type: csv, options: {has_heder: false}}
    location: x
    colour: red
stages:
  - - name: s
      query: select 1
      shw: 3
destination: {type: in_memory, name: b, nam: c}
stags: []
"""


def test_unknown_keys_are_warnings() -> None:
    """With their place and the nearest known key, at every depth."""
    pipeline = read(_UNKNOWN)

    found = [(place(each), each.message, each.help) for each in pipeline.warnings]
    assert [each.code for each in pipeline.warnings] == ["unknown-field"] * 5
    assert found == [
        (
            (4, 35),
            "unknown key 'has_heder' in format.options of source 'a'",
            "did you mean 'has_header'?",
        ),
        (
            (6, 5),
            "unknown key 'colour' in source 'a'",
            "the keys here are type, name, format, location, storage_config",
        ),
        ((10, 7), "unknown key 'shw' in stage 's'", "did you mean 'show'?"),
        ((11, 41), "unknown key 'nam' in destination 'b'", "did you mean 'name'?"),
        ((12, 1), "unknown key 'stags' in the pipeline", "did you mean 'stages'?"),
    ]


def test_unknown_keys_are_errors_in_strict_mode() -> None:
    """All of them."""
    found = problems_of(_UNKNOWN, strict=True)

    assert [each.severity for each in found] == ["error"] * 5


def test_a_misspelled_params_key_is_guessed() -> None:
    """`params` is no field of the model and known all the same."""
    (warning,) = read("parms: {}").warnings

    assert warning.help == "did you mean 'params'?"


def test_one_field_under_two_names() -> None:
    """Neither is taken silently."""
    (problem,) = problems_of(
        "sources:\n"
        "  - {type: file, name: a, location: x, format: {type: csv}, file_type: {type: json}}"
    )

    assert problem.message == "'format' and 'file_type' are the same field"
    assert place(problem) == (2, 61)


# --- types that are not there ---


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "sources: [{type: odbc, name: a}]",
            "source type 'odbc' is not installed",
            "run: pip install 'aqueducts-core[odbc]'",
        ),
        (
            "sources: [{type: Database, name: a}]",
            "source type 'Database' is not installed",
            "run: pip install 'aqueducts-core[odbc]'",
        ),
        (
            "destination: {type: delta, name: a}",
            "destination type 'delta' is not installed",
            "run: pip install 'aqueducts-core[delta]'",
        ),
        (
            "sources: [{type: fil, name: a}]",
            "unknown source type 'fil'",
            "did you mean 'file'? installed: directory, file, in_memory",
        ),
        (
            "sources: [{type: file, name: a, location: x, format: {type: avro}}]",
            "unknown file format 'avro'",
            "installed: csv, json, parquet",
        ),
        (
            "destination: {type: file, name: a, location: x, format: {type: parqet}}",
            "unknown file format 'parqet'",
            "did you mean 'parquet'? installed: csv, json, parquet",
        ),
    ],
)
def test_types_that_are_not_installed(text: str, message: str, hint: str) -> None:
    """The command that installs them, or the nearest that is there; nothing else is said."""
    (problem,) = problems_of(text)

    assert problem.code == "unknown-type"
    assert problem.message == message
    assert problem.help == hint
    assert place(problem) == (1, text.rindex("type: ") + 7)


def test_a_plugin_that_cannot_be_loaded_is_named() -> None:
    """Installing what is there already would not help."""
    broken = PluginRecord("odbc", "aqueducts-odbc", "0.1.0", error="ImportError: no libodbc")
    plugins = Plugins([*PLUGINS.records, broken])

    with pytest.raises(ValidationProblem, match="cannot be loaded: ImportError: no libodbc"):
        load_text("sources: [{type: odbc, name: a}]", plugins=plugins)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sources: [{name: a}]", "'type' is missing in this source"),
        ("destination: {name: a}", "'type' is missing in this destination"),
        (
            "sources: [{type: file, name: a, location: x, format: {}}]",
            "'type' is missing in this file format",
        ),
        ("sources: [{type: 3}]", "'type' must be text, one of directory, file, in_memory"),
    ],
)
def test_mappings_without_a_type(text: str, message: str) -> None:
    """The advice lists the types there are."""
    (problem,) = problems_of(text)

    assert problem.message == message


def test_plugins_without_any_source() -> None:
    """The machinery needs no built-in plugin."""
    empty = Plugins.of(nothing=ModuleType("nothing"))

    pipeline = load_text("stages: [[{name: s, query: select 1}]]", plugins=empty)

    assert pipeline.stages[0][0].name == "s"
