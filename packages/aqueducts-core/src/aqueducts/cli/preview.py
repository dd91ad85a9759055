"""`aqueducts preview`: the first rows of a stage or source."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console
from aqueducts.cli.exit_codes import EXIT_CODES_HELP
from aqueducts.cli.pipeline_options import PipelineOptions, pipeline_options
from aqueducts.cli.resource_options import Resources, resource_options
from aqueducts.cli.stage_names import STAGE_NAME

__all__ = ["command"]


@click.command(
    cls=AqueductsCommand,
    name="preview",
    short_help="Show the first rows of a stage or source.",
    epilog=EXIT_CODES_HELP,
)
@pipeline_options
@click.argument("stage", type=STAGE_NAME, required=False)
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    envvar="AQUEDUCTS_LIMIT",
    show_envvar=True,
    help="Rows to show; 0 shows the columns alone.",
)
@resource_options
@click.option(
    "--output",
    type=click.Choice(["human", "json", "csv", "arrow"]),
    default="human",
    show_default=True,
    envvar="AQUEDUCTS_OUTPUT",
    show_envvar=True,
    help="A table, one JSON object, CSV with a header, or an Arrow IPC stream.",
)
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Show the first rows of STAGE, which may be a source as well; the last stage by default.

    Only what STAGE needs is opened and run, and nothing is written.
    """
    console = ctx.ensure_object(Console)
    is_named = ctx.get_parameter_source("file_option") is ParameterSource.COMMANDLINE
    if is_named and given["stage"] is None:
        given["stage"], given["file"] = given["file"], None
    pipeline = PipelineOptions.take(given)
    resources = Resources.take(given, console, reads_stdin=pipeline.reads_stdin)

    from aqueducts.cli.previewing import PreviewOptions, show_preview  # imports the models

    show_preview(pipeline, PreviewOptions(**given), resources, console)
