"""Values of many documents as one Arrow array."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from aqueducts.builtin.json_functions.forms import NOTHING

__all__ = [
    "LIST_OF_TEXT",
    "read_booleans",
    "read_floats",
    "read_integers",
    "read_json",
    "read_keys",
    "read_lists",
    "read_only_strings",
    "read_presence",
    "read_sizes",
    "read_strings",
    "read_text",
]

LIST_OF_TEXT = pa.list_(pa.string())

_NO_TYPE = type(None)
_LEAST_INTEGER, _MOST_INTEGER = -(2**63), 2**63 - 1
_STRING = msgspec.json.Decoder(str)


def read_strings(values: Sequence[Any]) -> pa.Array:
    """Strings; null for everything else."""
    try:
        return pa.array(values, pa.string())
    except pa.ArrowTypeError:  # not only strings
        return pa.array(_only(str, values), pa.string())


def read_only_strings(values: Sequence[Any]) -> pa.Array | None:
    """Strings where there are no other values, None where there are."""
    try:
        return pa.array(values, pa.string())
    except pa.ArrowTypeError:
        return None


def read_booleans(values: Sequence[Any]) -> pa.Array:
    """Booleans; null for everything else."""
    return pa.array(_only(bool, values), pa.bool_())


def read_floats(values: Sequence[Any]) -> pa.Array:
    """Numbers that were decoded as floats; null for everything else."""
    return pa.array(_only(float, values), pa.float64())


def read_integers(values: Sequence[Any]) -> pa.Array:
    """Integers of 64 bits; null for everything else, also for 1.0."""
    values = _only(int, values)
    try:
        return pa.array(values, pa.int64())
    except (OverflowError, pa.ArrowInvalid):
        small = [
            each if each is not None and _LEAST_INTEGER <= each <= _MOST_INTEGER else None
            for each in values
        ]
        return pa.array(small, pa.int64())


def read_presence(values: Sequence[Any]) -> pa.Array:
    """Whether there is a value."""
    return pa.array([each is not NOTHING for each in values], pa.bool_())


def read_sizes(values: Sequence[Any]) -> pa.Array:
    """Sizes of lists and dictionaries; null for everything else."""
    if set(map(type, values)) <= {list, dict}:
        return _lengths(values).cast(pa.uint64())
    sizes = [len(each) if type(each) in (list, dict) else None for each in values]
    return pa.array(sizes, pa.uint64())


def read_json(values: Sequence[Any]) -> pa.Array:
    """JSON texts as they are; null where there is none."""
    texts = _texts(values)
    return pc.if_else(pc.equal(texts, ""), None, texts)


def read_text(values: Sequence[Any]) -> pa.Array:
    """Strings without quotes and escapes, everything else as JSON text; null for null."""
    texts = _texts(values)
    is_null = pc.or_(pc.equal(texts, ""), pc.equal(texts, "null"))
    is_string = pc.starts_with(texts, '"')
    if pc.any(is_string).as_py():
        contents = pc.binary_slice(texts.cast(pa.binary()), 1, -1).cast(pa.string())
        is_escaped = pc.and_(is_string, pc.match_substring(contents, "\\"))
        texts = pc.if_else(is_string, contents, texts)
        if pc.any(is_escaped).as_py():
            escaped = [
                each for each, flag in zip(values, is_escaped.to_pylist(), strict=True) if flag
            ]
            decoded = pa.array(_STRING.decode_lines(b"\n".join(escaped)), pa.string())
            texts = pc.replace_with_mask(texts, is_escaped, decoded)
    return pc.if_else(is_null, None, texts)


def read_lists(values: Sequence[Any]) -> pa.Array:
    """Lists of JSON texts; null for everything else."""
    lists, is_null = values, None
    if not set(map(type, values)) <= {list}:
        lists = [each if type(each) is list else () for each in values]
        is_null = pa.array([type(each) is not list for each in values], pa.bool_())
    texts = _texts(list(chain.from_iterable(lists)))
    ends = pc.cumulative_sum(_lengths([(), *lists]))
    return pa.ListArray.from_arrays(ends, texts, LIST_OF_TEXT, mask=is_null)


def read_keys(values: Sequence[Any]) -> pa.Array:
    """Keys of dictionaries, in their order; null for everything else."""
    # Most documents have the same keys: each sequence of them is made a list once.
    known: dict[tuple[str, ...] | None, int] = {}
    places = [
        known.setdefault(tuple(each) if type(each) is dict else None, len(known)) for each in values
    ]
    lists = [None if keys is None else list(keys) for keys in known]
    return pa.array(lists, LIST_OF_TEXT).take(pa.array(places, pa.int64()))


def _only(kind: type, values: Sequence[Any]) -> Sequence[Any]:
    if set(map(type, values)) <= {kind, _NO_TYPE}:
        return values
    return [each if type(each) is kind else None for each in values]


def _lengths(values: Sequence[Any]) -> pa.Array:
    # By way of a buffer: Arrow would look at each of the integers twice.
    lengths = struct.pack(f"{len(values)}i", *map(len, values))
    return pa.Array.from_buffers(pa.int32(), len(values), [None, pa.py_buffer(lengths)])


def _texts(values: Sequence[Any]) -> pa.Array:
    """Strings of JSON texts, which never hold a NUL."""
    if not values:
        return pa.array([], pa.string())
    joined = pa.array([b"\0".join(values)], pa.large_string())
    return pc.split_pattern(joined, "\0").flatten().cast(pa.string())
