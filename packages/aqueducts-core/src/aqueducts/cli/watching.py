"""Listening to a run that began elsewhere, for `aqueducts attach`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aqueducts.cli.exit_codes import ExitCode
from aqueducts.cli.reporting import Output, Reporter, ReportOptions
from aqueducts.errors import AqueductsError

if TYPE_CHECKING:
    from aqueducts.cli.console import Console
    from aqueducts.remote import Executor

__all__ = ["watch"]


def watch(
    execution_id: str, executor: Executor, console: Console, *, output: Output, no_progress: bool
) -> ExitCode:
    """Show the run until it has ended. Raises what it failed with."""
    report = ReportOptions(output=output, has_progress=not no_progress, executor=executor.name)
    reporter = Reporter(console, report)
    try:
        reporter.completed(asyncio.run(executor.attach(execution_id, on_event=reporter)))
    except AqueductsError as error:
        reporter.failed(error)
        raise
    except KeyboardInterrupt:
        reporter.stop()
        console.tell(
            "no longer watching; the run goes on. To stop it: "
            f"aqueducts cancel {execution_id} --executor {executor.name}"
        )
        return ExitCode.INTERRUPTED
    finally:
        reporter.stop()
    return ExitCode.DONE
