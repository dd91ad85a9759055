"""A first pipeline with its data, for `aqueducts init`."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Literal

from aqueducts.cli.console import Console
from aqueducts.cli.new_files import NewFile, tell_what_was_made, write_new_files
from aqueducts.load import json_schema
from aqueducts.plugins import Plugins

__all__ = ["SCHEMA_FILE", "pipeline_name", "shared_files", "start_project"]

DocumentFormat = Literal["yaml", "json", "toml"]

SCHEMA_FILE = "pipeline.schema.json"

_TESTS = "tests/pipeline_test.yml"

_ENDINGS = {"yaml": "yml", "json": "json", "toml": "toml"}


def start_project(folder: Path, document_format: DocumentFormat, console: Console) -> None:
    """Write a pipeline over sample data, and tell what to type next."""
    pipeline = pipeline_name(document_format)
    made = [
        NewFile(pipeline, _starter(pipeline), "two sources, two stages, a destination"),
        NewFile("data/orders.csv", _starter("data/orders.csv"), "sample data"),
        NewFile("data/customers.csv", _starter("data/customers.csv"), "sample data"),
        NewFile(_TESTS, _starter(_TESTS).replace("../pipeline.yml", f"../{pipeline}"), "two tests"),
        *shared_files(Plugins.discover()),
    ]
    written = write_new_files(folder, made)
    commands = [f"aqueducts check {pipeline}", "aqueducts test", f"aqueducts run {pipeline}"]
    tell_what_was_made(folder, made, written, commands, console)


def pipeline_name(document_format: DocumentFormat) -> str:
    """File name of a pipeline in that format."""
    return f"pipeline.{_ENDINGS[document_format]}"


def shared_files(plugins: Plugins) -> list[NewFile]:
    """What stands beside every pipeline; kept where it is there already."""
    schema = json.dumps(json_schema(plugins), indent=2) + "\n"
    return [
        NewFile(SCHEMA_FILE, schema, "for editors; renew: aqueducts schema", may_exist=True),
        NewFile(".gitignore", _starter("gitignore"), "leaves out what runs write", may_exist=True),
    ]


def _starter(name: str) -> str:
    return (files("aqueducts.cli") / "starter" / name).read_text(encoding="utf-8")
