"""What drivers and their manager report, as errors that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aqueducts.errors import AqueductsError, RunError
from aqueducts_odbc.redaction import redacted

if TYPE_CHECKING:
    from aqueducts_odbc.targets import Target

__all__ = ["Diagnostic", "diagnostic", "failure", "reported"]

_STATE = re.compile(
    r"State: (?P<state>\w{5}), Native error: (?P<native>-?\d+), Message: (?P<text>.*)", re.DOTALL
)
_LAYERS = re.compile(r"^(\[[^\]]*\]\s*)+")


class Diagnostic:
    """What ODBC says of an error."""

    def __init__(self, state: str | None, native: int | None, text: str) -> None:
        self.state = state
        """SQLSTATE: five characters, the first two are its class."""
        self.native = native
        """The database's own number."""
        self.text = text


def diagnostic(message: str) -> Diagnostic:
    """Take apart what arrow-odbc says."""
    found = _STATE.search(message)
    if found is None:
        return Diagnostic(None, None, message.strip())
    text = _LAYERS.sub("", found["text"].strip())
    return Diagnostic(found["state"], int(found["native"]), text)


@contextmanager
def reported(target: Target, what: str) -> Iterator[None]:
    """Errors of the driver in here become the target's; `what` says what could not be done."""
    try:
        from arrow_odbc import Error
    except (ImportError, OSError) as error:
        raise no_driver_manager(error, target.kind) from error
    try:
        yield
    except AqueductsError:
        raise
    except Error as error:
        raise failure(str(error), target, what) from None


def failure(message: str, target: Target, what: str) -> RunError:
    """The error that tells of a failure of the driver; passwords are left out."""
    found = diagnostic(redacted(message, target.secrets))
    text = " ".join(found.text.split())
    state = "" if found.state is None else f" (SQLSTATE {found.state})"
    return target.kind(f"{what}: {text}{state}")


def no_driver_manager(error: Exception, kind: type[RunError]) -> RunError:
    """The error where arrow-odbc cannot be loaded."""
    if "libodbc" in str(error):
        return kind(
            "the ODBC driver manager is not installed (libodbc.so.2)",
            hint="apt-get install unixodbc, and the driver of your database: odbc-postgresql, "
            "odbc-mariadb, libsqliteodbc or tdsodbc",
        )
    return kind(f"arrow-odbc cannot be loaded: {error}", hint="reinstall aqueducts-odbc")
