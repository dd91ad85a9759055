"""The result on its way into a table, batch by batch."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from aqueducts.connectors import Frame, StagedWrite
from aqueducts.errors import StorageError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CommitGuard", "Feed"]

_AHEAD = 2
"""Batches that are made before they are asked for."""
_LOOK_UP_SECONDS = 0.05
"""How often a query that has to wait looks whether it is still wanted."""


class CommitGuard(StagedWrite):
    """Stands between the last row and the commit: a run that is stopped gets no further.

    What deltalake has written by then belongs to no version, and is removed by it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._is_forbidden = False
        self._is_committing = False

    def check(self) -> None:
        """Go on, or raise StorageError where the run was stopped."""
        if self._is_forbidden:
            raise StorageError("the run was stopped: nothing is committed")

    def commit(self) -> None:
        """Let the commit happen: from now on it is too late to stop it."""
        self.begin_commit()
        with self._lock:
            self.check()
            self._is_committing = True

    def forbid_commit(self) -> None:
        """Let no commit begin from now on."""
        with self._lock:
            self._is_forbidden = True

    def abort(self) -> None:
        """Let no commit begin, and remove what is at `path`."""
        self.forbid_commit()
        self.path.unlink(missing_ok=True)


class Feed:
    """Batches of a frame as deltalake reads them; use it in `with`.

    The query runs in a thread of its own. deltalake asks for batches in threads of its runtime, in
    which a source that is a Delta table itself could not be read: waiting for the runtime there
    ends the process. What the frame raises is lost in native code: it is raised when this ends.
    """

    def __init__(
        self,
        frame: Frame,
        schema: pa.Schema,
        shape: Callable[[pa.RecordBatch], pa.RecordBatch],
        guard: CommitGuard,
    ) -> None:
        self._frame = frame
        self._schema = schema
        self._shape = shape
        self._guard = guard
        self._made: queue.Queue[pa.RecordBatch | BaseException | None] = queue.Queue(_AHEAD)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="aqueducts-delta-feed", daemon=True)
        self._failure: BaseException | None = None
        self.rows = 0

    def __enter__(self) -> Feed:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def reader(self) -> pa.RecordBatchReader:
        """All batches; the last one is followed by the permission to commit."""
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self._schema, self._committing())

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All batches, shaped and counted."""
        while (made := self._made.get()) is not None:
            if isinstance(made, BaseException):
                self._failure = made
                raise made
            self.rows += made.num_rows
            yield made
            del made  # or it would be held while the next one is waited for

    def _committing(self) -> Iterator[pa.RecordBatch]:
        yield from self.batches()
        try:
            self._guard.commit()
        except StorageError as error:
            self._failure = error
            raise

    def _run(self) -> None:
        """Run the query, as far as batches are taken."""
        try:
            with self._frame.stream() as source:
                for batch in source:
                    self._guard.check()
                    if not self._put(self._shape(batch)):
                        return
                    del batch
            self._put(None)
        # Raised again where batches are taken: what ends a stopped run is no Exception.
        except BaseException as error:  # noqa: BLE001
            self._put(error)

    def _put(self, made: pa.RecordBatch | BaseException | None) -> bool:
        """Hand over; whether anybody still takes."""
        while not self._is_over.is_set():
            try:
                self._made.put(made, timeout=_LOOK_UP_SECONDS)
            except queue.Full:
                continue
            return True
        return False
