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
@click.option(
    "--plugin",
    metavar="NAME",
    envvar="AQUEDUCTS_PLUGIN",
    show_envvar=True,
    help="Write a distribution with a plugin of this name instead of a pipeline.",
)
@click.option(
    "--kind",
    "kinds",
    metavar="KIND,...",
    envvar="AQUEDUCTS_KIND",
    show_envvar=True,
    help="What the plugin offers: source, destination, format, store, secret, function, command, "
    "doctor, listener. Default: source.",
)
@click.pass_context
def command(
    ctx: click.Context,
    name: Path | None,
    location: str | None,
    document_format: Literal["yaml", "json", "toml"],
    plugin: str | None,
    kinds: str | None,
) -> None:
    """Write a pipeline with comments, ready to run, into the folder NAME.

    It reads sample data that comes with it or, with --from, files that are there: their format,
    columns and types are found by looking at some of their rows. Without NAME all is written into
    the working directory. With --plugin it is a distribution with a plugin that passes its tests,
    in a folder of its own. Nothing is ever overwritten.
    """
    # Not resolved: what is shown and written should look like what was typed.
    folder = Path(os.path.normpath(name)) if name is not None else Path()
    console = ctx.ensure_object(Console)
    if plugin is not None:
        _start_plugin(ctx, plugin, kinds or "source", name)
    elif kinds is not None:
        raise click.UsageError("--kind says what a plugin offers: add --plugin NAME")
    elif location is None:
        from aqueducts.cli.starting import start_project  # imports the models

        start_project(folder, document_format, console)
    else:
        from aqueducts.cli.inferring import start_from_files  # the same

        start_from_files(location, folder, document_format, console)


def _start_plugin(ctx: click.Context, plugin: str, kinds: str, folder: Path | None) -> None:
    if ctx.params["location"] is not None:
        raise click.UsageError("--plugin writes a distribution, --from a pipeline: use one of them")
    from aqueducts.cli.plugin_starting import KINDS, start_plugin  # imports the models

    chosen = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    unknown = [kind for kind in chosen if kind not in KINDS]
    if unknown or not chosen:
        what = f"{unknown[0]!r} is no kind" if unknown else "--kind names nothing"
        raise click.UsageError(f"{what}; there are {', '.join(KINDS)}")
    start_plugin(plugin, chosen, folder, ctx.ensure_object(Console))
