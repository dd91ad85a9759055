"""`aqueducts attach`: watch a run on an executor."""

from __future__ import annotations

from typing import Any

import click

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console
from aqueducts.cli.executor_options import executor_options, take_executor
from aqueducts.cli.exit_codes import EXIT_CODES_HELP
from aqueducts.cli.report_options import report_options

__all__ = ["command"]


@click.command(
    cls=AqueductsCommand,
    name="attach",
    short_help="Watch a run on an executor until it has ended.",
    epilog=EXIT_CODES_HELP,
)
@click.argument("execution_id", metavar="ID")
@executor_options(is_required=True)
@report_options
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Watch the run ID from its beginning until it has ended, and end as it did.

    Ctrl-C ends the watching and leaves the run alone.
    """
    console = ctx.ensure_object(Console)
    console.log_format = given.pop("log_format")
    executor = take_executor(given)

    from aqueducts.cli.watching import watch  # imports the models

    if executor is not None:  # it is required, but may be empty
        ctx.exit(watch(given.pop("execution_id"), executor, console, **given))
    raise click.UsageError("Missing option '--executor'.")
