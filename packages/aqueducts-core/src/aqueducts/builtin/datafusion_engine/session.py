"""One run's tables in DataFusion."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
from datafusion import DataFrame, SessionContext, col

from aqueducts.builtin.datafusion_engine.execution import Executor
from aqueducts.builtin.datafusion_engine.file_scans import ScanContext
from aqueducts.builtin.datafusion_engine.frame import DataFusionFrame, plain_batches
from aqueducts.builtin.datafusion_engine.function_names import VOLATILE_FUNCTIONS
from aqueducts.builtin.datafusion_engine.function_packs import FunctionPacks
from aqueducts.builtin.datafusion_engine.join_sizes import JoinSizes
from aqueducts.builtin.datafusion_engine.kept_tables import (
    POSITION,
    KeptTable,
    keep,
    numbered,
)
from aqueducts.builtin.datafusion_engine.links import Links
from aqueducts.builtin.datafusion_engine.plain_types import plain_schema
from aqueducts.builtin.datafusion_engine.settings import (
    budget_for,
    keep_order_of_views,
    new_context,
)
from aqueducts.builtin.datafusion_engine.syntax import READ_ONLY
from aqueducts.connectors import EngineSettings, Frame, Session
from aqueducts.errors import EngineError, OutOfMemoryError, QueryError
from aqueducts.relations import (
    ArrowStream,
    ArrowTable,
    DataFile,
    FileScan,
    GivenTable,
    Relation,
    TableProvider,
)
from aqueducts.shortage import Strain
from aqueducts.table_names import quote, select_all, spellings

if TYPE_CHECKING:
    from aqueducts.builtin.datafusion_engine.spared_windows import SparedWindows
    from aqueducts.plan_facts import QueryPlan

__all__ = ["DataFusionSession"]

WINDOW_OPERATOR = "WindowAggExec"
_JOIN_OPERATORS = frozenset({"HashJoinInput"})
_UNREADABLE = frozenset({"day_time_interval", "month_interval"})
_SORT_OPERATORS = ("ExternalSorter", "SortPreservingMerge", "Sort", "GroupedHashAggregate")


class DataFusionSession(Session):
    """Sources and stages as views of one SessionContext."""

    def __init__(self, settings: EngineSettings, given: SessionContext | None) -> None:
        self._budget = budget_for(settings.max_memory_bytes, settings.threads, settings.shortage)
        self._is_own = given is None
        if given is None:
            self._context = new_context(settings, self._budget)
        else:
            self._context = given
            self._restore_settings = keep_order_of_views(given)
        self._work_dir = settings.work_dir
        self._max_memory_bytes = settings.max_memory_bytes
        self._links = Links(settings.work_dir / "links", self._serve)
        self._queries: dict[str, str] = {}
        """Texts of the stages that are views, for EXPLAIN and for who needs most memory."""
        self._executor = Executor(
            self._context, self._links, settings.work_dir.parent, self._queries
        )
        self._lock = threading.Lock()
        self._tables: dict[str, list[str]] = {}
        self._kept: dict[str, KeptTable] = {}
        self._given_tables: set[str] = set()
        """Tables of the caller's session that are sources."""
        self._join_sizes = JoinSizes()
        self._packs = FunctionPacks(self._context, settings.functions)
        self._shortage = settings.shortage
        self._windows = self._spared_windows(settings)
        if settings.now is not None:
            from aqueducts.builtin.datafusion_engine.clock import stop_clock  # for tests only

            stop_clock(self._context, settings.now)

    def register(self, name: str, relation: Relation, *, is_joined: bool) -> pa.Schema:
        """Make a source known by name."""
        if isinstance(relation, GivenTable):
            with self._executor.guarded():
                frame = self._context.sql(select_all(relation.name))
                self._given_tables.add(relation.name)
                if name != relation.name:  # found in lower case, as SQL does
                    self._context.register_view(quote(name), frame)
                    self._tables[name] = [name]
                return frame.schema()
        with self._executor.guarded():
            frame = self._open(name, relation, is_joined=is_joined)
            self._publish(name, frame)
            if is_joined:
                self._join_sizes.add(relation)
            if self._windows is not None:
                self._windows.add_source(name, relation)
            return frame.schema()

    def define(self, name: str, query: str) -> pa.Schema:
        """Make a stage known by name, checked by the optimizer."""
        for source, limited in self._join_sizes.take_limits().items():
            self.drop(source)
            self._publish(source, limited)
        self.drop(name)
        with self._executor.guarded():
            query = self._packs.prepare(query)
            frame = self._plan(query)
            schema = frame.schema()
            _refuse_doubles(schema, query)
            if self._windows is not None:
                query, frame = self._windows.spared(query, frame, self._plan)
                self._windows.add_stage(name, query)
            self._publish(name, frame)
        self._queries[name] = query
        return schema

    def materialise(self, name: str) -> tuple[int, int]:
        """Run a table once and put its rows in its place."""
        stream = self.frame(name).stream()
        if self._is_sorted(name):
            stream = numbered(stream)
        kept = keep(stream, self._work_dir / "kept")
        with self._executor.guarded():
            frame = self._open_kept(kept)
        self.drop(name)
        with self._executor.guarded():
            self._publish(name, frame)
        self._kept[name] = kept
        if self._windows is not None:
            self._windows.add_kept(name, kept.size_bytes)
        return kept.rows, kept.size_bytes

    def drop(self, name: str) -> None:
        """Forget a table and the rows that were kept for it."""
        with self._lock:
            registered = self._tables.pop(name, [])
            kept = self._kept.pop(name, None)
            self._queries.pop(name, None)
        for spelling in registered:
            self._context.deregister_table(quote(spelling))
        if kept is not None and kept.path is not None:
            kept.path.unlink(missing_ok=True)

    def head(self, name: str, limit: int) -> pa.Table:
        """The first rows of a table."""
        with self._executor.guarded():
            frame = _readable(self._context.table(quote(name)).limit(limit))
        schema = plain_schema(frame.schema())
        batches = plain_batches(iter(self._executor.collect(frame)), schema)
        return pa.Table.from_batches(batches, schema=schema)

    def explain(self, name: str, *, analyze: bool) -> str:
        """The plan of a table as text."""
        verb = "EXPLAIN ANALYZE" if analyze else "EXPLAIN FORMAT INDENT"
        query = self._queries.get(name) or select_all(name)
        with self._executor.guarded():
            frame = self._context.sql_with_options(f"{verb} {query}", READ_ONLY)
        plans = []
        for batch in self._executor.collect(frame):
            kinds, texts = batch.column(0).to_pylist(), batch.column(1).to_pylist()
            plans += [f"{kind}\n{text.rstrip()}" for kind, text in zip(kinds, texts, strict=True)]
        return self._links.restore("\n".join(plans))

    def describe(self, name: str) -> QueryPlan | None:
        """What running a table's query would read and hold, by its plan."""
        from aqueducts.builtin.datafusion_engine.describing import describe  # no run needs it

        sources = {table: table for table in self._given_tables}
        for table, known_as in self._tables.items():
            sources.update(dict.fromkeys(known_as, table))
        found = describe(name, self._context, self._executor, self._links, sources, self._budget)
        if found is None:
            return None
        limits = self._join_sizes.limits
        scans = [
            msgspec.structs.replace(scan, limit=None)
            if scan.limit is not None and scan.limit == limits.get(scan.source)
            else scan
            for scan in found.scans
        ]
        return msgspec.structs.replace(found, scans=tuple(scans))

    def frame(self, name: str) -> Frame:
        """A table as a frame."""
        return DataFusionFrame(self._context, self._executor, name, self._work_dir / "targets")

    def rows_read(self) -> Mapping[str, int]:
        """Rows read so far per source."""
        return self._executor.rows_read()

    def rows_out(self) -> int:
        """Rows that have left the engine so far."""
        return self._executor.rows_out()

    @property
    def economy(self) -> str | None:
        """How this session spares memory after a shortage."""
        if self._shortage is None or self._shortage.operator != WINDOW_OPERATOR:
            return self._budget.economy
        is_spared = self._windows is not None and self._windows.has_rewritten
        return "totals joined to the rows instead of windows over all rows" if is_spared else None

    def strain(self) -> Strain | None:
        """What holds most in the queries that run now."""
        return self._executor.strain(self._budget.pool_bytes)

    def replan(self, error: Exception) -> str | None:
        """Trade speed for memory by the operator that had too little."""
        if not isinstance(error, OutOfMemoryError) or not self._is_own:
            return None  # a caller's session keeps the caller's settings
        if error.operator in _JOIN_OPERATORS:
            if self._budget.joins_by_sorting:
                return None
            self._set("datafusion.optimizer.prefer_hash_join", "false")
            self._set(
                "datafusion.execution.target_partitions", str(max(2, self._budget.partitions))
            )
            return "sort-merge join instead of hash join"
        if error.operator.startswith(_SORT_OPERATORS) and not self._budget.joins_by_sorting:
            self._set("datafusion.execution.target_partitions", "1")
            self._set("datafusion.execution.batch_size", "1024")
            return "one partition, small batches"
        return None

    def interrupt(self) -> None:
        """Stop all queries of this run."""
        self._executor.interrupts.stop()

    def close(self) -> None:
        """Forget all tables of this run."""
        for name in list(self._tables):
            self.drop(name)
        if self._executor.bridge is not None:
            self._executor.bridge.close()
        if not self._is_own:
            self._restore_settings()

    def _plan(self, query: str) -> DataFrame:
        """A query, checked by the optimizer, which finds what type coercion refuses."""
        frame = self._context.sql_with_options(query, READ_ONLY)
        frame.optimized_logical_plan()
        return frame

    def _spared_windows(self, settings: EngineSettings) -> SparedWindows | None:
        """What spares windows, under a limit; a caller's session has tables nobody knows of."""
        if settings.max_memory_bytes is None or not self._is_own:
            return None
        from aqueducts.builtin.datafusion_engine.spared_windows import SparedWindows

        packs = ({name.lower() for name in pack.volatile_functions} for pack in settings.functions)
        volatile = VOLATILE_FUNCTIONS.union(*packs)
        failed = () if settings.shortage is None else settings.shortage.operators
        return SparedWindows(self._budget.pool_bytes, volatile, is_forced=WINDOW_OPERATOR in failed)

    def _open(self, name: str, relation: Relation, *, is_joined: bool) -> DataFrame:
        if isinstance(relation, FileScan):
            return self._open_files(name, relation, is_joined=is_joined)
        internal = f"__source_{uuid.uuid4().hex}"
        if isinstance(relation, ArrowStream):
            # pyarrow.dataset takes 50 MB and a tenth of a second, which files do not need.
            from aqueducts.builtin.datafusion_engine.lazy_dataset import LazyDataset

            dataset = LazyDataset(name, relation)
            self._executor.datasets[name] = dataset
            self._context.register_table(internal, dataset)
        elif isinstance(relation, ArrowTable):
            from aqueducts.builtin.datafusion_engine.given_tables import batches_of

            self._context.register_record_batches(internal, [batches_of(relation.table)])
        elif isinstance(relation, TableProvider):
            self._context.register_table(internal, relation.provider)
        else:
            raise EngineError(f"source {name!r} gave {type(relation).__name__}, not a relation")
        return self._take(internal)

    def _open_files(self, name: str, scan: FileScan, *, is_joined: bool) -> DataFrame:
        whole = scan
        if scan.format != "parquet" and any(file.reader is not None for file in scan.files):
            from aqueducts.builtin.datafusion_engine.copies import brought_near  # for stores only

            scan, whole = brought_near(scan, self._work_dir / "copies")
        self._executor.scans[name] = whole
        # Each format is imported where it is read: starting is most of what a small run does.
        has_views = self._max_memory_bytes is None
        into = ScanContext(self._context, self._links, name, has_views)
        if scan.format == "parquet":
            from aqueducts.builtin.datafusion_engine.scan_parquet import scan_parquet

            return scan_parquet(scan, into)
        if scan.format == "csv":
            from aqueducts.builtin.datafusion_engine.scan_csv import scan_csv as scan_text
        else:
            from aqueducts.builtin.datafusion_engine.scan_json import scan_json as scan_text
        frame, bound = scan_text(scan, into)
        if is_joined and bound is not None:
            self._join_sizes.add_text(name, frame, bound)
        return frame

    def _serve(self, files: Mapping[str, DataFile]) -> str:
        """Let the engine read files that are elsewhere; returns the URL above them."""
        with self._lock:
            if self._executor.bridge is None:
                from aqueducts.builtin.datafusion_engine.bridge import Bridge  # for stores only

                self._executor.bridge = Bridge(self._context, self._work_dir / "bridge")
            return self._executor.bridge.serve(files)

    def _is_sorted(self, name: str) -> bool:
        with self._executor.guarded():
            plan = self._context.table(quote(name)).optimized_logical_plan().display_indent()
        steps = (line.strip() for line in plan.splitlines())
        inner = next(
            (
                step
                for step in steps
                if not step.startswith(("SubqueryAlias", "Projection", "Limit"))
            ),
            "",
        )
        return inner.startswith("Sort")

    def _open_kept(self, kept: KeptTable) -> DataFrame:
        frame = self._read_kept(kept)
        if POSITION not in kept.schema.names:
            return frame
        # The planner leaves the sort out where the order does not matter, or is there already.
        columns = [col(quote(each)) for each in kept.schema.names if each != POSITION]
        return frame.sort(col(POSITION)).select(*columns)

    def _read_kept(self, kept: KeptTable) -> DataFrame:
        if kept.path is not None:
            is_sorted = POSITION in kept.schema.names
            return self._context.read_parquet(
                str(kept.path),
                schema=kept.schema,
                file_sort_order=[[col(POSITION).sort()]] if is_sorted else None,
            )
        internal = f"__kept_{uuid.uuid4().hex}"
        partitions = [list(kept.batches)]  # one, so that rows keep the order of an ORDER BY
        if not kept.batches:
            empty = [pa.array([], type=field.type) for field in kept.schema]
            partitions = [[pa.RecordBatch.from_arrays(empty, schema=kept.schema)]]
        self._context.register_record_batches(internal, partitions)
        return self._take(internal)

    def _take(self, internal: str) -> DataFrame:
        """A table as a frame that outlives its name."""
        frame = self._context.table(internal)
        self._context.deregister_table(internal)
        return frame

    def _publish(self, name: str, frame: DataFrame) -> None:
        with self._lock:
            for spelling in spellings(name):
                self._refuse_taken(name, spelling)
                self._context.register_view(quote(spelling), frame)
                self._tables.setdefault(name, []).append(spelling)

    def _refuse_taken(self, name: str, spelling: str) -> None:
        if self._context.table_exist(quote(spelling)):
            raise EngineError(
                f"the session has a table {spelling!r} already",
                hint=f"rename {name!r} in the pipeline, or read that table with a source of type "
                "in_memory",
            )

    def _set(self, key: str, value: str) -> None:
        with self._executor.guarded():
            self._context.sql(f"SET {key} = {value}").collect()


def _readable(frame: DataFrame) -> DataFrame:
    """The frame with text for the intervals that pyarrow has types and no values for."""
    schema = frame.schema()
    unreadable = {field.name for field in schema if str(field.type) in _UNREADABLE}
    if not unreadable:
        return frame
    columns = [col(quote(name)) for name in schema.names]
    return frame.select(
        *(
            column.cast(pa.string()).alias(name) if name in unreadable else column
            for name, column in zip(schema.names, columns, strict=True)
        )
    )


def _refuse_doubles(schema: pa.Schema, query: str) -> None:
    seen: set[str] = set()
    for name in schema.names:
        if name in seen:
            has_star = "*" in query
            raise QueryError(
                f"the result has two columns called {name!r}",
                problem_code="duplicate-column",
                subject=("operator", "*") if has_star else ("column", quote(name)),
                hint=("write out the columns instead of *, and " if has_star else "")
                + f"give one of them another name: ... AS {name}_2",
            )
        seen.add(name)
