"""What a run in a worker may reach, and when its result may take its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aqueducts.access import LimitedAccess
from aqueducts_executor.worker.messages import WorkerSetup

__all__ = ["access_of"]


@dataclass(frozen=True, kw_only=True)
class _WorkerAccess(LimitedAccess):
    """The limits of the executor."""

    ask_to_commit: Callable[[str | None], None] | None = None

    def check_commit(self, proof: str | None) -> None:
        """Wait until the parent has noted it."""
        if self.ask_to_commit is not None:
            self.ask_to_commit(proof)


def access_of(
    setup: WorkerSetup, ask_to_commit: Callable[[str | None], None] | None = None
) -> LimitedAccess:
    """The limits that a worker was begun with."""
    return _WorkerAccess(
        roots=setup.roots,
        hidden=setup.hidden,
        endpoints=setup.endpoints,
        secrets=setup.secrets,
        ask_to_commit=ask_to_commit,
    )
