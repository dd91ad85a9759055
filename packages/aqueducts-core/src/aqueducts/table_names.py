"""Table names as SQL finds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["TableNames", "quote", "select_all", "spellings"]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*\Z")


def spellings(name: str) -> tuple[str, ...]:
    """The names a table goes by: its own, and in lower case where SQL folds it to that.

    `FROM Orders` means `orders` and `FROM "Orders"` means `Orders`; a table called `Orders` in a
    pipeline file is found by both.
    """
    lowered = name.lower()
    return (name, lowered) if lowered != name and _IDENTIFIER.match(name) else (name,)


def quote(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def select_all(name: str) -> str:
    """The query of a whole table."""
    return f"SELECT * FROM {quote(name)}"  # noqa: S608 - the name is quoted


class TableNames:
    """Names that are known at some place, in order."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(dict.fromkeys(names))
        self._by_spelling: dict[str, str] = {}
        for name in self._names:
            for spelling in spellings(name):
                self._by_spelling.setdefault(spelling, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def find(self, name: str) -> str | None:
        """The table that a reference (folded as SQL does) means, or None."""
        return self._by_spelling.get(name)
