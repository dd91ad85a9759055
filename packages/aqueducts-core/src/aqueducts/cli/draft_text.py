"""Drafts of pipelines as YAML, TOML and JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import yaml

from aqueducts.cli.draft import Draft
from aqueducts.sampling import Column

__all__ = ["draft_as_text"]

_WIDTH = 100

_SOURCE = "Each source is a table in SQL. Paths begin at the folder where the command is run."
_DECLARED = (
    "Columns and their types as they are in what was looked at. A later value that does not fit "
    "ends the run with an error; then make the column a string. A column that is removed here is "
    "not read."
)
_FOUND = {
    "json": "The columns that were found. Not declared, so that no later key is lost; types come "
    "from reading all rows once more.",
    "parquet": "The columns, as they are in the files.",
}
_PARTITIONS = "Columns whose values are in the names of folders, in their order."
_STAGE = (
    "A query over the table. Filter, join, compute here; a stage is a table for those after it."
)
_SHOW = "Prints up to that many rows."
_DESTINATION = (
    "What the last stage gives. A file that is there is replaced once the new one is whole."
)


def draft_as_text(draft: Draft, document_format: Literal["yaml", "json", "toml"]) -> str:
    """The text of a pipeline file."""
    match document_format:
        case "yaml":
            return _as_yaml(draft)
        case "toml":
            return _as_toml(draft)
        case "json":
            return json.dumps(_document(draft), indent=2, ensure_ascii=False) + "\n"


def _document(draft: Draft) -> dict[str, Any]:
    options = draft.options
    if draft.declared:
        options["schema"] = [_field(each) for each in draft.declared]
    source: dict[str, Any] = {
        "type": draft.source_type,
        "name": draft.name,
        "location": draft.location,
        "format": {"type": draft.finding.table.format, "options": options},
    }
    if not options:
        del source["format"]["options"]
    if draft.finding.partitions:
        source["partition_columns"] = [_field(each) for each in draft.finding.partitions]
    return {
        "version": "v2",
        "sources": [source],
        "stages": [[{"name": draft.stage, "query": draft.query, "show": 10}]],
        "destination": {
            "type": "file",
            "name": draft.name,
            "location": draft.target,
            "format": {"type": "parquet"},
        },
    }


def _field(column: Column) -> dict[str, str]:
    return {"name": column.name, "data_type": column.data_type}


def _comment(text: str, indent: str = "") -> str:
    """Lines of a comment. What comes from files is on one line each, and printable."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    prefix = f"{indent}# "
    return "".join(
        f"{line}\n"
        for line in textwrap.wrap(
            plain, _WIDTH, initial_indent=prefix, subsequent_indent=prefix, break_on_hyphens=False
        )
    )


def _head(draft: Draft, schema_line: str) -> str:
    lines = "".join(_comment(f"- {note}").replace("\n# ", "\n#   ") for note in draft.notes)
    return f"{schema_line}\n#\n# Found by aqueducts init:\n#\n{lines}\n"


def _reason(column: Column) -> str:
    """Behind a column, why it is read like this."""
    return f"  # {column.reason}" if column.reason else ""


# --- YAML ---


def _as_yaml(draft: Draft) -> str:
    table, partitions = draft.finding.table, draft.finding.partitions
    text = _head(draft, "# yaml-language-server: $schema=pipeline.schema.json")
    text += "version: v2\n\n" + _comment(_SOURCE) + "sources:\n"
    text += f"  - type: {draft.source_type}\n"
    text += f"    name: {_yaml(draft.name)}\n"
    text += f"    location: {_yaml(draft.location)}\n"
    text += f"    format:\n      type: {table.format}\n"
    if draft.options or draft.declared:
        text += "      options:\n"
    for name, value in draft.options.items():
        text += f"        {name}: {_yaml(value)}\n"
    if draft.declared:
        text += _comment(_DECLARED, " " * 8) + "        schema:\n"
        text += "".join(_yaml_column(each, " " * 10 + "- ") for each in draft.declared)
    elif table.format in _FOUND:
        text += _comment(_FOUND[table.format], " " * 6)
        text += "".join(_yaml_column(each, " " * 6 + "#   ") for each in table.columns)
    if partitions:
        text += _comment(_PARTITIONS, " " * 4) + "    partition_columns:\n"
        text += "".join(_yaml_column(each, " " * 6 + "- ") for each in partitions)
    text += "\n" + _comment(_STAGE) + f"stages:\n  - - name: {_yaml(draft.stage)}\n"
    text += "      query: |\n" + textwrap.indent(draft.query, " " * 8)
    text += _comment(_SHOW, " " * 6) + "      show: 10\n\n" + _comment(_DESTINATION)
    text += f"destination:\n  type: file\n  name: {_yaml(draft.name)}\n"
    return text + f"  location: {_yaml(draft.target)}\n  format:\n    type: parquet\n"


def _yaml_column(column: Column, indent: str) -> str:
    return f"{indent}{_yaml(_field(column))}{_reason(column)}\n"


def _yaml(value: object) -> str:
    """A value on one line."""
    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=float("inf")
    )
    return text.removesuffix("\n").removesuffix("\n...")


# --- TOML ---


def _as_toml(draft: Draft) -> str:
    table, partitions = draft.finding.table, draft.finding.partitions
    text = _head(draft, "#:schema pipeline.schema.json")
    text += 'version = "v2"\n\n' + _comment(_STAGE) + _comment(f"show: {_SHOW}")
    query = draft.query.replace("\\", "\\\\").replace('"""', '""\\"')
    text += (
        f'stages = [[{{ name = {_toml(draft.stage)}, show = 10, query = """\n{query}""" }}]]\n\n'
    )
    text += _comment(_SOURCE) + "[[sources]]\n"
    text += _toml_pairs(type=draft.source_type, name=draft.name, location=draft.location)
    if partitions:
        text += _comment(_PARTITIONS) + _toml_columns("partition_columns", partitions)
    text += f"\n[sources.format]\ntype = {_toml(table.format)}\n"
    if table.format in _FOUND and not draft.declared:
        text += _comment(_FOUND[table.format])
        text += "".join(f"#   {_toml_column(each)}{_reason(each)}\n" for each in table.columns)
    if draft.options or draft.declared:
        text += "\n[sources.format.options]\n" + _toml_pairs(**draft.options)
    if draft.declared:
        text += _comment(_DECLARED) + _toml_columns("schema", draft.declared)
    text += "\n" + _comment(_DESTINATION) + "[destination]\n"
    text += _toml_pairs(type="file", name=draft.name, location=draft.target)
    return text + '\n[destination.format]\ntype = "parquet"\n'


def _toml_pairs(**values: object) -> str:
    return "".join(f"{name} = {_toml(value)}\n" for name, value in values.items())


def _toml_columns(name: str, columns: Sequence[Column]) -> str:
    lines = "".join(f"    {_toml_column(each)},{_reason(each)}\n" for each in columns)
    return f"{name} = [\n{lines}]\n"


def _toml_column(column: Column) -> str:
    fields: Mapping[str, str] = _field(column)
    return "{ " + ", ".join(f"{key} = {_toml(value)}" for key, value in fields.items()) + " }"


def _toml(value: object) -> str:
    """A string, number, truth value or list of strings; JSON's spelling of them is TOML's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
