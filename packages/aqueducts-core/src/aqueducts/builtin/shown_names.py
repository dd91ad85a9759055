"""Names in messages."""

from __future__ import annotations

import os
from collections.abc import Sequence

__all__ = ["listed", "shown_path"]


def listed(names: Sequence[str], limit: int = 5) -> str:
    """The first names as text, and how many more there are."""
    shown = ", ".join(repr(name) for name in names[:limit])
    more = len(names) - limit
    return f"{shown} and {more} more" if more > 0 else shown


def shown_path(path: str) -> str:
    """A path as somebody in the working folder would write it: relative where it is below."""
    folder = os.getcwd().rstrip("/") + "/"  # noqa: PTH109 - text paths
    return path.removeprefix(folder) or path
