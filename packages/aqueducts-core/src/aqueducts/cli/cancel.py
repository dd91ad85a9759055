"""`aqueducts cancel`: stop a run on an executor."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console
from aqueducts.cli.executor_options import executor_options, take_executor
from aqueducts.cli.exit_codes import EXIT_CODES_HELP, ExitCode

__all__ = ["command"]


@click.command(
    cls=AqueductsCommand,
    name="cancel",
    short_help="Stop a run on an executor.",
    epilog=EXIT_CODES_HELP,
)
@click.argument("execution_id", metavar="[ID]", required=False)
@click.option(
    "--execution-id",
    "id_option",
    metavar="ID",
    envvar="AQUEDUCTS_EXECUTION_ID",
    show_envvar=True,
    help="The same as the argument.",
)
@executor_options(is_required=True)
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Stop the run ID, or the one that is under way, and wait until it has ended.

    A run that waits in the queue is taken out of it. The exit code is 1 where there was nothing to
    stop.
    """
    argument, option = given.pop("execution_id"), given.pop("id_option")
    is_option_given = ctx.get_parameter_source("id_option") is ParameterSource.COMMANDLINE
    if argument is not None and is_option_given:
        raise click.UsageError(f"Two runs were given: {argument} and {option}.")
    executor = take_executor(given)
    if executor is None:
        raise click.UsageError("Missing option '--executor'.")

    import asyncio

    answer = asyncio.run(executor.cancel(argument or option))
    console = ctx.ensure_object(Console)
    if answer.status != "cancelled":
        console.tell(answer.message)
        ctx.exit(ExitCode.RUN_FAILED)
    if not console.is_quiet:
        console.tell(f"cancelled {answer.cancelled_execution_id}")
