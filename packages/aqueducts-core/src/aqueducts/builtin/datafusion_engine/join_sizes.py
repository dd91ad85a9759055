"""Which sources of joins the planner is told the size of."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from datafusion import DataFrame

from aqueducts.relations import FileScan, Relation

if TYPE_CHECKING:
    from aqueducts.builtin.datafusion_engine.row_bounds import RowBound

__all__ = ["JoinSizes"]


class _Text(NamedTuple):
    frame: DataFrame
    bound: RowBound


class JoinSizes:
    """Sources that take part in joins, as they are met, and limits that tell their sizes.

    The planner makes a side that it knows to be small the hash table, whatever the other side is.
    So the small text files are limited to the rows that were counted in them, and the largest
    source stays without: the planner would carry its size through joins by a rule that thinks the
    result of joining a large table with a small one to be small, and then build the hash table
    from the large one. Where two or more are too large to be counted, their bytes must do.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: dict[str, _Text] = {}
        self._large = 0
        self.limits: dict[str, int] = {}
        """Rows that sources were limited to so far."""

    def add(self, relation: Relation) -> None:
        """Note a source of a join."""
        with self._lock:
            self._large += _is_large(relation)

    def add_text(self, name: str, frame: DataFrame, bound: RowBound) -> None:
        """Note a source of text files, and the most rows it can have."""
        with self._lock:
            self._texts[name] = _Text(frame, bound)

    def take_limits(self) -> dict[str, DataFrame]:
        """Frames to use in the place of their sources' own, by source; once."""
        with self._lock:
            texts, self._texts = self._texts, {}
            large = self._large
        chosen = {
            name: text for name, text in texts.items() if text.bound.is_counted or large >= _SEVERAL
        }
        if chosen and large == 0:
            del chosen[max(chosen, key=lambda name: chosen[name].bound.rows)]
        self.limits.update({name: text.bound.rows for name, text in chosen.items()})
        return {name: text.frame.limit(text.bound.rows) for name, text in chosen.items()}


_SEVERAL = 2


def _is_large(relation: Relation) -> bool:
    from aqueducts.builtin.datafusion_engine.row_bounds import COUNTED_BYTES  # opens text files

    size = (
        sum(file.size_bytes for file in relation.files)
        if isinstance(relation, FileScan)
        else getattr(relation, "size_bytes", None)
    )
    return size is None or size > COUNTED_BYTES
