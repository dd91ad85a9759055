"""Many JSON documents at once: decoded in bulk, whatever single ones of them are.

msgspec decodes text that holds one document after the other, skips what nobody asked for and
makes objects of nothing else. It tells documents apart by itself, so a text may not be cut in the
wrong place: where every row begins with `{` or `[` and ends with `}` or `]`, every end of a row is
the end of a document. (It is not inside a string, where a line feed is an error; nor inside
an object or an array, where a bracket cannot follow another without a comma.) As many documents
as rows then means that each row is one. All other rows are decoded one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["INVALID", "DocumentDecoder", "Piece", "decode_piece", "pieces"]

INVALID = object()
"""In the place of a document that is not JSON, or nested deeper than Python goes."""

_WHITESPACE = " \t\n\r"
_LINE_FEED = pa.scalar("\n", pa.large_string())
_MOST_BYTES = 1 << 20
"""Of texts that are joined in one go: enough to be fast, little beside the rows themselves."""
_MOST_ROWS = 2048
"""Of rows that are decoded and read at once: what was made of more would not stay in the cache of
the processor until it is read."""
_FEW_ROWS = 256
"""Rows with an invalid document among them that are decoded one by one."""


class DocumentDecoder(Protocol):
    """Makes an object of a document."""

    def decode_lines(self, text: Any, /) -> list[Any]:
        """Objects for documents one after the other; may raise DecodeError, RecursionError."""

    def decode(self, text: str, /) -> Any:
        """The object for any one text, or INVALID; raises nothing."""


class Piece(NamedTuple):
    """Some rows, which are large strings without nulls."""

    rows: pa.Array
    text: pa.Scalar | None
    """All of them with line feeds between them; None where some are no objects or arrays."""


def pieces(rows: pa.Array) -> Iterator[Piece]:
    """Rows in pieces to be decoded one after the other; at least one."""
    is_container = _is_container(rows)
    if not _all(is_container):
        rows = pc.ascii_trim(rows, _WHITESPACE)
        is_container = _is_container(rows)
    if not _all(is_container):
        return iter([Piece(rows, None)])
    return _joined_pieces(rows)


def decode_piece(decoder: DocumentDecoder, piece: Piece) -> list[Any]:
    """One object for each document."""
    if piece.text is not None:
        return _decode_together(decoder, piece.rows, piece.text)
    is_container = _is_container(piece.rows)
    containers = iter(_decode_containers(decoder, piece.rows.filter(is_container)))
    others = map(decoder.decode, piece.rows.filter(pc.invert(is_container)).to_pylist())
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


def _decode_containers(decoder: DocumentDecoder, rows: pa.Array) -> Iterator[Any]:
    for piece in _joined_pieces(rows):
        yield from decode_piece(decoder, piece)


def _joined_pieces(rows: pa.Array, count: int = _MOST_ROWS) -> Iterator[Piece]:
    # What is joined at once is copied at once: no more than _MOST_BYTES of it.
    most = max(count, len(rows) * _MOST_BYTES // max(1, rows.nbytes) // count * count)
    for start in range(0, max(1, len(rows)), most):
        some = rows.slice(start, most)
        ends = pa.array([*range(0, max(1, len(some)), count), len(some)], pa.int32())
        texts = pc.binary_join(pa.ListArray.from_arrays(ends, some), _LINE_FEED)
        for place, text in enumerate(texts):
            yield Piece(some.slice(place * count, count), text)


def _decode_together(decoder: DocumentDecoder, rows: pa.Array, text: pa.Scalar) -> list[Any]:
    try:
        # A view: each text that msgspec cuts out of one of Arrow's buffers takes a call to it, a
        # third of the time that decoding lists of JSON texts takes.
        documents = decoder.decode_lines(memoryview(text.as_buffer()))
    except (msgspec.DecodeError, RecursionError):
        documents = []
    if len(documents) == len(rows):
        return documents
    if len(rows) <= _FEW_ROWS:
        return list(map(decoder.decode, rows.to_pylist()))
    return [
        document
        for piece in _joined_pieces(rows, _FEW_ROWS)
        for document in decode_piece(decoder, piece)
    ]
