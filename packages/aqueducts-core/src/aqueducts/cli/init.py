"""`aqueducts init`: begin a pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console

__all__ = ["command"]


@click.command(cls=AqueductsCommand, name="init", short_help="Begin a pipeline in a folder.")
@click.argument("name", required=False, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "document_format",
    type=click.Choice(["yaml", "json", "toml"]),
    default="yaml",
    show_default=True,
    envvar="AQUEDUCTS_FORMAT",
    show_envvar=True,
    help="Format of the pipeline file.",
)
@click.pass_context
def command(
    ctx: click.Context, name: Path | None, document_format: Literal["yaml", "json", "toml"]
) -> None:
    """Write a pipeline with comments, sample data and a test, ready to run, into the folder NAME.

    Without NAME they are written into the working directory. Nothing is ever overwritten.
    """
    folder = name if name is not None else Path()

    from aqueducts.cli.starting import start_project  # imports the models

    start_project(folder, document_format, ctx.ensure_object(Console))
