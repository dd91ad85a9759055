"""`aqueducts schema`: the JSON Schema of pipeline files."""

from __future__ import annotations

from typing import Any

import click

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console

__all__ = ["command"]


@click.command(
    cls=AqueductsCommand, name="schema", short_help="Print the JSON Schema of pipeline files."
)
@click.option(
    "--tests",
    "is_of_tests",
    is_flag=True,
    envvar="AQUEDUCTS_SCHEMA_TESTS",
    show_envvar=True,
    help="Print the schema of files of tests instead.",
)
@click.pass_context
def command(ctx: click.Context, *, is_of_tests: bool) -> None:
    """Print the JSON Schema of pipeline files, for editors.

    It covers what the installed plugins add.
    """
    import json

    schema = _schema_of_tests() if is_of_tests else _schema_of_pipelines()
    ctx.ensure_object(Console).write_result(json.dumps(schema, indent=2))


def _schema_of_pipelines() -> dict[str, Any]:
    from aqueducts.load import json_schema  # imports the models
    from aqueducts.plugins import Plugins

    return json_schema(Plugins.discover())


def _schema_of_tests() -> dict[str, Any]:
    from aqueducts.pipeline_tests.editor_schema import json_schema

    return json_schema()
