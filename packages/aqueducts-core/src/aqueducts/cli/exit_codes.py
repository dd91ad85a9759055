"""What the exit codes of the command mean."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["EXIT_CODES_HELP", "ExitCode"]


class ExitCode(IntEnum):
    """Exit codes of the `aqueducts` command."""

    DONE = 0
    RUN_FAILED = 1
    USAGE = 2
    CHANGES_PENDING = 3
    UNREACHABLE = 69
    BUSY = 75
    NOT_AUTHORISED = 77
    INTERRUPTED = 130
    TERMINATED = 143

    @property
    def meaning(self) -> str:
        """A few words for help texts and documents."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.RUN_FAILED: "the run failed",
    ExitCode.USAGE: "wrong usage or invalid pipeline",
    ExitCode.CHANGES_PENDING: "plan --detailed-exitcode: changes are pending",
    ExitCode.UNREACHABLE: "executor, source or destination unreachable",
    ExitCode.BUSY: "executor busy",
    ExitCode.NOT_AUTHORISED: "not authorised",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C)",
    ExitCode.TERMINATED: "terminated",
}

EXIT_CODES_HELP = "\b\nExit codes:\n" + "\n".join(
    f"  {code:>3}  {code.meaning}" for code in ExitCode
)
"""Epilog of the help texts; click leaves the lines of a block after `\\b` alone."""
