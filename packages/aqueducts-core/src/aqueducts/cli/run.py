"""`aqueducts run`: run a pipeline file."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console
from aqueducts.cli.executor_options import executor_options, take_executor
from aqueducts.cli.exit_codes import EXIT_CODES_HELP
from aqueducts.cli.pipeline_options import PipelineOptions, pipeline_options
from aqueducts.cli.report_options import report_options
from aqueducts.cli.resource_options import Resources, resource_options

__all__ = ["command"]

_LOCAL_OPTIONS = {
    "max_memory_bytes": "--max-memory",
    "spill_dir": "--spill-dir",
    "threads": "--threads",
}


@click.command(
    cls=AqueductsCommand,
    name="run",
    short_help="Run a pipeline file and write its result.",
    epilog=EXIT_CODES_HELP,
)
@pipeline_options
@resource_options
@report_options
@executor_options(is_required=False)
@click.option(
    "--detach",
    is_flag=True,
    envvar="AQUEDUCTS_DETACH",
    show_envvar=True,
    help="With --executor: print the run's id and leave; see aqueducts attach.",
)
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Run the pipeline in FILE (- for standard input) and write its result.

    Tables and plans that stages show go to standard output, everything else to standard error.
    """
    console = ctx.ensure_object(Console)
    console.log_format = given.pop("log_format")
    pipeline = PipelineOptions.take(given)
    executor = take_executor(given)
    is_detached = given.pop("detach")
    if executor is not None:
        _refuse_local_options(ctx)
        from aqueducts.cli.running_elsewhere import RemoteOptions, run_elsewhere, submit

        if is_detached:
            submit(pipeline, executor, console)
            return
        options = RemoteOptions(output=given["output"], no_progress=given["no_progress"])
        run_elsewhere(pipeline, executor, options, console)
        return
    if is_detached and ctx.get_parameter_source("detach") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--detach is for runs on an executor; give --executor as well.")

    resources = Resources.take(given, console, reads_stdin=pipeline.reads_stdin)

    from aqueducts.cli.running import RunOptions, run_pipeline  # imports the models

    run_pipeline(pipeline, RunOptions(**given), resources, console)


def _refuse_local_options(ctx: click.Context) -> None:
    """Those of the environment may be meant for other runs; on the command line they are not."""
    for name, option in _LOCAL_OPTIONS.items():
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{option} does not reach an executor, which has limits of its own."
            )
