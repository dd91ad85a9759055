"""From files and texts to pipelines, and every way in which that can go wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.diagnostics import Problem
from aqueducts.errors import PipelineError, SyntaxProblem, TemplateError
from aqueducts.load import load, load_text, params_from_file
from aqueducts.pipeline import Pipeline
from aqueducts.plugins import Plugins

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


# --- secrets ---


def test_a_secret_scheme_that_nothing_resolves() -> None:
    """Told at the scheme, long before the secret is needed."""
    text = "sources: [{type: file, name: a, location: '${secret:vault:x}', format: {type: csv}}]"

    (problem,) = problems_of(text)

    assert problem.message == "unknown secret scheme 'vault'"
    assert place(problem) == (1, text.index("vault") + 1)


# --- queries ---


def test_a_syntax_error_in_a_query_is_at_its_place_in_the_file() -> None:
    """Through block scalars and parameters."""
    text = """\
stages:
  - - name: s
      query: |
        select a
        from ${table} t wher x
"""

    (problem,) = problems_of(text, params={"table": "a_long_name_of_a_table"})

    assert problem.code == "sql-syntax"
    assert place(problem) == (5, 25)


def test_queries_are_checked_beside_other_problems() -> None:
    """But not those that miss a parameter."""
    found = problems_of(
        "stages: [[{name: a, query: selec 1}, {name: b, query: 'selec ${x}'}]]\n"
        "destination: {type: nothing}"
    )

    assert [each.code for each in found] == ["sql-syntax", "missing-parameter", "unknown-type"]


# --- all at once, and in order ---


def test_all_problems_of_a_file_come_at_once_and_in_order() -> None:
    """Parameters, types, values, keys and queries."""
    text = """\
sources:
  - {type: odbc, name: a}
  - {type: file, name: ${name}, location: 5, format: {type: csv}}
stages:
  - - {name: s, query: selec 1, show: x, shw: 1}
destination: {type: file}
"""

    found = problems_of(text)

    assert [(each.line, each.code) for each in found] == [
        (2, "unknown-type"),
        (3, "missing-parameter"),
        (3, "wrong-type"),
        (5, "sql-syntax"),
        (5, "wrong-type"),
        (5, "unknown-field"),
        (6, "missing-field"),
        (6, "missing-field"),
        (6, "missing-field"),
    ]


def test_only_missing_parameters_are_a_template_error() -> None:
    """So that callers can ask for them and try again."""
    with pytest.raises(TemplateError) as caught:
        read("stages: [[{name: s, query: select ${a}, show: '${b}'}]]")

    assert [each.message for each in caught.value.problems] == [
        "parameter 'a' has no value",
        "parameter 'b' has no value",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the pipeline is empty"),
        ("# nothing", "the pipeline is empty"),
        ("[]", "a pipeline is a mapping at its top level"),
        ("text", "a pipeline is a mapping at its top level"),
    ],
)
def test_documents_that_are_no_pipeline(text: str, message: str) -> None:
    """Whatever else they are."""
    (problem,) = problems_of(text)

    assert problem.message == message


# --- files ---


def test_a_file_is_read_by_its_extension(tmp_path: Path) -> None:
    """All formats, with a byte order mark or without."""
    yaml = tmp_path / "p.yaml"
    yaml.write_text("\ufeffversion: v2\r\n", encoding="utf-8")
    (tmp_path / "p.JSON").write_text('{"version": "v2"}')
    (tmp_path / "p.toml").write_text('version = "v2"')

    pipelines = [load(tmp_path / name, plugins=PLUGINS) for name in ("p.yaml", "p.JSON", "p.toml")]

    assert pipelines[0] == pipelines[1] == pipelines[2]
    assert pipelines[0].path == str(yaml)


@pytest.mark.parametrize(
    ("content", "message", "where"),
    [
        (b"a: \xff", "byte 0xff is not UTF-8 text", (1, 4)),
        ("é: 1\r\nb: ".encode() + b"\xc3(", "byte 0xc3 is not UTF-8 text", (2, 4)),
        (b"PAR1\x00\x00", "the file is not text: it holds NUL bytes", (None, None)),
        ("a: 1".encode("utf-16"), "the file is in UTF-16", (None, None)),
    ],
)
def test_files_that_are_not_text(
    tmp_path: Path, content: bytes, message: str, where: tuple[int | None, int | None]
) -> None:
    """They are named before any parser chokes on them."""
    path = tmp_path / "p.yml"
    path.write_bytes(content)

    with pytest.raises(SyntaxProblem) as caught:
        load(path, plugins=PLUGINS)

    (problem,) = caught.value.problems
    assert problem.message == message
    assert (problem.line, problem.column) == where
    assert problem.file == str(path)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    """It is not read to its end."""
    path = tmp_path / "p.yml"
    path.write_bytes(b"# data\n" * 200_000)

    with pytest.raises(SyntaxProblem, match="larger than 1 MB"):
        load(path, plugins=PLUGINS)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The nearest name in its folder is offered."""
    (tmp_path / "pipeline.yml").touch()

    with pytest.raises(PipelineError) as caught:
        load(tmp_path / "pipelin.yml", plugins=PLUGINS)

    (problem,) = caught.value.problems
    assert problem.message == "there is no such file"
    assert problem.help == f"did you mean {tmp_path / 'pipeline.yml'}?"


