"""A run before any data moves: sources opened, stages planned, the destination asked."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

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
from aqueducts.events import Notice, SourceRegistered
from aqueducts.models.fields import scheme_of
from aqueducts.plan import make_plan
from aqueducts.relations import ArrowStream, FileScan, Relation

if TYPE_CHECKING:
    from aqueducts.connectors import Destination, Engine, Session
    from aqueducts.context import LocalRunContext
    from aqueducts.pipeline import Pipeline
    from aqueducts.plan import Plan, PlannedStage
    from aqueducts.shortage import Shortage
    from aqueducts.threads import RunThreads

__all__ = ["Failures", "PreparedRun", "relation_size"]


class Failures(NamedTuple):
    """Everything that keeps a run from moving data."""

    unreachable: list[AqueductsError]
    """Of sources that cannot be opened, and a destination that cannot be written."""
    refused: list[AqueductsError]
    """Of queries, and columns that the destination does not take."""


class PreparedRun:
    """What a run works with; `prepare` opens, plans and checks it all and reads no data.

    Its methods wait for the threads of the run, and are not for those threads themselves.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        plan: Plan,
        session: Session,
        context: LocalRunContext,
        engine: Engine,
        threads: RunThreads,
    ) -> None:
        self.pipeline = pipeline
        self.plan = plan
        self.session = session
        self.context = context
        self.engine = engine
        self.destination: Destination[Any] | None = None
        self.relations: dict[str, Relation] = {}
        """What each source has handed over, in the order they answered."""
        self.source_ms: dict[str, float] = {}
        """How long it took to open each source."""
        self.threads = threads

    def prepare(self) -> None:
        """Find everything that can be found wrong before data moves.

        Raises RunError for the first source or destination that cannot be opened, PlanError with
        all that is wrong with queries.
        """
        self._prepare_destination()
        self.threads.together(partial(self._open_source, source) for source in self._sources)
        problems = self._query_problems(set())
        if problems:
            raise PlanError(problems)
        self._check_result()

    def failures(self) -> Failures:
        """Do as `prepare` does and go on after each failure, with what does not depend on it."""
        failures = Failures([], [])
        try:
            self._prepare_destination()
        except AqueductsError as error:
            failures.unreachable.append(error)
            self.destination = None
        closed: dict[str, AqueductsError] = {}
        self.threads.together(
            partial(self._try_to_open, source, closed) for source in self._sources
        )
        failures.unreachable.extend(closed[name] for name in self.plan.sources if name in closed)
        failed = set(closed)
        problems = self._query_problems(failed)
        if problems:
            failures.refused.append(PlanError(problems))
        if self.plan.final is not None and self.plan.final not in failed:
            try:
                self._check_result()
            except AqueductsError as error:
                failures.refused.append(error)
        return failures

    def define(self, stage: PlannedStage) -> None:
        """Make a stage known to the engine, once more where what it reads was replaced."""
        self.threads.call(self.define_here, stage)

    def define_here(self, stage: PlannedStage) -> None:
        """Do as `define`, in the thread of the caller."""
        self._define(stage.name, stage.stage.query)

    def kept_stages(self) -> Mapping[str, str]:
        """Stages that must be computed once and kept, each with the reason."""
        return self.plan.kept_stages(self.volatile_functions, self.one_time_sources)

    def spooled_sources(self) -> list[str]:
        """Sources that are used more often than they can be read: they are kept first."""
        return [
            source.name
            for source in self.pipeline.sources
            if source.name in self.one_time_sources and self.plan.uses(source.name) > 1
        ]

    @property
    def volatile_functions(self) -> frozenset[str]:
        """Functions that give another result each time they are called."""
        packs = self.pipeline.plugins.udf_packs.values()
        return self.engine.volatile_functions.union(
            *({name.lower() for name in pack.volatile_functions} for pack in packs)
        )

    @property
    def one_time_sources(self) -> frozenset[str]:
        """Sources that can be read only once."""
        return frozenset(
            name
            for name, relation in self.relations.items()
            if isinstance(relation, ArrowStream) and not relation.is_rereadable
        )

    def in_source(self, name: str) -> Any:
        """Errors in here are those of a source."""
        return self._step(SourceError, name, self._source_path(name) or ("sources",))

    def strained_step(self, shortage: Shortage) -> str:
        """The stage that had too little memory; where nobody can tell, the last one."""
        if shortage.strain is not None and shortage.strain.step is not None:
            return shortage.strain.step
        return self.plan.stages[-1].name if self.plan.stages else "the run"

    def shortage_error(
        self, shortage: Shortage, expected_bytes: int | None = None
    ) -> OutOfMemoryError:
        """The error that ends a run for which there is too little memory, at its place."""
        error = shortage.error(expected_bytes)
        error.step = self.strained_step(shortage)
        error.path = self._stage_paths().get(error.step)
        return error

    def _stage_paths(self) -> dict[str, Path]:
        return {stage.name: stage.path for stage in self.plan.stages}

    def in_stage(self, stage: PlannedStage) -> Any:
        """Errors in here are those of a stage."""
        return self._step(StageError, stage.name, stage.path)

    def in_destination(self) -> Any:
        """Errors in here are those of the destination."""
        name = self.pipeline.destination.name
        return self._step(DestinationError, name, ("destination", "location"))

    def _source_path(self, name: str) -> Path | None:
        names = [source.name for source in self.pipeline.sources]
        return ("sources", names.index(name), "location") if name in names else None

    @property
    def _sources(self) -> list[Any]:
        """Models of the sources that the plan needs."""
        needed = frozenset(self.plan.sources)
        return [source for source in self.pipeline.sources if source.name in needed]

    def _prepare_destination(self) -> None:
        config = self.pipeline.destination
        if config is None:
            self.context.emit(
                Notice(
                    message="the pipeline has no destination: nothing is written",
                    code="no-destination",
                )
            )
        if config is None or not self.plan.has_destination:
            return
        plugins = self.pipeline.plugins
        formats = {tag: each() for tag, each in plugins.file_formats.items()}
        self.destination = plugins.get(plugins.destinations, config.type)(config, formats)
        with self.in_destination():
            self.threads.call(self.destination.prepare, self.context)

    def _try_to_open(self, config: Any, closed: dict[str, AqueductsError]) -> None:
        try:
            self._open_source(config)
        except AqueductsError as error:
            closed[config.name] = error

    def _open_source(self, config: Any) -> None:
        started = time.perf_counter()
        plugins = self.pipeline.plugins
        relation: Relation
        with self.in_source(config.name):
            formats = {tag: each() for tag, each in plugins.file_formats.items()}
            source = plugins.get(plugins.sources, config.type)(config, formats)
            relation = source.open(self.context)
            self.relations[config.name] = relation
            is_joined = config.name in self.plan.joined_sources()
            self.threads.go_on()
            self._check_access(relation)
            self.session.register(config.name, relation, is_joined=is_joined)
        self.threads.go_on()
        self.source_ms[config.name] = _ms_since(started)
        self.context.emit(
            SourceRegistered(
                name=config.name,
                duration_ms=self.source_ms[config.name],
                files=len(relation.files) if isinstance(relation, FileScan) else None,
                size_bytes=relation_size(relation),
            )
        )

    def _check_access(self, relation: Relation) -> None:
        """Ask once more, right before the engine opens files: links may have changed."""
        access = self.context.access
        if access.is_limited and isinstance(relation, FileScan):
            for file in relation.files:
                if scheme_of(file.path) == "file":
                    access.check_path(file.path)

    def _check_result(self) -> None:
        """Plan the result to its end, and show the destination what comes."""
        if self.plan.final is None:
            return
        with self.in_stage(self.plan.stages[-1]):
            frame = self.threads.call(self.session.frame, self.plan.final)
            self.threads.call(frame.check)
        if self.destination is not None:
            with self.in_destination():
                self.threads.call(self.destination.check, frame.schema, self.context)

    def _query_problems(self, failed: set[str]) -> list[Any]:
        """What is wrong with the queries, but for what only repeats an earlier problem.

        `failed` are tables that are not there; the stages that are wrong or need those join them.
        """
        problems: list[Any] = []
        stages = list(self.plan.stages)
        while stages:
            stage = stages.pop(0)
            found: list[Any] = []
            if failed.isdisjoint(stage.reads):
                found = self.threads.call(self._problems_of, stage)
            if found and not failed and self.plan.is_outline:
                # Only now it matters who reads what; this knows more of names that are wrong.
                tables = self.context.tables
                known = tables.names() if tables is not None else ()
                try:
                    plan = make_plan(self.pipeline, known_tables=known)
                except PlanError as error:
                    found = [each for each in found if each.code != "unknown-table"]
                    return [*error.problems, *found]
                stages = [each for each in plan.stages if each.group > stage.group]
            if found or not failed.isdisjoint(stage.reads):
                failed.add(stage.name)
            problems += found
        return problems

    def _problems_of(self, stage: PlannedStage) -> list[Any]:
        define = partial(self._define, stage.name)
        try:
            define(stage.stage.query)
        except EngineError:
            from aqueducts.query_problems import query_problems  # for failures only

            return query_problems(self.pipeline, stage, define)
        return []

    def _define(self, name: str, query: str) -> None:
        self.session.define(name, self.context.reveal(query))

    @contextmanager
    def _step(self, kind: type[RunError], name: str, path: Path) -> Iterator[None]:
        """Errors of one step carry its name and place, and are ours."""
        try:
            yield
        except AqueductsError as error:
            if error.step is None:
                error.step, error.path = name, path
            elif error.path is None:
                paths = self._stage_paths()
                error.path = self._source_path(error.step) or paths.get(error.step, path)
            raise
        # A connector is a stranger's code: whatever it raises must name the step it broke.
        except Exception as error:
            failed = kind(f"{type(error).__name__}: {error}", step=name)
            failed.path = path
            raise failed from error


def relation_size(relation: Relation) -> int | None:
    """Bytes that a source has, where it tells."""
    if isinstance(relation, FileScan):
        return sum(file.size_bytes for file in relation.files)
    return getattr(relation, "size_bytes", None)


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
