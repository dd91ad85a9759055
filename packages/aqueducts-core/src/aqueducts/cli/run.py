"""`aqueducts run`: run a pipeline file."""

from __future__ import annotations

from typing import Any

import click

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console
from aqueducts.cli.exit_codes import EXIT_CODES_HELP
from aqueducts.cli.option_types import MEMORY
from aqueducts.cli.pipeline_options import PipelineOptions, pipeline_options

__all__ = ["command"]


@click.command(
    cls=AqueductsCommand,
    name="run",
    short_help="Run a pipeline file and write its result.",
    epilog=EXIT_CODES_HELP,
)
@pipeline_options
@click.option(
    "--max-memory",
    "max_memory_bytes",
    type=MEMORY,
    envvar="AQUEDUCTS_MAX_MEMORY",
    show_envvar=True,
    help="Memory the process should stay under: 512MB, 1.5GiB; a plain number counts GB.",
)
@click.option(
    "--spill-dir",
    type=click.Path(file_okay=False),
    envvar="AQUEDUCTS_SPILL_DIR",
    show_envvar=True,
    help="Folder for temporary files; each run removes its own.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    envvar="AQUEDUCTS_THREADS",
    show_envvar=True,
    help="Threads of the engine.",
)
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

    from aqueducts.cli.running import RunOptions, run_pipeline  # imports the models

    run_pipeline(pipeline, RunOptions(**given), console)
