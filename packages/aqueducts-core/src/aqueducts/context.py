"""What a run lends to its connectors."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aqueducts.errors import StorageError
from aqueducts.events import Event
from aqueducts.storage import open_store

if TYPE_CHECKING:
    from pydantic import SecretStr

    from aqueducts.access import Access
    from aqueducts.connectors import RunInfo, SessionTables, StagedWrite, Store
    from aqueducts.plugins import Plugins
    from aqueducts.secrets import SecretVault

__all__ = ["Emitter", "LocalRunContext"]

EventT = TypeVar("EventT", bound=Event)


class Emitter:
    """Hands events to listeners, one at a time, with secrets masked."""

    def __init__(
        self, info: RunInfo, listeners: list[Callable[..., object]], vault: SecretVault
    ) -> None:
        self._info = info
        self._listeners = listeners
        self._vault = vault
        self._lock = threading.Lock()
        self.has_listeners = bool(listeners)

    def emit(self, event: EventT) -> EventT:
        """Tell all listeners; what one of them raises is logged and never fails the run.

        Returns the event as it was told.
        """
        masked = self._vault.mask_event(event)
        with self._lock:
            for listener in self._listeners:
                try:
                    listener(self._info, masked)
                # A listener is a stranger's code; the run must not depend on it.
                except Exception as error:  # noqa: BLE001
                    self._log_failure(listener, error)
        return masked

    def _log_failure(self, listener: Callable[..., object], error: Exception) -> None:
        import structlog

        structlog.wrap_logger(structlog.PrintLogger(sys.stderr)).warning(
            "listener_failed",
            run_id=self._info.run_id,
            listener=getattr(listener, "__qualname__", repr(listener)),
            error=self._vault.mask(f"{type(error).__name__}: {error}"),
        )


class LocalRunContext:
    """The RunContext of a run in this process."""

    def __init__(
        self,
        run_id: str,
        work_dir: Path,
        plugins: Plugins,
        vault: SecretVault,
        emitter: Emitter,
        tables: SessionTables | None,
    ) -> None:
        self.run_id = run_id
        self.work_dir = work_dir
        self.tables = tables
        self._plugins = plugins
        self._vault = vault
        self._emitter = emitter
        self._staged: list[StagedWrite] = []
        self._stores: list[Store] = []
        self._may_commit = True
        self._lock = threading.Lock()
        self.on_commit: Callable[[], object] | None = None
        """Called when a commit begins that no second attempt may repeat."""

    @property
    def access(self) -> Access:
        """What this run may reach."""
        return self._vault.access

    def reveal(self, value: str | SecretStr) -> str:
        """The text with secret references resolved."""
        return self._vault.reveal(value)

    def store(self, location: str, options: Mapping[str, str | SecretStr]) -> Store:
        """The store that serves `location`."""
        revealed = {key: self.reveal(value) for key, value in options.items()}
        store = open_store(self._plugins, self.reveal(location), revealed, self.access)
        with self._lock:
            self._stores.append(store)
            may_commit = self._may_commit
        if not may_commit:
            store.close()
        return store

    def emit(self, event: EventT) -> EventT:
        """Tell an event of this run; returns it as it was told, with secrets masked."""
        return self._emitter.emit(event)

    def committing(self) -> None:
        """Tell that a commit begins which a second attempt would repeat."""
        with self._lock:
            if not self._may_commit:
                raise StorageError("the run was stopped: nothing is committed")
        if self.on_commit is not None:
            self.on_commit()
        self.access.check_commit(None)

    def staged(self, write: StagedWrite) -> None:
        """Remember a staged write, so that it can be removed from another thread."""
        write.permission = self.access.check_commit
        with self._lock:
            self._staged.append(write)
            may_commit = self._may_commit
        if not may_commit:
            write.forbid_commit()

    def forbid_commits(self) -> None:
        """Let nothing take a target's place any more, whatever threads are still at work.

        Those that wait for a store are let go.
        """
        with self._lock:
            self._may_commit = False
            staged = list(self._staged)
        for write in staged:
            write.forbid_commit()
        self._close_stores()

    def abort_staged(self) -> None:
        """Remove everything that was staged and is not committed."""
        with self._lock:
            staged, self._staged = self._staged, []
        for write in staged:
            write.abort()

    def close(self) -> None:
        """Let go of all stores."""
        self._close_stores()

    def _close_stores(self) -> None:
        with self._lock:
            stores = list(self._stores)
        for store in stores:
            store.close()
