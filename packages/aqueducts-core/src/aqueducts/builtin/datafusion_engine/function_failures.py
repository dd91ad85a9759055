"""What functions written in Python raised while a query ran, as they said it."""

from __future__ import annotations

import ast
import re

from aqueducts.errors import QueryError

__all__ = ["function_error"]

_RAISED = re.compile(r"PyErr \{ type: <class '(?P<kind>[^']*)'>, value: ")
_END = re.compile(r", traceback: (?:Some|None)")


def function_error(text: str) -> QueryError | None:
    """An error for the engine's words about an exception, or None for words about others."""
    raised = _RAISED.search(text)
    if raised is None:
        return None
    message = _message(text[raised.end() :])
    if raised["kind"] == "ValueError":
        # Functions that tell of values do it like this: name_of_function takes ...
        return QueryError(
            message, problem_code="sql-value", subject=("function", message.partition(" ")[0])
        )
    kind = raised["kind"].rpartition(".")[2]
    return QueryError(f"a function failed: {kind}: {message}")


def _message(text: str) -> str:
    """The first argument of an exception, from what `repr` gives for it and what comes after."""
    ends = [match.start() for match in _END.finditer(text)]
    for end in ends:
        try:
            call = ast.parse(text[:end], mode="eval").body
        except (SyntaxError, ValueError):
            continue  # in the middle of the message
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
            return str(call.args[0].value)
    return text[: ends[0]] if ends else text
