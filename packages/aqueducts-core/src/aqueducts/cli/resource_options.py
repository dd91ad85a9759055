"""Options of every command that starts the engine: what it may take of the machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from aqueducts.cli.console import Console
from aqueducts.cli.option_types import MEMORY

if TYPE_CHECKING:
    from aqueducts.cli.attempts import Attempt
    from aqueducts.results import RunSettings

__all__ = ["Resources", "memory_options", "resource_options"]

CallableT = TypeVar("CallableT", bound=Callable[..., Any])

_MOST_ATTEMPTS = 4


class Resources(msgspec.Struct, frozen=True):
    """What a command may take of the machine."""

    max_memory_bytes: int | None
    """What was asked for, else a share of the container's limit."""
    spill_dir: str | None
    threads: int | None
    attempt: Attempt | None = None
    """Where another process holds this one to the limit."""

    @classmethod
    def take(
        cls,
        given: dict[str, Any],
        console: Console,
        *,
        reads_stdin: bool = False,
        most_attempts: int = _MOST_ATTEMPTS,
    ) -> Resources:
        """Take what `resource_options` added out of a command's keyword arguments.

        Where there is a limit, this returns in another process, once per attempt: call it before
        anything is loaded. Raises UsageError for a limit that nothing fits in.
        """
        from aqueducts.cli.memory_limit import limit_for

        limit_bytes = limit_for(given.pop("max_memory_bytes"))
        attempt = None
        if limit_bytes is not None:
            from aqueducts.cli.memory_guard import can_guard, stand_guard  # for limits only

            if console.owns_process and can_guard():
                attempt = stand_guard(
                    limit_bytes, most_attempts=most_attempts, reads_stdin=reads_stdin
                )
        return cls(limit_bytes, given.pop("spill_dir"), given.pop("threads", None), attempt)

    def refuse(self) -> None:
        """Raise OutOfMemoryError where all attempts have failed; what they left is removed."""
        shortage = None if self.attempt is None else self.attempt.shortage
        if shortage is None or not shortage.is_final:
            return
        from aqueducts.workspace import sweep

        sweep(self.spill_dir)
        raise shortage.error()

    def settings(self) -> RunSettings:
        """The same for the engine."""
        from aqueducts.results import RunSettings  # imports the events

        return RunSettings(
            max_memory_bytes=self.max_memory_bytes,
            spill_dir=self.spill_dir,
            threads=self.threads,
            shortage=None if self.attempt is None else self.attempt.shortage,
            run_id=None if self.attempt is None else self.attempt.run_id,
            is_watched=self.attempt is not None,
        )


def resource_options(function: CallableT) -> CallableT:
    """Add `--max-memory`, `--spill-dir` and `--threads`; see `Resources.take`."""
    threads = click.option(
        "--threads",
        type=click.IntRange(min=1),
        envvar="AQUEDUCTS_THREADS",
        show_envvar=True,
        help="Threads of the engine.",
    )
    return memory_options(threads(function))


def memory_options(function: CallableT) -> CallableT:
    """Add `--max-memory` and `--spill-dir`; see `Resources.take`."""
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
    ]
    for decorate in reversed(decorators):
        function = decorate(function)
    return function
