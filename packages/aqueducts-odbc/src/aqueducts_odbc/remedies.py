"""What to do about what drivers report, by SQLSTATE and by the words of the known drivers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aqueducts.diagnostics import nearest
from aqueducts_odbc.profiles import profile_for
from aqueducts_odbc.registrations import registrations

if TYPE_CHECKING:
    from aqueducts_odbc.diagnostics import Diagnostic
    from aqueducts_odbc.targets import Target

__all__ = ["drivers_hint", "remedy"]

_NO_LIBRARY = re.compile(r"Can't open lib '(?P<name>[^']*)'")
_TOO_LARGE = re.compile(r"too large to be written.*?Some\((?P<size>\d+)\)", re.DOTALL)

_BY_STATE = {
    "28000": "the database refuses the user or the password",
    "28P01": "the database refuses the user or the password",
    "3D000": "there is no such database; look at Database in the connection string",
    "42P01": "there is no such table; name its schema, and mind capitals",
    "42S02": "there is no such table; name its schema, and mind capitals",
    "42703": "there is no such column; the query is in the SQL of the database",
    "42S22": "there is no such column; the query is in the SQL of the database",
    "42S21": "name the columns in the query: SELECT a.id AS a_id, b.id AS b_id",
    "42601": "the query is run by the database, in its SQL and not in that of stages",
    "42000": "the query is run by the database, in its SQL and not in that of stages",
    "42501": "the user may not do this; ask for the permission in the database",
    "IM012": "write the connection string as Driver={NAME};Server=HOST;Database=NAME",
    "07002": "give as many parameters as the statement has question marks",
    "22P02": "a text is no value of the type that is compared with; look at the parameters",
    "57014": "the statement was ended from outside, or by query_timeout",
    "57P01": "the database ended the connection; run again once it is there",
    "57P03": "the database is starting or stopping; run again in a while",
    "40001": "another transaction was in the way; run again",
    "40P01": "two transactions waited for each other; run again",
    "HYT00": "the database took too long; give more time with login_timeout or query_timeout",
    "HYT01": "the database took too long; give more time with login_timeout",
    "08S01": "the connection broke; look whether the database is there, and run again",
    "08003": "the connection broke; look whether the database is there, and run again",
    "08006": "the connection broke; look whether the database is there, and run again",
    "08007": "the connection broke; look whether the database is there, and run again",
}
_BY_WORDS = (
    ("authentication failed", "the database refuses the user or the password"),
    ("access denied", "the database refuses the user or the password"),
    ("does not exist", "look at Database and User in the connection string"),
    ("could not translate host name", "look at Server in the connection string"),
    ("unknown mysql server host", "look at Server in the connection string"),
    ("unknown server host", "look at Server in the connection string"),
    ("connection refused", "nothing listens there; look at Server and Port, and at the database"),
    ("unable to connect", "nothing listens there; look at Server and Port, and at the database"),
    ("can't connect to", "nothing listens there; look at Server and Port, and at the database"),
    ("connect failed", "there is no database file at that path; look at Database"),
    (
        "integer overflow",
        "a column of texts holds a blob or a NUL character, or one of blobs a text: see typeof()",
    ),
    ("no such table", "there is no such table in this file"),
    ("no such column", "there is no such column; the query is in the SQL of the database"),
    ("syntax error", "the query is run by the database, in its SQL and not in that of stages"),
    ("terminating connection", "the database ended the connection; run again once it is there"),
    ("server closed the connection", "the database ended the connection; run again"),
    ("server has gone away", "the database ended the connection; run again"),
    ("lost connection", "the database ended the connection; run again"),
)


def remedy(found: Diagnostic, target: Target) -> str | None:
    """What to do about an error, where that is known."""
    library = _NO_LIBRARY.search(found.text)
    if library is not None:
        return drivers_hint(library["name"])
    if found.state == "IM002":
        return _data_sources_hint(target)
    size = _sizes_hint(found.text)
    if size is not None:
        return size
    text = found.text.lower()
    by_words = next((hint for words, hint in _BY_WORDS if words in text), None)
    by_state = None if found.state is None else _BY_STATE.get(found.state)
    if found.state is not None and found.state.startswith("08"):  # the words say more
        return by_words or by_state
    return by_state or by_words


def drivers_hint(wanted: str) -> str:
    """What to do where a driver is not there."""
    known = registrations()
    profile = profile_for(wanted if "/" in wanted or ".so" in wanted else None, wanted)
    alike = [
        name
        for name, library in sorted(known.drivers.items(), reverse=True)  # Unicode before ANSI
        if profile.package is not None and profile_for(library, name) == profile
    ]
    names = ", ".join(sorted(known.drivers)) or "none"
    near = next(iter(alike), None) or nearest(wanted, list(known.drivers))
    if near is not None:
        return f"did you mean Driver={{{near}}}? Registered are: {names}"
    install = f"apt-get install {profile.package}; " if profile.package else ""
    return f"{install}registered drivers are: {names}"


def _data_sources_hint(target: Target) -> str:
    known = registrations()
    names = ", ".join(sorted(known.data_sources)) or "none"
    near = nearest(target.data_source or "", list(known.data_sources))
    start = f"did you mean DSN={near}? " if near else ""
    return f"{start}Data sources that are registered: {names}; or name a driver: Driver={{NAME}}"


def _sizes_hint(text: str) -> str | None:
    too_large = _TOO_LARGE.search(text)
    if too_large is not None:
        return (
            f"a value has {int(too_large['size']):,} bytes; give max_text_bytes or "
            "max_binary_bytes that many, or cast the column to text in the query where it was "
            "declared shorter than its values are"
        )
    if "sensible upper bound" in text or "Odbc buffer is limited" in text:
        return (
            "give max_text_bytes and max_binary_bytes less, or cast the column in the query to a "
            "type with a length"
        )
    if "too large to be written" in text:
        return "give max_text_bytes or max_binary_bytes more than the longest value has"
    return None
