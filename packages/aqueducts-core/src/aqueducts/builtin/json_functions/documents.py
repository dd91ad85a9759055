"""Many JSON documents at once: decoded in bulk, whatever single ones of them are.

msgspec decodes text that holds one document after the other, skips what nobody asked for and
makes objects of nothing else. It tells documents apart by itself, so a text may not be cut in the
wrong place: where every row begins with `{` or `[` and ends with `}` or `]`, every end of a row is
the end of a document. (It is not inside a string, where a line feed is an error; nor inside
an object or an array, where a bracket cannot follow another without a comma.) As many documents
as rows then means that each row is one. All other rows are decoded one by one.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["INVALID", "DocumentDecoder", "decode_rows"]

INVALID = object()
"""In the place of a document that is not JSON, or nested deeper than Python goes."""

_WHITESPACE = " \t\n\r"
_LINE_FEED = pa.scalar("\n", pa.large_string())
_MOST_BYTES = 16 << 20
"""Of a text that is decoded in one go: enough to be fast, little beside the rows themselves."""
_FEW_ROWS = 256
"""Rows with an invalid document among them that are decoded one by one."""


class DocumentDecoder(Protocol):
    """Makes an object of a document."""

    def decode_lines(self, text: Any, /) -> list[Any]:
        """Objects for documents one after the other; may raise DecodeError, RecursionError."""

    def decode(self, text: str, /) -> Any:
        """The object for any one text, or INVALID; raises nothing."""


def decode_rows(decoder: DocumentDecoder, rows: pa.Array) -> list[Any]:
    """One object for each document; `rows` are large strings without nulls."""
    is_container = _is_container(rows)
    if not _all(is_container):
        rows = pc.ascii_trim(rows, _WHITESPACE)
        is_container = _is_container(rows)
    if _all(is_container):
        return _decode_containers(decoder, rows)
    containers = iter(_decode_containers(decoder, rows.filter(is_container)))
    others = map(decoder.decode, rows.filter(pc.invert(is_container)).to_pylist())
    return [next(containers if is_bulk else others) for is_bulk in is_container.to_pylist()]


def _is_container(rows: pa.Array) -> pa.Array:
    begins = pc.starts_with(rows, "{")
    if not _all(begins):
        begins = pc.or_(begins, pc.starts_with(rows, "["))
    ends = pc.ends_with(rows, "}")
    if not _all(ends):
        ends = pc.or_(ends, pc.ends_with(rows, "]"))
    return pc.and_(begins, ends)


def _all(flags: pa.Array) -> bool:
    return bool(pc.all(flags, min_count=0).as_py())


def _decode_containers(decoder: DocumentDecoder, rows: pa.Array) -> list[Any]:
    if rows.nbytes <= _MOST_BYTES:
        return _decode_together(decoder, rows)
    documents: list[Any] = []
    step = max(1, len(rows) * _MOST_BYTES // rows.nbytes)
    for start in range(0, len(rows), step):
        documents += _decode_together(decoder, rows.slice(start, step))
    return documents


def _decode_together(decoder: DocumentDecoder, rows: pa.Array) -> list[Any]:
    lines = pa.ListArray.from_arrays(pa.array([0, len(rows)], pa.int32()), rows)
    try:
        documents = decoder.decode_lines(pc.binary_join(lines, _LINE_FEED)[0].as_buffer())
    except (msgspec.DecodeError, RecursionError):
        documents = []
    if len(documents) == len(rows):
        return documents
    if len(rows) <= _FEW_ROWS:
        return list(map(decoder.decode, rows.to_pylist()))
    return [
        document
        for start in range(0, len(rows), _FEW_ROWS)
        for document in _decode_together(decoder, rows.slice(start, _FEW_ROWS))
    ]
