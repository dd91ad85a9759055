"""How much memory a run may take."""

from __future__ import annotations

import click

from aqueducts.memory import container_limit_bytes

__all__ = ["limit_for"]

_CONTAINER_SHARE = 0.9
"""Of what a container may take: its other processes need some, too."""

LEAST_BYTES = 200_000_000
"""Below this nothing runs: interpreter and libraries take 130 MB before the first query."""


def limit_for(asked_bytes: int | None) -> int | None:
    """The limit in bytes: what was asked for, else a share of the container's; None for none."""
    if asked_bytes == 0:
        return None
    if asked_bytes is not None:
        if asked_bytes < LEAST_BYTES:
            raise click.UsageError(
                f"--max-memory {asked_bytes / 1e6:.0f}MB is too little: a run needs at least "
                f"{LEAST_BYTES / 1e6:.0f}MB"
            )
        return asked_bytes
    container = container_limit_bytes()
    if container is None:
        return None
    share = int(container * _CONTAINER_SHARE)
    return share if share >= LEAST_BYTES else None
