"""After a run whose process was ended: what it left beside its target."""

from __future__ import annotations

from aqueducts import AqueductsError, Plugins
from aqueducts.storage import open_store
from aqueducts_executor.worker.limits import access_of
from aqueducts_executor.worker.messages import Settle, Settled, WorkerSetup

__all__ = ["settled"]


def settled(settle: Settle, setup: WorkerSetup) -> Settled:
    """Sweep, and look whether the result is in place."""
    try:
        store = open_store(Plugins.discover(), settle.target, {}, access_of(setup))
        store.sweep()
        has_committed = None if settle.proof is None else store.has_committed(settle.proof)
        store.close()
    except AqueductsError:
        return Settled(settle.number)
    return Settled(settle.number, has_committed)
