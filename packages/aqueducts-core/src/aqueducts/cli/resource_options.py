"""Options of every command that starts the engine: what it may take of the machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from aqueducts.cli.option_types import MEMORY

__all__ = ["resource_options"]

CallableT = TypeVar("CallableT", bound=Callable[..., Any])


def resource_options(function: CallableT) -> CallableT:
    """Add `--max-memory`, `--spill-dir` and `--threads`, as fields of `RunSettings`."""
    decorators: list[Callable[..., Any]] = [
        click.option(
            "--max-memory",
            "max_memory_bytes",
            type=MEMORY,
            envvar="AQUEDUCTS_MAX_MEMORY",
            show_envvar=True,
            help="Memory the process should stay under: 512MB, 1.5GiB; a plain number counts GB.",
        ),
        click.option(
            "--spill-dir",
            type=click.Path(file_okay=False),
            envvar="AQUEDUCTS_SPILL_DIR",
            show_envvar=True,
            help="Folder for temporary files; each run removes its own.",
        ),
        click.option(
            "--threads",
            type=click.IntRange(min=1),
            envvar="AQUEDUCTS_THREADS",
            show_envvar=True,
            help="Threads of the engine.",
        ),
    ]
    for decorate in reversed(decorators):
        function = decorate(function)
    return function
