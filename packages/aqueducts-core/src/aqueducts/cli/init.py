"""`aqueducts init`: begin a pipeline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import click

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console

__all__ = ["command"]


@click.command(cls=AqueductsCommand, name="init", short_help="Begin a pipeline in a folder.")
@click.argument("name", required=False, type=click.Path(path_type=Path))
@click.option(
    "--from",
    "location",
    type=click.Path(),
    metavar="PATH",
    envvar="AQUEDUCTS_FROM",
    show_envvar=True,
    help="A file, folder or glob to write the pipeline for: CSV, JSON or Parquet.",
)
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
    ctx: click.Context,
    name: Path | None,
    location: str | None,
    document_format: Literal["yaml", "json", "toml"],
) -> None:
    """Write a pipeline with comments, ready to run, into the folder NAME.

    It reads sample data that comes with it or, with --from, files that are there: their format,
    columns and types are found by looking at some of their rows. Without NAME all is written into
    the working directory. Nothing is ever overwritten.
    """
    # Not resolved: what is shown and written should look like what was typed.
    folder = Path(os.path.normpath(name)) if name is not None else Path()
    console = ctx.ensure_object(Console)
    if location is None:
        from aqueducts.cli.starting import start_project  # imports the models

        start_project(folder, document_format, console)
    else:
        from aqueducts.cli.inferring import start_from_files  # the same

        start_from_files(location, folder, document_format, console)
