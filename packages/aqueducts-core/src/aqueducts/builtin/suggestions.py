"""Naming what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["listed", "nearest"]


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """The choice that is most like `name`, or None where none is."""
    import difflib

    by_folded = {choice.casefold(): choice for choice in choices}
    found = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def listed(names: Sequence[str], limit: int = 5) -> str:
    """The first names as text, and how many more there are."""
    shown = ", ".join(repr(name) for name in names[:limit])
    more = len(names) - limit
    return f"{shown} and {more} more" if more > 0 else shown
