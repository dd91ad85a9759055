"""Results for batches of documents, worked out together for all that is asked of them.

The engine calls each function of a query in turn, with the same rows. What was asked of the rows
before these is worked out with the first thing that is asked of these, so that documents are
decoded once. Only results are kept, not what was decoded.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from aqueducts.builtin.json_functions.documents import Piece, pieces
from aqueducts.builtin.json_functions.lookups import Conflict, Decoder, Lookup

__all__ = ["Batches", "Request"]

_MOST_BYTES = 64 << 20
"""Of rows that are kept until the next ones come; what is asked of larger ones is asked alone."""
_MOST_THREADS = 64
"""Whose last rows are kept."""


class Request(msgspec.Struct, frozen=True):
    """What is asked of documents: values, and what to make of all of them."""

    lookup: Lookup
    read: Callable[[Sequence[Any]], pa.Array | None]
    """Gives None for values that it can do nothing with; asked for alone, they are to be read
    otherwise."""


class _Batch:
    """The rows that a thread was last asked about, and all results for them so far."""

    def __init__(self, rows: pa.Array, first: Request) -> None:
        self.identity = _identity(rows)
        self.rows = rows  # which cannot go or change, or others be in their place
        self.first = first
        self.asked = {first}
        self.results: dict[Request, pa.Array | None] = {}


class Batches:
    """What one session asks; several threads may do so at once."""

    def __init__(self) -> None:
        self._last: dict[int, _Batch] = {}
        """By thread. Thread-local values of the engine's threads end with each call."""
        self._companions: dict[Request, frozenset[Request]] = {}
        """What else was last asked of the same rows, by what was asked first."""
        self._decoders: dict[frozenset[Lookup], Decoder] = {}

    def result(self, rows: pa.Array, request: Request) -> pa.Array | None:
        """The array that is read from the values that a request looks up; nulls are not read."""
        if rows.nbytes > _MOST_BYTES:
            with _paused_collector():
                return self._work_out(rows, *self._together(request, ()))[request]
        thread = threading.get_ident()
        batch = self._last.get(thread)
        if batch is None or batch.identity != _identity(rows):
            if batch is not None:
                self._companions[batch.first] = frozenset(batch.asked)
            if len(self._last) >= _MOST_THREADS:
                self._last.clear()  # most of them are gone
            self._last[thread] = batch = _Batch(rows, request)
        batch.asked.add(request)
        if request not in batch.results:
            is_first = request == batch.first
            others = self._companions.get(request, frozenset()) if is_first else frozenset()
            with _paused_collector():
                batch.results.update(self._work_out(rows, *self._together(request, others)))
        return batch.results[request]

    def _work_out(
        self, rows: pa.Array, requests: Sequence[Request], decoder: Decoder
    ) -> dict[Request, pa.Array | None]:
        if not rows.null_count:
            parts = [_read(piece, requests, decoder) for piece in pieces(rows)]
            results = map(_joined, zip(*parts, strict=True))
            return dict(zip(requests, results, strict=True))
        is_valid = rows.is_valid()
        places = pc.subtract(pc.cumulative_sum(is_valid.cast(pa.int64())), 1)
        places = pc.if_else(is_valid, places, None)
        some = self._work_out(rows.drop_null(), requests, decoder)
        return {
            each: result if result is None else result.take(places) for each, result in some.items()
        }

    def _together(
        self, request: Request, others: Iterable[Request]
    ) -> tuple[Sequence[Request], Decoder]:
        """A decoder for a request and as many others as it can serve as well."""
        requests, lookups = [request], frozenset((request.lookup,))
        decoder = self._decoder(lookups)
        for other in others:
            if other == request:
                continue
            try:
                decoder = self._decoder(lookups | {other.lookup})
            except Conflict:
                continue
            lookups = decoder.lookups
            requests.append(other)
        return requests, decoder

    def _decoder(self, lookups: frozenset[Lookup]) -> Decoder:
        decoder = self._decoders.get(lookups)
        if decoder is None:
            decoder = self._decoders[lookups] = Decoder(lookups)
        return decoder


def _read(piece: Piece, requests: Sequence[Request], decoder: Decoder) -> list[pa.Array | None]:
    # A function, so that what was decoded is gone before the next piece is.
    decoded = decoder.decode(piece)
    return [each.read(decoder.values(decoded, each.lookup)) for each in requests]


def _joined(parts: Sequence[pa.Array | None]) -> pa.Array | None:
    if len(parts) == 1:
        return parts[0]
    return None if any(part is None for part in parts) else pa.concat_arrays(parts)


def _identity(rows: pa.Array) -> tuple[int, ...]:
    addresses = (buffer.address if buffer is not None else 0 for buffer in rows.buffers())
    return (len(rows), rows.offset, *addresses)


@contextmanager
def _paused_collector() -> Iterator[None]:
    """Thousands of new objects, all of them alive, would set the garbage collector searching."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