def test_a_folder_is_no_pipeline(tmp_path: Path) -> None:
    """A file in it is offered."""
    (tmp_path / "a.toml").touch()

    with pytest.raises(PipelineError) as caught:
        load(tmp_path, plugins=PLUGINS)

    (problem,) = caught.value.problems
    assert problem.message == "this is a folder"
    assert problem.help == f"did you mean {tmp_path / 'a.toml'}?"


def test_a_path_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Nothing can be offered."""
    with pytest.raises(PipelineError, match="there is no such file"):
        load(tmp_path / "none" / "p.yml", plugins=PLUGINS)


def test_a_file_as_a_folder(tmp_path: Path) -> None:
    """What the system says is passed on."""
    (tmp_path / "a.yml").touch()

    with pytest.raises(PipelineError, match="the file cannot be read: Not a directory"):
        load(tmp_path / "a.yml" / "p.yml", plugins=PLUGINS)


def test_an_unknown_extension_lists_the_known_ones(tmp_path: Path) -> None:
    """The format is never guessed from the content."""
    path = tmp_path / "p.txt"
    path.write_text("version: v2")

    with pytest.raises(SyntaxProblem, match=r"\.yml or \.yaml for YAML, \.json for JSON, \.toml"):
        load(path, plugins=PLUGINS)


# --- parameters from a file ---


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.yml", "month: jan\nyear: 2024\nfull: true\n"),
        ("p.json", '{"month": "jan", "year": 2024, "full": true}'),
        ("p.toml", 'month = "jan"\nyear = 2024\nfull = true\n'),
    ],
)
def test_parameters_from_a_file(tmp_path: Path, name: str, content: str) -> None:
    """A mapping in any of the formats, for `load`."""
    path = tmp_path / name
    path.write_text(content)

    params = params_from_file(path)
    pipeline = read("version: ${month}-${year}-${full}", params=params)

    assert pipeline.document.version == "jan-2024-true"


@pytest.mark.parametrize(
    ("content", "message", "line"),
    [
        ("[1]", "parameters are a mapping", None),
        ("a: 1\nb: [1]", "parameter 'b' is a list or mapping", 2),
        ("a:\n", "parameter 'a' is null", 1),
    ],
)
def test_files_that_hold_no_parameters(
    tmp_path: Path, content: str, message: str, line: int | None
) -> None:
    """Only names and values have a meaning."""
    path = tmp_path / "p.yml"
    path.write_text(content)

    with pytest.raises(TemplateError) as caught:
        params_from_file(path)

    assert [(each.message, each.line) for each in caught.value.problems] == [(message, line)]


def test_json_documents_may_name_their_schema() -> None:
    """At the top only, and nothing becomes of it."""
    stages = '"stages": [[{"name": "one", "query": "SELECT 1 AS a"}]]'
    text = f'{{"$schema": "pipeline.schema.json", {stages}}}'
    pipeline = read(text, format="json", strict=True)
    assert not pipeline.warnings
    inside = text.replace('"query"', '"$schema": "x", "query"')
    [problem] = problems_of(inside, format="json", strict=True)
    assert "unknown key '$schema'" in problem.message
