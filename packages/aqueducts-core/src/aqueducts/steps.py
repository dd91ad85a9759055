"""The steps of a run in their order: sources, checks, stages, destination."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from aqueducts.documents import Path
from aqueducts.errors import (
    AqueductsError,
    DestinationError,
    EngineError,
    OutOfMemoryError,
    PlanError,
    RunError,
    SourceError,
    StageError,
)
from aqueducts.events import (
    DestinationCompleted,
    DestinationStarted,
    Notice,
    Progress,
    Replanned,
    SourceRegistered,
    StageCompleted,
    StageOutput,
    StageStarted,
)
from aqueducts.outputs import schema_table, shown_table
from aqueducts.plan import make_plan
from aqueducts.query_problems import query_path, query_problems
from aqueducts.relations import ArrowStream, FileScan, Relation
from aqueducts.results import StepResult

if TYPE_CHECKING:
    from aqueducts.connectors import Destination, Engine, Frame, Session, WriteReport
    from aqueducts.context import LocalRunContext
    from aqueducts.pipeline import Pipeline
    from aqueducts.plan import Plan, PlannedStage

__all__ = ["Steps"]

ResultT = TypeVar("ResultT")

_PROGRESS_SECONDS = 0.25
_MOST_ROWS_SHOWN = 500


class Steps:
    """One run's steps; each blocking call goes to the run's threads."""

    def __init__(
        self,
        pipeline: Pipeline,
        plan: Plan,
        session: Session,
        context: LocalRunContext,
        engine: Engine,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._pipeline = pipeline
        self._plan = plan
        self._session = session
        self._context = context
        self._engine = engine
        self._pool = pool
        self._calls: set[Future[Any]] = set()
        self._has_replanned = False
        self._rows_before: int | None = None
        """Rows that had left the engine when the destination began; None before that."""
        self._write_began = 0.0
        self._report: WriteReport | None = None
        self._relations: dict[str, Relation] = {}
        self._source_ms: dict[str, float] = {}
        self.results: list[StepResult] = []
        self.outputs: list[StageOutput] = []

    @property
    def is_busy(self) -> bool:
        """Whether threads are still at work."""
        return any(not call.done() for call in list(self._calls))

    async def go(self) -> None:
        """All steps. Data moves only after everything was checked."""
        destination = self._destination()
        if destination is not None:
            with self._in_destination():
                await self._call(destination.prepare, self._context)
        await self._open_sources()
        await self._check_stages(destination)
        async with self._progress():
            await self._run_groups()
            if destination is not None:
                await self._write(destination)
        self._tell_sources()

    async def _open_sources(self) -> None:
        sources = list(self._pipeline.sources)
        await _together(self._open_source(source) for source in sources)

    async def _open_source(self, config: Any) -> None:
        started = time.perf_counter()
        plugins = self._pipeline.plugins
        relation: Relation
        with self._in_source(config.name):
            formats = {tag: each() for tag, each in plugins.file_formats.items()}
            source = plugins.get(plugins.sources, config.type)(config, formats)
            relation = await self._call(source.open, self._context)
            self._relations[config.name] = relation
            is_joined = config.name in self._plan.joined_sources()
            await self._call(self._register, config.name, relation, is_joined)
        self._source_ms[config.name] = _ms_since(started)
        self._context.emit(
            SourceRegistered(
                name=config.name,
                duration_ms=self._source_ms[config.name],
                files=len(relation.files) if isinstance(relation, FileScan) else None,
                size_bytes=_size(relation),
            )
        )

    def _register(self, name: str, relation: Relation, is_joined: bool) -> None:
        self._session.register(name, relation, is_joined=is_joined)

    async def _check_stages(self, destination: Destination[Any] | None) -> None:
        """Plan every stage against real schemas, and show the destination what comes."""
        problems = await self._query_problems()
        if problems:
            raise PlanError(problems)
        if self._plan.final is None:
            return
        with self._in_stage(self._plan.stages[-1]):
            frame = await self._call(self._session.frame, self._plan.final)
            await self._call(frame.check)
        if destination is not None:
            with self._in_destination():
                await self._call(destination.check, frame.schema, self._context)

    async def _query_problems(self) -> list[Any]:
        """What is wrong with the queries, but for what only repeats an earlier problem."""
        problems: list[Any] = []
        failed: set[str] = set()
        stages = list(self._plan.stages)
        while stages:
            stage = stages.pop(0)
            found: list[Any] = []
            if failed.isdisjoint(stage.reads):
                define = partial(self._define_now, stage.name)
                found = await self._call(query_problems, self._pipeline, stage, define)
            if found and not failed and self._plan.is_outline:
                # Only now it matters who reads what; this knows more of names that are wrong.
                tables = self._context.tables
                known = tables.names() if tables is not None else ()
                plan = make_plan(self._pipeline, known_tables=known)
                stages = [each for each in plan.stages if each.group > stage.group]
            if found or not failed.isdisjoint(stage.reads):
                failed.add(stage.name)
            problems += found
        return problems

    async def _define(self, stage: PlannedStage) -> None:
        await self._call(self._define_now, stage.name, stage.stage.query)

    def _define_now(self, name: str, query: str) -> None:
        self._session.define(name, self._context.reveal(query))

    async def _run_groups(self) -> None:
        packs = self._pipeline.plugins.udf_packs.values()
        volatile = self._engine.volatile_functions.union(
            *({name.lower() for name in pack.volatile_functions} for pack in packs)
        )
        kept = self._plan.kept_stages(volatile, self._one_time_sources())
        spooled = [name for name in self._one_time_sources() if self._plan.uses(name) > 1]
        for name in spooled:
            with self._in_source(name):
                await self._replanning(name, partial(self._session.materialise, name))
        release = self._plan.release_after(kept)
        must_redefine = bool(kept or spooled)
        for group in self._plan.groups:
            if must_redefine:
                for stage in group:
                    await self._define(stage)
            await _together(self._run_stage(stage, kept.get(stage.name)) for stage in group)
            for name, last in release.items():
                if last == group[0].group:
                    await self._call(self._session.drop, name)

    async def _run_stage(self, stage: PlannedStage, reason: str | None) -> None:
        started = time.perf_counter()
        place = {"position": stage.group, "sub_position": stage.place}
        self._context.emit(StageStarted(name=stage.name, **place))
        rows = size = None
        with self._in_stage(stage):
            if reason is not None:
                rows, size = await self._replanning(
                    stage.name, lambda: self._session.materialise(stage.name)
                )
            await self._answer(stage)
        duration_ms = _ms_since(started)
        self.results.append(
            StepResult(
                kind="stage",
                name=stage.name,
                duration_ms=duration_ms,
                rows=rows,
                size_bytes=size,
                reason=reason,
            )
        )
        self._context.emit(
            StageCompleted(
                name=stage.name,
                duration_ms=duration_ms,
                is_lazy=reason is None,
                rows=rows,
                size_bytes=size,
                reason=reason,
                **place,
            )
        )

    async def _answer(self, stage: PlannedStage) -> None:
        """What the stage was asked to print."""
        asked, name = stage.stage, stage.name
        if asked.print_schema:
            frame = await self._call(self._session.frame, name)
            self._print(stage, "schema", table=schema_table(frame.schema))
        if asked.explain:
            text = await self._call(lambda: self._session.explain(name, analyze=False))
            self._print(stage, "explain", text=text)
        if asked.explain_analyze:
            text = await self._replanning(name, lambda: self._session.explain(name, analyze=True))
            self._print(stage, "explain_analyze", text=text)
        if asked.show is not None:
            limit = min(asked.show or _MOST_ROWS_SHOWN, _MOST_ROWS_SHOWN)
            rows = await self._replanning(name, lambda: self._session.head(name, limit + 1))
            self._print(stage, "show", table=shown_table(rows, limit))

    def _print(self, stage: PlannedStage, kind: Any, **content: Any) -> None:
        output = StageOutput(
            name=stage.name,
            position=stage.group,
            sub_position=stage.place,
            kind=kind,
            **content,
        )
        self.outputs.append(self._context.emit(output))

    async def _write(self, destination: Destination[Any]) -> None:
        final = self._plan.stages[-1].name  # a plan with a destination has stages
        name = self._pipeline.destination.name
        location = getattr(self._pipeline.destination, "location", None)
        self._write_began = time.perf_counter()
        self._context.emit(DestinationStarted(name=name, location=location))
        self._rows_before = self._session.rows_out()
        with self._in_destination():
            await self._replanning(
                final, lambda: self._write_once(destination, self._session.frame(final))
            )
        self.tell_write()

    def tell_write(self) -> None:
        """Tell of the write if it is complete; it may be just when the run is stopped."""
        report, self._report = self._report, None
        if report is None:
            return
        name = self._pipeline.destination.name
        duration_ms = _ms_since(self._write_began)
        self.results.append(
            StepResult(
                kind="destination",
                name=name,
                duration_ms=duration_ms,
                rows=report.rows,
                size_bytes=report.size_bytes,
                files=report.files,
                location=report.location,
            )
        )
        self._context.emit(
            DestinationCompleted(
                name=name,
                duration_ms=duration_ms,
                rows=report.rows,
                size_bytes=report.size_bytes,
                files=report.files,
                location=report.location,
            )
        )

    def _write_once(self, destination: Destination[Any], frame: Frame) -> None:
        try:
            self._report = destination.write(frame, self._context)
        except EngineError as error:
            if error.step is None:  # the query failed, not the target
                stage = self._plan.stages[-1]
                error.step, error.path = stage.name, query_path(stage)
            raise

    def _destination(self) -> Destination[Any] | None:
        config = self._pipeline.destination
        if config is None:
            self._context.emit(
                Notice(
                    message="the pipeline has no destination: nothing is written",
                    code="no-destination",
                )
            )
            return None
        plugins = self._pipeline.plugins
        formats = {tag: each() for tag, each in plugins.file_formats.items()}
        return plugins.get(plugins.destinations, config.type)(config, formats)

    def _one_time_sources(self) -> frozenset[str]:
        return frozenset(
            name
            for name, relation in self._relations.items()
            if isinstance(relation, ArrowStream) and not relation.is_rereadable
        )

    def _tell_sources(self) -> None:
        counts = self._session.rows_read()
        for name, relation in reversed(self._relations.items()):
            self.results.insert(
                0,
                StepResult(
                    kind="source",
                    name=name,
                    duration_ms=self._source_ms[name],
                    rows=counts.get(name),
                    size_bytes=_size(relation),
                    files=len(relation.files) if isinstance(relation, FileScan) else None,
                ),
            )

    async def _replanning(self, name: str, action: Callable[[], ResultT]) -> ResultT:
        """Do it; once in a run, where memory runs out, do it again with another plan."""
        try:
            return await self._call(action)
        except OutOfMemoryError as error:
            change = None if self._has_replanned else self._session.replan(error)
            if change is None:
                raise
            self._has_replanned = True
            self._context.emit(Replanned(step=name, operator=error.operator, change=change))
        return await self._call(action)

    async def _call(self, function: Callable[..., ResultT], *args: Any) -> ResultT:
        call = self._pool.submit(function, *args)
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return await asyncio.wrap_future(call)

    @asynccontextmanager
    async def _progress(self) -> AsyncIterator[None]:
        """Tell how many rows the sources have given, a few times a second."""

        async def tell() -> None:
            told: dict[str, int] = {}
            while True:
                await asyncio.sleep(_PROGRESS_SECONDS)
                for name, rows in self._session.rows_read().items():
                    if told.get(name) != rows:
                        told[name] = rows
                        self._context.emit(Progress(step="source", name=name, rows=rows))
                if self._rows_before is not None:
                    written = max(0, self._session.rows_out() - self._rows_before)
                    name = self._pipeline.destination.name
                    self._context.emit(Progress(step="destination", name=name, rows=written))

        task = asyncio.create_task(tell())
        try:
            yield
        finally:
            task.cancel()

    @contextmanager
    def _step(self, kind: type[RunError], name: str, path: Path) -> Iterator[None]:
        """Errors of one step carry its name and place, and are ours."""
        try:
            yield
        except AqueductsError as error:
            if error.step is None:
                error.step, error.path = name, path
            raise
        # A connector is a stranger's code: whatever it raises must name the step it broke.
        except Exception as error:
            failed = kind(f"{type(error).__name__}: {error}", step=name)
            failed.path = path
            raise failed from error

    def _in_source(self, name: str) -> Any:
        names = [source.name for source in self._pipeline.sources]
        return self._step(SourceError, name, ("sources", names.index(name), "location"))

    def _in_stage(self, stage: PlannedStage) -> Any:
        return self._step(StageError, stage.name, query_path(stage))

    def _in_destination(self) -> Any:
        name = self._pipeline.destination.name
        return self._step(DestinationError, name, ("destination", "location"))


async def _together(steps: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all at the same time; the first that fails cancels the others and is raised."""
    tasks = [asyncio.create_task(step) for step in steps]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _size(relation: Relation) -> int | None:
    if isinstance(relation, FileScan):
        return sum(file.size_bytes for file in relation.files)
    return getattr(relation, "size_bytes", None)


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
