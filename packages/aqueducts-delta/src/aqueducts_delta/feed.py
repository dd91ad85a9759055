"""The result on its way into a table, batch by batch."""

from __future__ import annotations

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

    What the frame raises is lost in native code: it is kept in `failure`.
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
        self._source: pa.RecordBatchReader | None = None
        self.rows = 0
        self.failure: BaseException | None = None

    def __enter__(self) -> Feed:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure

    def reader(self) -> pa.RecordBatchReader:
        """All batches; the last one is followed by the permission to commit."""
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self._schema, self._committing())

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All batches, shaped and counted."""
        try:
            self._source = self._frame.stream()
            for batch in self._source:
                self._guard.check()
                self.rows += batch.num_rows
                yield self._shape(batch)
        except GeneratorExit:
            raise
        except BaseException as error:
            self.failure = error
            raise

    def _committing(self) -> Iterator[pa.RecordBatch]:
        yield from self.batches()
        try:
            self._guard.commit()
        except StorageError as error:
            self.failure = error
            raise
