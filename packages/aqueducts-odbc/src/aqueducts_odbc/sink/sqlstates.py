"""What SQLSTATEs say of a commit."""

from __future__ import annotations

import re

from aqueducts.errors import RunError

__all__ = ["is_answered"]

_STATE = re.compile(r"\(SQLSTATE (\w{5})\)\Z")
_ANSWERED = ("22", "23", "25", "27", "40", "42", "44", "P0")
"""Classes by which a database says that it did not commit."""


def is_answered(error: RunError) -> bool:
    """Whether the database itself refused; an error ends in the state it was told."""
    found = _STATE.search(error.message)
    return found is not None and found[1].startswith(_ANSWERED)
