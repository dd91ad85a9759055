"""`aqueducts run`: run a pipeline file."""

from __future__ import annotations

from typing import Any

import click

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console
from aqueducts.cli.exit_codes import EXIT_CODES_HELP
from aqueducts.cli.pipeline_options import PipelineOptions, pipeline_options
from aqueducts.cli.resource_options import Resources, resource_options

__all__ = ["command"]


@click.command(
    cls=AqueductsCommand,
    name="run",
    short_help="Run a pipeline file and write its result.",
    epilog=EXIT_CODES_HELP,
)
@pipeline_options
@resource_options
@click.option(
    "--output",
    type=click.Choice(["human", "json"]),
    default="human",
    show_default=True,
    envvar="AQUEDUCTS_OUTPUT",
    show_envvar=True,
    help="What standard output gets: tables, or the result as one JSON object.",
)
@click.option(
    "--log-format",
    type=click.Choice(["human", "json"]),
    default="human",
    show_default=True,
    envvar="AQUEDUCTS_LOG_FORMAT",
    show_envvar=True,
    help="What standard error gets: progress, or every event as a line of JSON.",
)
@click.option(
    "--no-progress",
    is_flag=True,
    envvar="AQUEDUCTS_NO_PROGRESS",
    show_envvar=True,
    help="Print plain lines instead of a live display.",
)
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Run the pipeline in FILE (- for standard input) and write its result.

    Tables and plans that stages show go to standard output, everything else to standard error.
    """
    console = ctx.ensure_object(Console)
    console.log_format = given.pop("log_format")
    pipeline = PipelineOptions.take(given)
    resources = Resources.take(given, console, reads_stdin=pipeline.reads_stdin)

    from aqueducts.cli.running import RunOptions, run_pipeline  # imports the models

    run_pipeline(pipeline, RunOptions(**given), resources, console)
