"""Which queries of a session compute totals by joins, where windows would hold too many rows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import msgspec
import pyarrow.types as pt

from aqueducts.builtin.datafusion_engine.window_totals import ORDERED_AGGREGATES, totals_query
from aqueducts.query_words import read_words
from aqueducts.relations import ArrowTable, FileScan, Relation, TableProvider

if TYPE_CHECKING:
    import pyarrow as pa
    from datafusion import DataFrame

__all__ = ["SparedWindows"]

_UNSTEADY = frozenset({"limit", "offset", "fetch", "over", "tablesample"})
"""Words of queries whose rows may be others when they run again: which come first is chance."""

_LARGE_SHARE = 0.25
"""Of the pool: bytes in files from which on windows are not tried, which hold them decoded."""


class _Table(msgspec.Struct, frozen=True):
    """What a query over a table may rely on."""

    is_steady: bool
    """Whether it has the same rows each time it is read."""
    size_bytes: int | None
    """Of the files that are read for it."""


class SparedWindows:
    """Knows the tables of one session, and rewrites queries over them."""

    def __init__(
        self, pool_bytes: int, volatile_functions: Collection[str], *, is_forced: bool
    ) -> None:
        self._pool_bytes = pool_bytes
        self._unsteady = _UNSTEADY | ORDERED_AGGREGATES | frozenset(volatile_functions)
        self._is_forced = is_forced
        """Whether a window had too little memory in the attempt before."""
        self._tables: dict[str, _Table] = {}
        self.has_rewritten = False

    def add_source(self, name: str, relation: Relation) -> None:
        """Note what a source is."""
        size = getattr(relation, "size_bytes", None)
        if isinstance(relation, FileScan):
            size = sum(file.size_bytes for file in relation.files)
        elif isinstance(relation, ArrowTable):
            size = relation.table.nbytes
        # What a database gives may have changed when it is asked again.
        is_steady = isinstance(relation, FileScan | ArrowTable | TableProvider)
        self._tables[name.lower()] = _Table(is_steady, size)

    def add_stage(self, name: str, query: str) -> None:
        """Note what a stage reads."""
        self._tables[name.lower()] = self._read(query)

    def add_kept(self, name: str, size_bytes: int) -> None:
        """Note that the rows of a table were kept."""
        self._tables[name.lower()] = _Table(is_steady=True, size_bytes=size_bytes)

    def spared(
        self, query: str, frame: DataFrame, plan: Callable[[str], DataFrame]
    ) -> tuple[str, DataFrame]:
        """The query with joins instead of windows, planned; as it was where that cannot be.

        `frame` is the query planned as it was written, `plan` plans another.
        """
        if "over" not in query.lower() or not self._is_wanted(query):
            return query, frame
        schema = frame.schema()
        found = totals_query(query, lambda place: str(schema.names[place]))
        if found is None:
            return query, frame
        # The engine may know better what the text means: then the query stays as it is.
        try:
            spared = plan(found.query)
            keys = [] if found.keys is None else list(plan(found.keys).schema().types)
        except Exception:  # noqa: BLE001 - whatever the engine raises
            return query, frame
        is_same = _columns(spared.schema()) == _columns(schema)
        if not is_same or not all(map(_can_join, keys)):
            return query, frame
        self.has_rewritten = True
        return found.query, spared

    def _is_wanted(self, query: str) -> bool:
        words = {word.text.lower() for word in read_words(query) if word.kind != "text"}
        if words & (self._unsteady - _UNSTEADY):
            return False
        read = self._read_by(words)
        if not read or not all(table.is_steady for table in read):
            return False
        sizes = [table.size_bytes for table in read]
        is_large = None not in sizes and sum(filter(None, sizes)) > self._pool_bytes * _LARGE_SHARE
        return self._is_forced or is_large

    def _read(self, query: str) -> _Table:
        words = {word.text.lower() for word in read_words(query) if word.kind != "text"}
        read = self._read_by(words)
        sizes = [table.size_bytes for table in read]
        return _Table(
            is_steady=bool(read)
            and all(table.is_steady for table in read)
            and not words & self._unsteady
            and not ("distinct" in words and "on" in words),
            size_bytes=None if None in sizes else sum(filter(None, sizes)),
        )

    def _read_by(self, words: Collection[str]) -> list[_Table]:
        """Tables that these words may mean."""
        return [table for name, table in self._tables.items() if name in words]


def _columns(schema: pa.Schema) -> list[tuple[str, pa.DataType]]:
    return [(field.name, field.type) for field in schema]


def _can_join(data_type: pa.DataType) -> bool:
    """Whether joins and groups agree on which values are equal: of floats they do not."""
    return bool(
        pt.is_integer(data_type)
        or pt.is_string(data_type)
        or pt.is_large_string(data_type)
        or pt.is_string_view(data_type)
        or pt.is_boolean(data_type)
        or pt.is_date(data_type)
        or pt.is_timestamp(data_type)
        or pt.is_decimal(data_type)
    )
