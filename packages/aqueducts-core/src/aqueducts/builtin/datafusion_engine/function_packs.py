"""Functions of plugins in a session, registered when the first query needs them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from datafusion import SessionContext

from aqueducts.connectors import UdfPack

__all__ = ["FunctionPacks"]


class FunctionPacks:
    """The packs of one session."""

    def __init__(self, context: SessionContext, packs: Sequence[UdfPack]) -> None:
        self._context = context
        self._packs = [pack for pack in packs if pack.engine == "datafusion"]
        self._registered: set[str] = set()
        for pack in self._packs:
            if not pack.mentions:
                self._register(pack)

    def prepare(self, query: str) -> str:
        """The query as the engine shall run it, with all functions known that it calls."""
        for pack in self._packs:
            if pack.mentions and not _mentions(query, pack.mentions):
                continue
            self._register(pack)
            if pack.prepare is not None:
                query = pack.prepare(self._context, query)
        return query

    def _register(self, pack: UdfPack) -> None:
        if pack.name not in self._registered:
            pack.register(self._context)
            self._registered.add(pack.name)


def _mentions(query: str, words: Sequence[str]) -> bool:
    return re.search("|".join(map(re.escape, words)), query, re.IGNORECASE) is not None
