"""`aqueducts run`: run a pipeline file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console
from aqueducts.cli.exit_codes import EXIT_CODES_HELP
from aqueducts.cli.pipeline_options import PipelineOptions, pipeline_options
from aqueducts.cli.resource_options import resource_options

if TYPE_CHECKING:
    from aqueducts.cli.memory_guard import Attempt

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

    limit_bytes, attempt = _guarded(given.pop("max_memory_bytes"), pipeline, console)

    from aqueducts.cli.running import RunOptions, run_pipeline  # imports the models

    run_pipeline(pipeline, RunOptions(max_memory_bytes=limit_bytes, **given), console, attempt)


def _guarded(
    max_memory_bytes: int | None, pipeline: PipelineOptions, console: Console
) -> tuple[int | None, Attempt | None]:
    """The limit, that of the container where none was asked for, and the attempt within it."""
    from aqueducts.cli.memory_limit import limit_for

    limit_bytes = limit_for(max_memory_bytes)
    if limit_bytes is None:
        return None, None
    from aqueducts.cli.memory_guard import can_guard, stand_guard  # for limits only

    if not (console.owns_process and can_guard()):
        return limit_bytes, None
    return limit_bytes, stand_guard(limit_bytes, reads_stdin=pipeline.file == "-")
