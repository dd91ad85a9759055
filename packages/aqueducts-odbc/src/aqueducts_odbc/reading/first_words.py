"""What kind of statement a query is, so that a source changes nothing.

The columns of a query are looked at before it is run, for which some databases have to run it.
"""

from __future__ import annotations

import re

from aqueducts.errors import SourceError

__all__ = ["check_query", "tells_of_the_database"]

_START = re.compile(r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*(?P<word>\w+|\(|\{)?", re.DOTALL)
_QUERIES = frozenset({"select", "with", "values", "table", "("})
_TELLING = frozenset({"show", "explain", "describe", "desc", "pragma"})
_PROCEDURES = frozenset({"call", "exec", "execute", "{"})


def _first_word(text: str) -> str:
    found = _START.match(text)
    return (found["word"] or "" if found is not None else "").lower()


def tells_of_the_database(text: str) -> bool:
    """Whether a statement gives rows, but cannot be a part of a query."""
    return _first_word(text) in _TELLING


def check_query(text: str, *, allows_procedures: bool) -> None:
    """Refuse what is no query (SourceError)."""
    word = _first_word(text)
    if word in _QUERIES | _TELLING or (allows_procedures and word in _PROCEDURES):
        return
    raise SourceError(
        f"a source cannot run a statement that begins with {word.upper()!r}"
        if word
        else "there is no statement in the query",
        hint="write a query that gives rows, such as SELECT * FROM orders; a destination of type "
        "odbc can run statements before it inserts",
    )
