"""Names, aliases and short forms: every way to write the same pipeline."""

from __future__ import annotations

from typing import Any

import pytest

from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.diagnostics import Problem
from aqueducts.errors import PipelineError
from aqueducts.load import load_text
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


@pytest.mark.parametrize(
    ("spelling", "canonical"),
    [
        ("in_memory", "in_memory"),
        ("memory", "in_memory"),
        ("InMemory", "in_memory"),
        ("file", "file"),
        ("File", "file"),
        ("directory", "directory"),
        ("dir", "directory"),
        ("Directory", "directory"),
    ],
)
def test_every_spelling_of_a_source_type(spelling: str, canonical: str) -> None:
    """Snake case, camel case and short names are the same type."""
    rest = "" if canonical == "in_memory" else ", location: a/, format: {type: csv}"

    pipeline = read(f"sources: [{{type: {spelling}, name: a{rest}}}]")

    assert pipeline.sources[0].type == canonical


@pytest.mark.parametrize(
    ("spelling", "canonical"),
    [
        *(("in_memory", "in_memory"), ("memory", "in_memory"), ("InMemory", "in_memory")),
        *(("file", "file"), ("File", "file")),
    ],
)
def test_every_spelling_of_a_destination_type(spelling: str, canonical: str) -> None:
    """As for sources."""
    rest = "" if canonical == "in_memory" else ", location: a, format: {type: csv}"

    pipeline = read(f"destination: {{type: {spelling}, name: a{rest}}}")

    assert pipeline.destination.type == canonical


@pytest.mark.parametrize("canonical", ["csv", "json", "parquet"])
@pytest.mark.parametrize("is_capital", [False, True])
def test_every_spelling_of_a_format(canonical: str, is_capital: bool) -> None:
    """In sources and destinations."""
    tag = canonical.title() if is_capital else canonical

    pipeline = read(
        f"sources: [{{type: file, name: a, location: x, format: {{type: {tag}}}}}]\n"
        f"destination: {{type: file, name: b, location: y, format: {{type: {tag}}}}}"
    )

    assert pipeline.sources[0].format.type == canonical
    assert pipeline.destination.format.type == canonical


_OLD_NAMES = """
sources:
  - type: Directory
    name: a
    file_type: {type: Csv, options: {schema: [{name: x, type: long}]}}
    location: x/
    storage_options: {key: value}
    partition_cols: [[day, date], {name: hour, data_type: int}]
destination:
  type: File
  name: b
  file_type: {type: Parquet, options: {compression: zstd(3)}}
  location: y
  storage_options: {key: value}
  partition_cols: [day]
"""


def test_old_field_names_mean_the_same() -> None:
    """Files with the old names and files with the new ones load equal."""
    new = (
        _OLD_NAMES.replace("file_type", "format")
        .replace("storage_options", "storage_config")
        .replace("partition_cols", "partition_columns")
        .replace("type: long", "data_type: int64")
    )

    pipeline = read(_OLD_NAMES)

    assert pipeline == read(new)
    assert not pipeline.warnings
    source = pipeline.sources[0]
    assert [str(each.data_type) for each in source.partition_columns] == ["date32", "int32"]
    assert source.storage_config["key"].get_secret_value() == "value"


def test_defaults_are_those_of_the_format() -> None:
    """What a file leaves out has the value that the format documents."""
    pipeline = read(
        "sources: [{type: file, name: a, location: x, format: {type: csv}}]\n"
        "stages: [[{name: s, query: select 1}]]\n"
        "destination: {type: file, name: b, location: y, format: {type: csv}}"
    )

    assert pipeline.document.version == "v2"
    options = pipeline.sources[0].format.options
    assert (options.has_header, options.delimiter, options.fields) == (True, ",", [])
    stage = pipeline.stages[0][0]
    assert (stage.show, stage.explain, stage.explain_analyze) == (None, False, False)
    assert (stage.print_schema, stage.materialize) == (False, "auto")
    destination = pipeline.destination
    assert destination.single_file
    assert destination.partition_columns == []
    assert destination.storage_config == {}


def test_null_options_are_no_options() -> None:
    """A key `options:` with nothing behind it."""
    pipeline = read("sources: [{type: file, name: a, location: x, format: {type: csv, options: }}]")

    assert pipeline.sources[0].format.options.delimiter == ","


# --- short forms ---


@pytest.mark.parametrize(
    ("short", "full"),
    [
        (
            "sources: [{type: csv, name: a, options: {path: x.csv, has_header: false}}]",
            (
                "sources: [{type: file, name: a, location: x.csv,"
                " format: {type: csv, options: {has_header: false}}}]"
            ),
        ),
        (
            "sources: [{type: Parquet, name: a, options: {path: x/}}]",
            "sources: [{type: directory, name: a, location: x/, format: {type: parquet}}]",
        ),
        (
            "destination: {type: json, options: {path: x.json, mode: overwrite}}",
            "destination: {type: file, name: output, location: x.json, format: {type: json}}",
        ),
        (
            "destination: {type: csv, name: n, options: {path: x/, delimiter: ';'}}",
            (
                "destination: {type: file, name: n, location: x/, single_file: false,"
                " format: {type: csv, options: {delimiter: ';'}}}"
            ),
        ),
    ],
)
def test_short_forms_mean_what_they_stand_for(short: str, full: str) -> None:
    """A file format as the type of a source or destination."""
    assert read(short) == read(full)


def test_a_short_form_without_a_path() -> None:
    """The message uses the names of the short form."""
    (problem,) = problems_of("sources:\n  - {type: csv, name: a, options: {}}")

    assert problem.message == "'path' is missing in source 'a'"
    assert place(problem) == (2, 26)


def test_a_problem_inside_a_short_form_is_at_its_place() -> None:
    """Paths lead back through the written-out form."""
    text = "sources:\n  - {type: csv, name: a, options: {path: x, delimiter: ;;, hdr: 1}}"

    wrong, unknown = problems_of(text)

    assert place(wrong) == (2, 56)
    assert unknown.message == "unknown key 'hdr' in options of source 'a'"
    assert place(unknown) == (2, 60)


def test_only_overwriting_is_possible_in_a_short_destination() -> None:
    """Files are replaced as a whole, so that `append` would lie."""
    (problem,) = problems_of("destination: {type: csv, options: {path: x, mode: append}}")

    assert problem.message.startswith("the mode 'append' is not possible here")
    assert place(problem) == (1, 51)
