"""The functions themselves, over arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from aqueducts.builtin.json_functions import reading
from aqueducts.builtin.json_functions.alike import Alike
from aqueducts.builtin.json_functions.batches import Batches, Request
from aqueducts.builtin.json_functions.documents import pieces
from aqueducts.builtin.json_functions.forms import (
    ARRAY,
    ENTRIES,
    KEYS,
    MEMBERS,
    NUMBER,
    SCALAR,
    TEXT,
    Form,
)
from aqueducts.builtin.json_functions.lookups import Decoder, Lookup
from aqueducts.builtin.json_functions.names import UNNEST
from aqueducts.builtin.json_functions.paths import JsonPath, parse_path

__all__ = ["FUNCTIONS", "Function", "JsonFunctions"]


class Function(msgspec.Struct, frozen=True):
    """What a function wants of the value at a path, and what it makes of it."""

    form: Form
    read: Callable[[Sequence[Any]], pa.Array]
    type: pa.DataType


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "json_as_text": Function(TEXT, reading.read_text, pa.string()),
        "json_contains": Function(TEXT, reading.read_presence, pa.bool_()),
        "json_get": Function(TEXT, reading.read_json, pa.string()),
        "json_get_array": Function(ARRAY, reading.read_lists, reading.LIST_OF_TEXT),
        "json_get_bool": Function(SCALAR, reading.read_booleans, pa.bool_()),
        "json_get_float": Function(NUMBER, reading.read_floats, pa.float64()),
        "json_get_int": Function(SCALAR, reading.read_integers, pa.int64()),
        "json_get_json": Function(TEXT, reading.read_json, pa.string()),
        "json_get_str": Function(SCALAR, reading.read_strings, pa.string()),
        "json_length": Function(MEMBERS, reading.read_sizes, pa.uint64()),
        "json_object_keys": Function(KEYS, reading.read_keys, reading.LIST_OF_TEXT),
    }
)
"""By name."""

_MOST_SHOWN = 80
_INTEGER_TYPES = ("Int", "UInt")
_KEY_TYPES = (*_INTEGER_TYPES, "Utf8", "LargeUtf8", "Utf8View", "Dictionary", "Null")


class JsonFunctions:
    """The functions of one session. Documents are large strings; null is none."""

    def __init__(self) -> None:
        self._batches = Batches()
        self._mixed: set[JsonPath] = set()
        """Paths to what is not only strings."""
        self._alike: Alike | None = None
        """What most of the last documents were alike to whose keys were asked for."""

    def at_path(self, name: str, rows: pa.Array, paths: pa.Array) -> pa.Array:
        """What a function makes of documents and one path, the same in all rows."""
        if not len(rows):
            return pa.array([], FUNCTIONS[name].type)
        path = paths[0].as_py()
        if paths.null_count or pc.any(pc.not_equal(paths, path)).as_py():
            raise ValueError(f"the path of {name} must be the same for all rows")
        return self._read(name, rows, parse_path(path))

    def by_column(self, name: str, rows: pa.Array, keys: pa.Array, types: pa.Array) -> pa.Array:
        """What a function makes of documents and a key or a place for each, by the type's name."""
        kind = types[0].as_py() if len(types) else "Null"
        if not kind.startswith(_KEY_TYPES):
            raise ValueError(f"{name} takes keys that are strings or integers, not {kind}")
        is_place = kind.startswith(_INTEGER_TYPES)
        is_asked = pc.and_(rows.is_valid(), keys.is_valid())
        decoder = Decoder([Lookup((), ENTRIES)])
        members = chain.from_iterable(
            decoder.values(decoder.decode(piece), Lookup((), ENTRIES))
            for piece in pieces(rows.filter(is_asked))
        )
        asked = keys.filter(is_asked).to_pylist()
        found = iter(
            _member(each, int(key) if is_place else key)
            for each, key in zip(members, asked, strict=True)
        )
        texts = [next(found) if flag else None for flag in is_asked.to_pylist()]
        return self._read(name, pa.array(texts, pa.large_string()), ())

    def unnest(self, rows: pa.Array) -> pa.Array:
        """Elements of JSON arrays. Raises ValueError where a row is none, and not null."""
        lists = self._read("json_get_array", rows, ())
        is_wrong = pc.and_(lists.is_null(), rows.is_valid())
        if pc.any(is_wrong).as_py():
            text = rows[pc.index(is_wrong, True).as_py()].as_py()
            shown = text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
            raise ValueError(f"{UNNEST} takes JSON arrays, and this is none: {shown!r}")
        return lists

    def _read(self, name: str, rows: pa.Array, path: JsonPath) -> pa.Array:
        function = FUNCTIONS[name]
        if name == "json_as_text" and path not in self._mixed:
            # Cutting texts takes longer than decoding strings, which is what there mostly is.
            request = Request(Lookup(path, SCALAR), reading.read_only_strings)
            result = self._batches.result(rows, request)
            if result is not None:
                return result
            self._mixed.add(path)
        if name == "json_object_keys" and not path:
            keys = self._keys_of_alike(rows)
            if keys is not None:
                return keys
        result = self._batches.result(rows, Request(Lookup(path, function.form), function.read))
        return pc.fill_null(result, False) if name == "json_contains" else result

    def _keys_of_alike(self, rows: pa.Array) -> pa.Array | None:
        """Keys where most of the documents are alike, else None."""
        alike = self._alike
        if alike is None:
            first = next((each.as_py() for each in rows if each.is_valid), "")
            alike = self._alike = Alike.to(first)
            if alike is None:
                return None
        is_alike = alike.among(rows)
        count = is_alike.true_count
        if count == len(rows):
            return alike.keys(count)
        if 2 * count < len(rows):
            self._alike = None  # perhaps the next ones are alike to one of them
            return None
        request = Request(Lookup((), KEYS), reading.read_keys)
        others = self._batches.result(pc.if_else(is_alike, None, rows), request)
        return pc.if_else(is_alike, alike.keys(len(rows)), others)


def _member(members: Any, key: str | int | None) -> bytes | None:
    if isinstance(members, dict) and isinstance(key, str):
        found = members.get(key)
    elif isinstance(members, list) and isinstance(key, int) and -len(members) <= key < len(members):
        found = members[key]
    else:
        found = None
    return None if found is None else bytes(found)
