"""What lies at the ends of paths, in many documents at once.

A decoder for documents is put together from all that is asked of them: a type that holds the
wanted keys only, so that nothing is made of the others. One decoder serves several lookups.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

import msgspec

from aqueducts.builtin.json_functions.documents import INVALID, Piece, decode_piece
from aqueducts.builtin.json_functions.forms import (
    ANY_ARRAY,
    PLAIN,
    TEXT,
    Form,
    Skipped,
    value_in_form,
)
from aqueducts.builtin.json_functions.paths import JsonPath

__all__ = ["Conflict", "Decoded", "Decoder", "Lookup"]


class Conflict(Exception):
    """Lookups that one type cannot serve: an object here, an array there, or two forms."""


class Lookup(msgspec.Struct, frozen=True):
    """A path, and the form in which the value there is wanted."""

    path: JsonPath
    form: Form


class Decoded(msgspec.Struct, frozen=True):
    """Objects made of documents, one for each, and the texts of those to be looked into alone."""

    objects: list[Any]
    odd: dict[int, str]


class Decoder:
    """Makes objects of documents that hold what some lookups want."""

    def __init__(self, lookups: Iterable[Lookup]) -> None:
        """Raises Conflict where there is no such type."""
        self.lookups = frozenset(lookups)
        root = _Node()
        for lookup in self.lookups:
            root.add(lookup.path, lookup.form)
        self._decoder = msgspec.json.Decoder(root.type())
        self._steps = {lookup: root.steps(lookup.path) for lookup in self.lookups}

    def decode(self, piece: Piece) -> Decoded:
        """Objects for some rows."""
        attempt = _Attempt(self._decoder)
        objects = decode_piece(attempt, piece)
        if not attempt.has_odd:
            return Decoded(objects, {})
        odd = {place: each.text for place, each in enumerate(objects) if type(each) is _Odd}
        return Decoded(objects, odd)

    def values(self, decoded: Decoded, lookup: Lookup) -> list[Any]:
        """One value for each document."""
        missing = lookup.form.missing
        values = decoded.objects
        if not lookup.path:
            values = [missing if each is INVALID else each for each in values]
        for step in self._steps[lookup]:
            values = step(values, missing)
        for place, text in decoded.odd.items():
            values[place] = value_in_form(text, lookup.path, lookup.form)
        return values


class _Odd(msgspec.Struct, frozen=True):
    """A document with a number too large for the type it would be read as, wanted or not."""

    text: str


class _Attempt:
    """One decoding of rows, whatever they are."""

    def __init__(self, decoder: msgspec.json.Decoder[Any]) -> None:
        self._decoder = decoder
        self.decode_lines = decoder.decode_lines
        self.has_odd = False

    def decode(self, text: str) -> Any:
        try:
            return self._decoder.decode(text)
        except msgspec.ValidationError:
            pass
        except (msgspec.DecodeError, RecursionError):
            return INVALID
        try:
            value_in_form(text, (), TEXT)
        except (msgspec.DecodeError, RecursionError):
            return INVALID
        self.has_odd = True
        return _Odd(text)


_NOT_IN_NAMES = re.compile(r'["\\\x00-\x1f]')
"""What a key cannot hold to be the name of a field."""

_Step = Callable[[Sequence[Any], Any], list[Any]]


class _Node:
    """What is wanted of the values at one path."""

    def __init__(self) -> None:
        self._form: Form | None = None
        self._fields: dict[str, _Node] = {}
        self._entry: _Node | None = None
        """Of objects whose wanted keys cannot be fields."""
        self._element: _Node | None = None
        """Of arrays; all elements are decoded alike."""

    def add(self, path: JsonPath, form: Form) -> None:
        """Want a value further in, or this one. Raises Conflict."""
        if not path:
            self._form = form if self._form is None else self._form
        elif isinstance(path[0], int):
            self._element = self._element or _Node()
            self._element.add(path[1:], form)
        elif _NOT_IN_NAMES.search(path[0]):
            self._entry = self._entry or _Node()
            self._entry.add(path[1:], form)
        else:
            self._fields.setdefault(path[0], _Node()).add(path[1:], form)
        kinds = (self._form, self._fields, self._entry, self._element)
        if sum(map(bool, kinds)) > 1 or (not path and self._form is not form):
            raise Conflict

    def type(self) -> Any:
        """The type that msgspec decodes the value as; it takes whatever is there."""
        if self._form is not None:
            return self._form.type
        if self._element is not None:
            return list[self._element.type()] | PLAIN | Skipped  # type: ignore[misc]  # a value
        if self._entry is not None:
            return dict[str, self._entry.type()] | PLAIN | ANY_ARRAY  # type: ignore[misc]
        fields = [
            (_attribute(place), node.type(), msgspec.field(default=node.missing, name=key))
            for place, (key, node) in enumerate(self._fields.items())
        ]
        return msgspec.defstruct("Object", fields, gc=False) | PLAIN | ANY_ARRAY

    def steps(self, path: JsonPath) -> list[_Step]:
        """Functions that each take values one step further in."""
        if not path:
            return []
        first, rest = path[0], path[1:]
        if self._element is not None:
            return [partial(_at_place, int(first)), *self._element.steps(rest)]
        if self._entry is not None:
            return [partial(_at_key, str(first)), *self._entry.steps(rest)]
        name = _attribute(list(self._fields).index(str(first)))
        return [partial(_at_field, name, attrgetter(name)), *self._fields[str(first)].steps(rest)]

    @property
    def missing(self) -> Any:
        """What stands for no value here."""
        return None if self._form is None else self._form.missing


def _attribute(place: int) -> str:
    return f"field_{place}"


def _at_field(
    name: str, getter: Callable[[Any], Any], values: Sequence[Any], missing: Any
) -> list[Any]:
    try:
        return list(map(getter, values))
    except AttributeError:  # some are no objects
        return [getattr(each, name, missing) for each in values]


def _at_key(key: str, values: Sequence[Any], missing: Any) -> list[Any]:
    return [each.get(key, missing) if type(each) is dict else missing for each in values]


def _at_place(place: int, values: Sequence[Any], missing: Any) -> list[Any]:
    needed = place + 1 if place >= 0 else -place
    return [
        each[place] if type(each) is list and len(each) >= needed else missing for each in values
    ]
