"""`aqueducts schema`: the JSON Schema of pipeline files."""

from __future__ import annotations

import click

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console

__all__ = ["command"]


@click.command(
    cls=AqueductsCommand, name="schema", short_help="Print the JSON Schema of pipeline files."
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Print the JSON Schema of pipeline files, for editors.

    It covers what the installed plugins add.
    """
    import json

    from aqueducts.load import json_schema  # imports the models
    from aqueducts.plugins import Plugins

    schema = json_schema(Plugins.discover())
    ctx.ensure_object(Console).write_result(json.dumps(schema, indent=2))
