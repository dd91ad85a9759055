"""Calls found in a query, and the query with them as the engine can run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn

import msgspec

from aqueducts.builtin.json_functions.names import BY_COLUMN
from aqueducts.builtin.json_functions.paths import JsonPath, path_text
from aqueducts.builtin.json_functions.tokens import Token
from aqueducts.errors import QueryError

__all__ = ["Call", "Item", "Region", "Wrap", "refuse", "text_of"]

Wrap = Callable[[str], str]
"""What to put in the place of a document's expression."""


class Region(msgspec.Struct, frozen=True):
    """A part of the query with calls in it."""

    query: str
    items: Sequence[Item]
    start: int
    end: int

    def text(self, wrap: Wrap) -> str:
        """The text with all calls in place; `wrap` gives what stands for a document."""
        pieces, position = [], self.start
        for item in self.items:
            pieces.append(self.query[position : item.start])
            pieces.append(item.text if isinstance(item, Token) else item.rendered(wrap))
            position = item.end
        return "".join((*pieces, self.query[position : self.end]))


class Call(msgspec.Struct, frozen=True):
    """One call, with its place in the query."""

    name: str
    document: Region
    start: int
    end: int
    path: JsonPath | None = None
    key: Region | None = None
    """The one key that is not written out, but in a column."""
    operator: str | None = None
    """Of a call that was written as one."""
    parentheses: int = 0

    def rendered(self, wrap: Wrap) -> str:
        """The call as the engine can run it."""
        document = wrap(self.document.text(wrap))
        if self.key is not None:
            key = self.key.text(wrap)
            text = f"{self.name}{BY_COLUMN}({document}, {key}, arrow_typeof({key}))"
        elif self.path is not None:
            text = f"{self.name}({document}, {_literal(path_text(self.path))})"
        else:
            text = f"{self.name}({document})"
        return "(" * self.parentheses + text + ")" * self.parentheses


Item = Token | Call


def text_of(item: Item | None) -> str:
    """A token's text; nothing for a call."""
    return item.text if isinstance(item, Token) else ""


def refuse(
    call: str, message: str, hint: str | None = None, key: str | int | None = None
) -> NoReturn:
    """Raise an error about a call: `call` is the function's name, or the operator.

    A `key` says which one is meant, where there may be several.
    """
    subject = ("operator" if call.startswith("-") else "function", call)
    if isinstance(key, str):
        subject = ("text", key)
    raise QueryError(f"{call} {message}", problem_code="sql-type", subject=subject, hint=hint)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
