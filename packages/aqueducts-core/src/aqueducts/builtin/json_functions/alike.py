"""Objects that are alike: the same keys in the same order, around single values.

Most columns of flat documents are. A regular expression that only such documents match tells so
without making an object of any of them.
"""

from __future__ import annotations

import re

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from aqueducts.builtin.json_functions.reading import LIST_OF_TEXT

__all__ = ["Alike"]

_MOST_KEYS = 32
"""For which the expression is sure to be matched in one pass."""

_SPACE = r"[ \t\n\r]*"
_VALUE = (
    r'(?:"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt])*"'
    r"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)"
)
"""Strings without \\u, numbers and the three words: JSON, whatever is around them."""

_ENTRIES = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Alike:
    """What one document shares with others."""

    def __init__(self, pattern: str, keys: list[str]) -> None:
        self._pattern = pattern
        self._keys = keys
        self._lists = pa.array([], LIST_OF_TEXT)

    @classmethod
    def to(cls, document: str) -> Alike | None:
        """What is alike to a document; None where that is no such object."""
        try:
            keys = list(_ENTRIES.decode(document))
        except (msgspec.DecodeError, RecursionError):
            return None
        entries = [f"{_SPACE}{_literal(key)}{_SPACE}:{_SPACE}{_VALUE}{_SPACE}" for key in keys]
        inside = ",".join(entries) or _SPACE
        pattern = rf"\A{_SPACE}\{{{inside}\}}{_SPACE}\z"
        alike = cls(pattern, keys)
        is_flat = len(keys) <= _MOST_KEYS and alike.among(pa.array([document], pa.large_string()))
        return alike if is_flat and is_flat[0].as_py() else None

    def among(self, rows: pa.Array) -> pa.Array:
        """Which documents are alike; null is not."""
        return pc.fill_null(pc.match_substring_regex(rows, self._pattern), False)

    def keys(self, count: int) -> pa.Array:
        """The keys of so many documents."""
        lists = self._lists
        if len(lists) < count:  # made once, and parts of it given out without a copy
            first = pa.array([self._keys], LIST_OF_TEXT)
            self._lists = lists = first.take(pa.array([0] * count, pa.int32()))
        return lists.slice(0, count)


def _literal(key: str) -> str:
    return re.escape(msgspec.json.encode(key).decode())
