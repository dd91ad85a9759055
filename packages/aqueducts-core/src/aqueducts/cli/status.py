"""`aqueducts status`: what an executor is doing, or how a run on it stands."""

from __future__ import annotations

from typing import Any

import click

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console
from aqueducts.cli.executor_options import executor_options, take_executor
from aqueducts.cli.exit_codes import EXIT_CODES_HELP

__all__ = ["command"]


@click.command(
    cls=AqueductsCommand,
    name="status",
    short_help="Tell what an executor is doing.",
    epilog=EXIT_CODES_HELP,
)
@click.argument("execution_id", metavar="[ID]", required=False)
@executor_options(is_required=True)
@click.option(
    "--output",
    type=click.Choice(["human", "json"]),
    default="human",
    show_default=True,
    envvar="AQUEDUCTS_OUTPUT",
    show_envvar=True,
    help="Lines for people, or one JSON object.",
)
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Tell what an executor is doing, or how the run ID stands."""
    executor = take_executor(given)
    if executor is None:
        raise click.UsageError("Missing option '--executor'.")

    from aqueducts.cli.standing import tell_run, tell_status

    console = ctx.ensure_object(Console)
    as_json = given["output"] == "json"
    if given["execution_id"] is None:
        tell_status(executor, console, as_json=as_json)
    else:
        tell_run(given["execution_id"], executor, console, as_json=as_json)
