"""`aqueducts plan`: what a run would do, without doing it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console
from aqueducts.cli.exit_codes import EXIT_CODES_HELP
from aqueducts.cli.pipeline_options import PipelineOptions, pipeline_options
from aqueducts.cli.resource_options import Resources, resource_options

__all__ = ["command"]

_ENDINGS = {".json": "json", ".mmd": "mermaid", ".mermaid": "mermaid", ".svg": "svg"}


@click.command(
    cls=AqueductsCommand,
    name="plan",
    short_help="Tell what a run would read, hold in memory and replace.",
    epilog=EXIT_CODES_HELP,
)
@pipeline_options
@resource_options
@click.option(
    "--output",
    type=click.Choice(["human", "json", "mermaid", "svg"]),
    default="human",
    show_default=True,
    envvar="AQUEDUCTS_OUTPUT",
    show_envvar=True,
    help="Text for people, one JSON object, or a picture of the graph.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="AQUEDUCTS_OUT",
    show_envvar=True,
    help="Write to this file; .svg, .mmd and .json choose the output.",
)
@click.option(
    "--detailed-exitcode",
    "is_detailed",
    is_flag=True,
    envvar="AQUEDUCTS_DETAILED_EXITCODE",
    show_envvar=True,
    help="Exit with 3 where the target is missing, has other columns, or is not newer than all it "
    "is made from, or where that cannot be told; with 0 where there is nothing to do.",
)
@click.pass_context
def command(ctx: click.Context, /, is_detailed: bool, **given: Any) -> None:
    """Tell what a run of the pipeline in FILE (- for standard input) would do.

    Sources are opened and every query is planned; no data is moved and nothing is written.
    """
    console = ctx.ensure_object(Console)
    pipeline = PipelineOptions.take(given)
    resources = Resources.take(given, console, reads_stdin=pipeline.reads_stdin, most_attempts=1)
    out = given["out"]
    if out is not None and ctx.get_parameter_source("output") is ParameterSource.DEFAULT:
        given["output"] = _ENDINGS.get(out.suffix.lower(), given["output"])

    from aqueducts.cli.plan_output import PlanOptions, show_plan  # imports the models

    exit_code = show_plan(pipeline, PlanOptions(**given), resources, console)
    ctx.exit(exit_code if is_detailed else 0)
