"""What drivers and their manager report, as errors that say what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aqueducts.errors import RunError
from aqueducts_odbc.diagnostics import diagnostic
from aqueducts_odbc.redaction import redacted
from aqueducts_odbc.remedies import remedy

if TYPE_CHECKING:
    from aqueducts_odbc.targets import Target
    from aqueducts_odbc.worker.process import CommandFailedError, ProcessLostError

__all__ = ["failure", "lost", "timed_out"]

_PANIC = re.compile(r"panicked at [^\n]*\n(?P<text>[^\n]*)")
_FATAL_SIGNALS = {
    "SIGSEGV": "crashed (SIGSEGV: it used memory that is not its own)",
    "SIGBUS": "crashed (SIGBUS: it used memory that is not there)",
    "SIGABRT": "ended itself (SIGABRT)",
    "SIGKILL": "was killed (SIGKILL), as the system does where memory runs out",
}


def failure(error: CommandFailedError, target: Target, what: str) -> RunError:
    """The error that tells of a failure of the driver; passwords are left out."""
    if error.is_missing_manager:
        return _not_loaded(str(error), target)
    found = diagnostic(redacted(str(error), target.secrets))
    text = " ".join(found.text.split()).rstrip(";").removeprefix("External error: ")
    state = "" if found.state is None else f" (SQLSTATE {found.state})"
    return target.kind(f"{what}: {text}{state}", hint=remedy(found, target))


def lost(error: ProcessLostError, target: Target, what: str) -> RunError:
    """The error that tells that the driver took its process down."""
    if error.is_given_up:
        return target.kind(f"{what}: the connection was given up, since the run was stopped")
    how = _FATAL_SIGNALS.get(error.signal_name or "")
    if how is None:
        how = (
            f"ended with status {error.status}"
            if error.signal_name is None
            else f"was ended by {error.signal_name}"
        )
    result = target.kind(
        f"{what}: its driver, {target.driver}, {how}",
        hint="the driver runs in a process of its own, so that nothing else was harmed; look for a "
        "newer version of the driver, or leave columns out of the query to find the one",
    )
    words = redacted(error.last_words, target.secrets)
    panic = _PANIC.search(words)
    result.note = (panic["text"] if panic else words.splitlines()[-1] if words else None) or None
    return result


def timed_out(target: Target, what: str, field: str | None, seconds: int | None) -> RunError:
    """The error where the driver says nothing for longer than it may."""
    return target.kind(
        f"{what}: no answer within {seconds} s",
        hint=None if field is None else f"give it more time with {field}, or look at the database",
    )


def _not_loaded(message: str, target: Target) -> RunError:
    """The error where arrow-odbc, or what it needs, cannot be loaded."""
    if "libodbc" in message:
        return target.kind(
            "the ODBC driver manager is not installed (libodbc.so.2)",
            hint="apt-get install unixodbc "
            + (target.profile.package or "and the driver of your database"),
        )
    return target.kind(
        f"arrow-odbc cannot be loaded: {message}", hint="install aqueducts-odbc again"
    )
