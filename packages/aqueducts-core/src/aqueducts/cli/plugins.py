"""`aqueducts plugins`: what is installed, what it offers, and what is broken."""

from __future__ import annotations

import click

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console

__all__ = ["command"]


@click.command(cls=AqueductsCommand, name="plugins", short_help="List the installed plugins.")
@click.option(
    "--output",
    type=click.Choice(["human", "json"]),
    default="human",
    show_default=True,
    envvar="AQUEDUCTS_OUTPUT",
    show_envvar=True,
    help="A table for people, or a JSON list.",
)
@click.pass_context
def command(ctx: click.Context, output: str) -> None:
    """List the installed plugins: what they offer, how long they take to load, what is broken.

    The exit code is 1 where a plugin is broken or two plugins claim one name.
    """
    from aqueducts.cli.plugin_list import list_plugins  # imports the models

    if not list_plugins(ctx.ensure_object(Console), as_json=output == "json"):
        ctx.exit(1)
