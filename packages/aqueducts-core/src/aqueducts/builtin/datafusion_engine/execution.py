"""Running plans: interruptible, counted, with the engine's errors as ours."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import pyarrow as pa
from datafusion import DataFrame, SessionContext
from datafusion.plan import ExecutionPlan

from aqueducts.builtin.datafusion_engine.interrupts import Interrupted, Interrupts
from aqueducts.builtin.datafusion_engine.links import Links
from aqueducts.errors import AqueductsError, OutOfMemoryError, SourceError

if TYPE_CHECKING:
    from aqueducts.builtin.datafusion_engine.bridge import Bridge
    from aqueducts.builtin.datafusion_engine.lazy_dataset import LazyDataset
    from aqueducts.relations import FileScan
    from aqueducts.shortage import Strain

__all__ = ["Executor"]

_SCAN = re.compile(r"^DataSourceExec: ")


class Executor:
    """Runs the queries of one session and counts the rows that sources gave."""

    def __init__(
        self,
        context: SessionContext,
        links: Links,
        spill_dir: Path,
        queries: Mapping[str, str] | None = None,
    ) -> None:
        self._spill_dir = spill_dir
        self._queries = {} if queries is None else queries
        """Of stages, to tell whose query an operator is from."""
        self._context = context
        self._links = links
        self.interrupts = Interrupts()
        self.datasets: dict[str, LazyDataset] = {}
        self.bridge: Bridge | None = None
        """Gives the engine files that are elsewhere."""
        self.scans: dict[str, FileScan] = {}
        """What the sources that are files read, to find rows in that fail."""
        self._lock = threading.Lock()
        self._counted: Counter[str] = Counter()
        self._running: list[ExecutionPlan] = []
        self._uncounted: list[ExecutionPlan] = []
        """Plans that run, too, for a few rows."""
        self._failed: list[ExecutionPlan] = []
        self._rows_out = 0

    def guarded(self) -> AbstractContextManager[None]:
        """Make what runs inside stoppable and its errors ours."""
        return _Guard(self)

    def collect(self, frame: DataFrame) -> list[pa.RecordBatch]:
        """All rows of a small result; what it reads is not counted."""
        with self.guarded():
            batches = frame.execute_stream()
            plan = frame.execution_plan()
            with self._lock:
                self._uncounted.append(plan)
            try:
                return [batch.to_pyarrow() for batch in batches]
            finally:
                del batches  # stops the query where it failed
                with self._lock:
                    self._uncounted.remove(plan)

    def run(self, frame: DataFrame) -> list[pa.RecordBatch]:
        """Run a plan of one partition to its end, counting its sources on the way."""
        with self.guarded():
            plan = frame.execution_plan()
            with self._counting(plan):
                return [batch.to_pyarrow() for batch in self._context.execute(plan, 0)]

    def stream(self, frame: DataFrame) -> Iterator[pa.RecordBatch]:
        """Batches as they are made. All partitions run at once, nothing runs ahead of need.

        The stream object of a DataFrame is not used: it waits for ever on joins.
        """
        with self.guarded():
            batches = frame.execute_stream()
            plan = frame.execution_plan()
        with self._counting(plan):
            try:
                while True:
                    with self.guarded():
                        batch = next(batches, None)
                    if batch is None:
                        break
                    rows = batch.to_pyarrow()
                    with self._lock:
                        self._rows_out += rows.num_rows
                    yield rows
            finally:
                del batches  # stops the query and closes its sources

    def rows_read(self) -> Mapping[str, int]:
        """Rows that each source gave so far, in finished and running plans."""
        with self._lock:
            counts = Counter(self._counted)
            for plan in self._running:
                counts.update(self._rows_by_source(plan))
        for name, dataset in self.datasets.items():
            counts[name] = dataset.rows_read
        return counts

    def rows_out(self) -> int:
        """Rows that left the engine in streams and in files, finished and being written."""
        with self._lock:
            return self._rows_out + sum(map(_rows_into_files, self._running))

    def strain(self, pool_bytes: int) -> Strain | None:
        """What holds most in the plans that run now."""
        from aqueducts.builtin.datafusion_engine.strain import find_strain  # for limits only

        with self._lock:
            plans = [*self._running, *self._uncounted]
        return find_strain(plans, dict(self._queries), pool_bytes)

    @contextmanager
    def _counting(self, plan: ExecutionPlan) -> Iterator[None]:
        with self._lock:
            self._running.append(plan)
        try:
            yield
        except Exception:
            with self._lock:
                # Of another plan for the same step, nothing shall count twice.
                self._running.remove(plan)
                self._failed = [plan]
            raise
        except BaseException:
            with self._lock:
                self._running.remove(plan)
            raise
        with self._lock:
            self._running.remove(plan)
            self._rows_out += _rows_into_files(plan)
            self._count(plan)

    def _count(self, plan: ExecutionPlan) -> None:
        self._counted.update(self._rows_by_source(plan))

    def _rows_by_source(self, plan: ExecutionPlan) -> Counter[str]:
        counts: Counter[str] = Counter()
        for operator, metrics in plan.collect_metrics():
            if _SCAN.match(operator):
                source = self._links.owner_of(operator)
                if source is not None:
                    counts[source] += metrics.output_rows or 0
        return counts

    def explain(self, error: Exception) -> AqueductsError:
        """One of our errors for what was raised inside: a source's own, else the engine's."""
        for name, dataset in self.datasets.items():
            failure = dataset.take_failure()
            if isinstance(failure, AqueductsError):
                return failure
            if failure is not None:
                message = f"{type(failure).__name__}: {failure}"
                source_error = SourceError(message, step=name)
                source_error.__cause__ = failure
                return source_error
        failure = None if self.bridge is None else self.bridge.take_failure()
        if isinstance(failure, AqueductsError):
            return failure
        # For failures only.
        from aqueducts.builtin.datafusion_engine.bad_rows import bad_row
        from aqueducts.builtin.datafusion_engine.failures import engine_error

        located = bad_row(str(error), self.scans)
        if located is not None:
            return located
        explained = engine_error(error)
        if isinstance(explained, OutOfMemoryError):
            self._name_stage(explained)
        # Which disk it was cannot be seen any more: temporary files are gone with their query.
        explained.message = explained.message.replace(
            "that holds temporary files", f"that holds temporary files ({self._spill_dir})"
        )
        explained.message = self._links.restore(explained.message)
        explained.args = (explained.message,)
        return explained

    def _name_stage(self, error: OutOfMemoryError) -> None:
        from aqueducts.builtin.datafusion_engine.strain import strain_of_consumer

        with self._lock:
            # One that ran without being counted has not failed yet.
            plans = [*self._failed, *self._running]
        strain = strain_of_consumer(error.operator, plans, dict(self._queries))
        if strain is not None:
            error.step, error.words = strain.step, strain.words


class _Guard(AbstractContextManager[None]):
    """What `guarded` gives. Not a generator: `contextlib` would keep the traceback in a frame."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._marked = executor.interrupts.running()

    def __enter__(self) -> None:
        self._marked.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The frames of what was raised hold the engine's stream, whose threads would run on for
        # as long as somebody keeps the error.
        del traceback
        self._marked.__exit__(None, None, None)
        if isinstance(error, Interrupted):
            error.__traceback__ = None
            raise Interrupted from None
        # DataFusion raises bare Exception while running and ValueError while planning.
        if isinstance(error, Exception) and not isinstance(error, AqueductsError):
            if type(error) is Exception:
                error.__traceback__ = None
            explained = self._executor.explain(error)
            raise explained from explained.__cause__ or error


def _rows_into_files(plan: ExecutionPlan) -> int:
    """Rows that the file writer at the top of a plan was given so far."""
    operators = plan.collect_metrics()
    is_writer = len(operators) > 1 and operators[0][0].startswith("DataSinkExec")
    return (operators[1][1].output_rows or 0) if is_writer else 0
