"""What `aqueducts doctor` asks, and the answers it gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import msgspec

__all__ = ["Fact", "Health", "HealthCheck", "Status"]

Status: TypeAlias = Literal["ok", "warning", "error"]
"""`warning`: runs work, some may be slow or end early. `error`: something does not work."""

Fact: TypeAlias = str | int | float | bool | list[str] | None


class Health(msgspec.Struct, frozen=True):
    """How something is."""

    status: Status = "ok"
    facts: Mapping[str, Fact] = msgspec.field(default_factory=dict)
    """What was found, by names with their units (`free_bytes`, `load_ms`), in the order to show.
    Never a secret, nor the value of an environment variable."""
    message: str = ""
    """One sentence on what is wrong; empty where nothing is."""
    help: str | None = None
    """What to do about it: an exact command or edit."""


class HealthCheck(msgspec.Struct, frozen=True):
    """One thing to look at. `examine` may be slow and may raise; it is called at most once."""

    name: str
    examine: Callable[[], Health]
