"""The `aqueducts` command: one module per subcommand, each imported when it is asked for.

Nothing heavy is imported at the top of these modules: `--help`, `--version` and completion answer
without the engine, the models and the plugins.
"""

from __future__ import annotations

__all__ = ["main"]


_PATIENCE_SECONDS = 0.5


def main() -> None:
    """Run the command with the arguments of the process, and leave with its exit code."""
    from aqueducts.cli.group import cli

    try:
        cli(prog_name="aqueducts")
    except SystemExit as ending:
        _leave_busy_threads(ending.code if isinstance(ending.code, int) else 0)
        raise


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
