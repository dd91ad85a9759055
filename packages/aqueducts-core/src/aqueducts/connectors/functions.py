"""Functions for queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

__all__ = ["UdfPack"]


class UdfPack(msgspec.Struct, frozen=True):
    """Functions for queries."""

    name: str
    """Unique among all packs."""
    engine: str
    """Name of the engine that they are for; others pass them over."""
    register: Callable[[Any], None]
    """Called once in a run, with what the engine offers: a `datafusion.SessionContext`."""
    volatile_functions: tuple[str, ...] = ()
    """Functions that give another result each time; stages with them are run once and kept."""
    mentions: tuple[str, ...] = ()
    """Names of functions, and operators, that a query needs the pack for: `register` is called for
    the first query that has one of them, in capitals or not. None: when the run begins."""
    prepare: Callable[[Any, str], str] | None = None
    """Gives the query that the engine is to run for one as written, after `register` and with the
    same argument: for calls that the engine could not run as they are."""
