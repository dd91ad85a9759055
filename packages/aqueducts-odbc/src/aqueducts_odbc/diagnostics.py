"""What ODBC tells of an error."""

from __future__ import annotations

import re

import msgspec

__all__ = ["Diagnostic", "diagnostic"]

_STATE = re.compile(
    r"State: (?P<state>\w{5}), Native error: (?P<native>-?\d+), Message: (?P<text>.*)", re.DOTALL
)
_LAYERS = re.compile(r"^(\[[^\]]*\]\s*)+")


class Diagnostic(msgspec.Struct, frozen=True):
    """What ODBC says of an error."""

    state: str | None
    """SQLSTATE: five characters, the first two are its class."""
    native: int | None
    """The database's own number."""
    text: str


def diagnostic(message: str) -> Diagnostic:
    """Take apart what arrow-odbc says."""
    found = _STATE.search(message)
    if found is None:
        return Diagnostic(None, None, message.strip())
    text = _LAYERS.sub("", found["text"].strip())
    return Diagnostic(found["state"], int(found["native"]), text)
