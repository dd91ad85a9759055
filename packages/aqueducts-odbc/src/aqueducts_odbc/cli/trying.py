"""What `aqueducts odbc test` does: a source of one row, read as a run reads it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from aqueducts import Pipeline, preview
from aqueducts.errors import AqueductsError, PipelineError, SourceError
from aqueducts_odbc.connection_strings import ConnectionString, ConnectionStringError
from aqueducts_odbc.targets import driver_of

__all__ = ["Attempt", "try_connection", "verdict_text"]

_NAME = "connection"


class Attempt(NamedTuple):
    """What to try."""

    connection: str
    user: str | None
    password: str | None
    query: str
    login_timeout: int

    @property
    def connection_string(self) -> str:
        """The connection as a string; a name alone is that of a data source."""
        is_name = not any(mark in self.connection for mark in ("=", "://", "${"))
        return f"DSN={self.connection}" if is_name else self.connection


def try_connection(attempt: Attempt) -> Mapping[str, Any]:
    """What was found. Raises SourceError, SecretError, or PipelineError for what is no query."""
    driver = _driver(attempt.connection_string)
    source = {
        "type": "odbc",
        "name": _NAME,
        "connection_string": attempt.connection_string,
        "load_query": attempt.query,
        "login_timeout": attempt.login_timeout,
    }
    source |= {} if attempt.user is None else {"user": attempt.user}
    source |= {} if attempt.password is None else {"password": attempt.password}
    pipeline = Pipeline.from_dict({"sources": [source]})
    started = time.perf_counter()
    try:
        found = preview(pipeline, _NAME, limit=1)
    except PipelineError as error:
        raise _cause(error) from error
    return {
        "driver": driver,
        "duration_ms": round((time.perf_counter() - started) * 1000),
        "columns": {field.name: str(field.type) for field in found.rows.schema},
        "row": {
            name: None if value is None else str(value)
            for row in found.rows.to_pylist()
            for name, value in row.items()
        },
    }


def verdict_text(verdict: Mapping[str, Any]) -> str:
    """What was found, in lines."""
    driver = "" if verdict["driver"] is None else f" through {verdict['driver']}"
    lines = [f"connected{driver} in {verdict['duration_ms']} ms"]
    if not verdict["row"]:
        return "\n".join([*lines, "the query gives no rows"])
    lines += [
        f"{name} ({verdict['columns'][name]}): {'NULL' if value is None else value}"
        for name, value in verdict["row"].items()
    ]
    return "\n".join(lines)


def _driver(connection_string: str) -> str | None:
    """The driver; None where a reference to a secret may hide it. Raises SourceError."""
    try:
        return driver_of(ConnectionString(connection_string))[0]
    except ConnectionStringError as error:
        if "${" in connection_string:
            return None
        raise SourceError(str(error), hint=error.hint) from error


def _cause(error: PipelineError) -> AqueductsError:
    """The only problem, without its place: there is no file that it is in."""
    if len(error.problems) != 1:
        return error
    [problem] = error.problems
    message = problem.message
    for place in ("sources[0].location: ", "sources[0]: ", f"source {_NAME!r}: "):
        message = message.removeprefix(place)
    return SourceError(message, hint=problem.help)
