"""`aqueducts check`: tell what is wrong with a pipeline file, without running it."""

from __future__ import annotations

from typing import Any, cast

import click

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console
from aqueducts.cli.pipeline_options import PipelineOptions, pipeline_options

__all__ = ["command"]


@click.command(
    cls=AqueductsCommand, name="check", short_help="Tell what is wrong with a pipeline file."
)
@pipeline_options
@click.option(
    "--output",
    type=click.Choice(["human", "json", "github", "sarif"]),
    default="human",
    show_default=True,
    envvar="AQUEDUCTS_OUTPUT",
    show_envvar=True,
    help="Text for people, a JSON list, GitHub annotations or SARIF on standard output.",
)
@click.option(
    "--connect",
    "is_connecting",
    is_flag=True,
    envvar="AQUEDUCTS_CONNECT",
    show_envvar=True,
    help="Also open the sources, plan the queries and ask the destination; no data is moved.",
)
@click.pass_context
def command(ctx: click.Context, /, output: str, is_connecting: bool, **given: Any) -> None:
    """Check the pipeline in FILE (- for standard input) without running it.

    Names, references, keys, values, parameters and the syntax of queries are checked; no source is
    opened unless --connect is given. The exit code is 2 where the pipeline is wrong, and 69 where
    only sources or the destination cannot be reached.
    """
    console = ctx.ensure_object(Console)
    file = PipelineOptions.take(given)

    from aqueducts.cli.checking import Form, check_as_data, check_as_text  # imports the models

    if output == "human":
        check_as_text(file, console, is_connecting=is_connecting)
    else:
        form = cast("Form", output)
        ctx.exit(check_as_data(file, console, form, is_connecting=is_connecting))
