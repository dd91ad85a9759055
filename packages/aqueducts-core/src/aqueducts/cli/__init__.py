"""The `aqueducts` command: one module per subcommand, each imported when it is asked for.

Nothing heavy is imported at the top of these modules: `--help`, `--version` and completion answer
without the engine, the models and the plugins.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys

__all__ = ["main"]


_PATIENCE_SECONDS = 0.5

_OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""Imported modules and models stay; looking through them every 700 objects takes longer than
loading a pipeline."""


def main() -> None:
    """Run the command with the arguments of the process, and leave with its exit code."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)

    from aqueducts.cli.console import Console
    from aqueducts.cli.group import cli

    console = Console()
    console.owns_process = True
    try:
        cli(prog_name="aqueducts", obj=console)
    except SystemExit as ending:
        if ending.code is None or isinstance(ending.code, int):
            _end(ending.code or 0)
        raise


def _end(code: int) -> None:
    """End the process without taking its memory apart, which takes longer than `--version`."""
    _leave_busy_threads(code)
    atexit._run_exitfuncs()  # noqa: SLF001 - there is no other way to what is registered
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return  # closed or broken: the interpreter knows what to say of it
    os._exit(code)


def _leave_busy_threads(code: int) -> None:
    """End the process where threads of a failed run are still in native code.

    The interpreter would wait for them, for as long as their queries take.
    """
    import threading
    import time

    deadline = time.monotonic() + _PATIENCE_SECONDS
    for thread in threading.enumerate():
        if thread is threading.current_thread() or thread.daemon:
            continue
        thread.join(max(deadline - time.monotonic(), 0))
        if thread.is_alive():
            from aqueducts.cli.interrupts import leave

            leave(code)
