"""The JSON Schema of pipeline files accepts what loading accepts."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.load import json_schema, load_text
from aqueducts.plugins import Plugins

PLUGINS = Plugins.of(builtin=builtin_plugin)
SCHEMA = json_schema(PLUGINS)

_VALID = {
    "nothing": "{}",
    "old names": """
sources:
  - type: Directory
    name: a
    file_type: {type: Csv, options: {schema: [{name: x, type: long, metadata: {}}]}}
    location: x/
    storage_options: {key: value}
    partition_cols: [[day, date], {name: hour, data_type: int}]
  - {type: memory, name: b}
stages: [[{name: s, query: select 1, show: 0, materialize: never}]]
destination:
  type: File
  name: b
  file_type: {type: Parquet, options: {compression: zstd(3), "compression::x": snappy}}
  location: y
  partition_cols: [day]
""",
    "parameters": """
params: {n: {default: 3, choices: [1, 3], description: rows}, on: null, t: {default: file}}
version: ${v}
sources:
  - {type: "${t}", name: a, location: x, format: {type: "${f}"}}
stages: [[{name: s, query: select 1, show: "${n}", explain: "${on}", materialize: "${m}"}]]
""",
    "short forms": """
sources:
  - {type: csv, name: a, options: {path: x.csv, has_header: false}}
  - {type: Json, name: b, options: {path: x/}}
destination: {type: parquet, options: {path: x.parquet, mode: overwrite, compression: snappy}}
""",
    "no options": """
sources: [{type: file, name: a, location: x, format: {type: csv, options: null}}]
destination: null
""",
}

_PARAMS = {"v": "v2", "f": "csv", "on": "true", "m": "auto"}


def errors_of(data: Any) -> list[str]:
    """Return what the schema says against a document."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    found = jsonschema.Draft202012Validator(SCHEMA).iter_errors(data)
    return [f"{each.json_path}: {each.message}" for each in found]


@pytest.mark.parametrize("text", _VALID.values(), ids=_VALID)
def test_valid_files_are_accepted(text: str) -> None:
    """Both by loading and by the schema."""
    params = {name: value for name, value in _PARAMS.items() if f"${{{name}}}" in text}

    assert not load_text(text, plugins=PLUGINS, params=params).warnings
    assert errors_of(yaml.safe_load(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "stags: []",
        "sources: [{type: fil, name: a}]",
        "sources: [{type: file, name: a, format: {type: csv}}]",
        "sources: [{type: file, name: a, location: x}]",
        "sources: [{type: file, name: a, location: x, format: {type: csv, optins: {}}}]",
        "stages: [{name: s}]",
        "stages: [[{name: s, query: select 1, show: abc}]]",
        "stages: [[{name: s, query: select 1, show: -1}]]",
        "stages: [[{name: s, query: select 1, show: '${a}${b}'}]]",
        "destination: {type: csv, options: {path: x, mode: append}}",
        "sources: [{type: csv, name: a, options: {}}]",
    ],
)
def test_wrong_files_are_refused(text: str) -> None:
    """An editor underlines them."""
    assert errors_of(yaml.safe_load(text))


def test_the_schema_names_itself_and_describes_its_fields() -> None:
    """Editors show both."""
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["title"] == "Aqueducts pipeline"
    assert set(SCHEMA["properties"]) == {
        *("$schema", "version", "params", "sources", "stages", "destination")
    }
    stage = SCHEMA["$defs"]["Stage"]["properties"]
    assert stage["show"]["description"].startswith("Print up to this many rows")
    assert all("description" in field for field in stage.values())


def test_the_schema_is_the_same_each_time() -> None:
    """It is kept in repositories."""
    assert json_schema(PLUGINS) == SCHEMA
