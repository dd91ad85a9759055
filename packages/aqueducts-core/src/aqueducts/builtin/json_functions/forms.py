"""Forms in which the value at the end of a path can be wanted."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

__all__ = [
    "ANY_ARRAY",
    "ARRAY",
    "ENTRIES",
    "KEYS",
    "MEMBERS",
    "NOTHING",
    "NUMBER",
    "PLAIN",
    "SCALAR",
    "TEXT",
    "Form",
    "Skipped",
    "value_in_form",
]

NOTHING = Raw(b"")
"""In the place of text that is not there."""

Skipped = msgspec.defstruct("Skipped", [], gc=False)
"""Takes any object and looks at nothing in it."""

PLAIN: Any = str | int | float | bool | None
ANY_ARRAY: Any = list[Raw]


class Form(msgspec.Struct, frozen=True, eq=False):
    """A type for msgspec, and what stands for no value.

    A value of a kind that the form has no use for is still some object, for the reader to pass
    over: no document is refused for it.
    """

    type: Any
    missing: Any = None


_SCALAR: Any = PLAIN | ANY_ARRAY | Skipped

SCALAR = Form(_SCALAR)
"""Strings, integers, floats, booleans and None as they are."""
NUMBER = Form(str | float | bool | None | ANY_ARRAY | Skipped)
"""Numbers as floats."""
TEXT = Form(Raw, NOTHING)
"""The JSON text itself."""
ARRAY = Form(_SCALAR)
"""Lists of the JSON texts of their elements."""
MEMBERS = Form(PLAIN | list[_SCALAR] | dict[str, _SCALAR])
"""Lists and dictionaries of which only the sizes matter."""
KEYS = Form(PLAIN | ANY_ARRAY | dict[str, _SCALAR])
"""Dictionaries of which only the keys matter."""
ENTRIES = Form(PLAIN | ANY_ARRAY | dict[str, Raw])
"""Lists and dictionaries of JSON texts."""

_RAW = msgspec.json.Decoder(Raw)
_ENTRIES = msgspec.json.Decoder(list[Raw] | dict[str, Raw])


def value_in_form(text: str, path: tuple[str | int, ...], form: Form) -> Any:
    """The value at a path of one document, by looking at nothing else.

    For documents that hold a number too large for the type it would be read as, wanted or not.
    Raises DecodeError or RecursionError for what is no document.
    """
    value: Any = _RAW.decode(text)
    for step in path:
        entries = _entries(value)
        if isinstance(step, str):
            value = entries.get(step) if isinstance(entries, dict) else None
        else:
            is_there = isinstance(entries, list) and -len(entries) <= step < len(entries)
            value = entries[step] if is_there else None
        if value is None:
            return form.missing
    try:
        return msgspec.json.decode(value, type=form.type)
    except msgspec.ValidationError:
        return _entries(value)


def _entries(value: Raw) -> Any:
    return _ENTRIES.decode(value) if bytes(value)[:1] in (b"{", b"[") else Skipped()
