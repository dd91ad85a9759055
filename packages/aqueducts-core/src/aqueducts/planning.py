"""Making the plan of a run: everything opened, every query planned, nothing moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from aqueducts.arrow_types import type_name
from aqueducts.inspection import Inspection
from aqueducts.memory_estimate import expected_bytes
from aqueducts.pending import pending_changes
from aqueducts.pipeline_plan import (
    Column,
    DestinationPlan,
    MemoryEstimate,
    PipelinePlan,
    PlannedQuery,
    SourcePlan,
    StagePlan,
)
from aqueducts.prepared import relation_size
from aqueducts.relations import ArrowStream, FileScan, Relation
from aqueducts.results import RunSettings

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.events import Event
    from aqueducts.pipeline import Pipeline
    from aqueducts.plan import Plan, PlannedStage
    from aqueducts.plan_facts import QueryPlan
    from aqueducts.prepared import PreparedRun
    from aqueducts.threads import Cancellation

__all__ = ["plan"]

Purpose = Literal["result", "keep", "show", "explain_analyze"]


def plan(
    pipeline: Pipeline,
    *,
    session: Any | None = None,
    settings: RunSettings | None = None,
    on_event: Callable[[Event], object] | None = None,
    cancellation: Cancellation | None = None,
) -> PipelinePlan:
    """Return what a run of the pipeline would do, without moving data or changing anything.

    `session`, `settings` and `cancellation` are those of `run_sync`; `on_event` hears what sources
    and the destination have to say. Secrets are masked in all texts.

    Raises PlanError and ConnectionProblem, each with all problems, and PluginError.
    """
    settings = settings or RunSettings()
    inspection = Inspection(pipeline, session, settings, on_event)
    with inspection.opened(inspection.plan, cancellation) as prepared:
        inspection.check(prepared)
        made = prepared.threads.call(_Planner(prepared, settings).make)
    masked: PipelinePlan = inspection.mask(made)
    return masked


class _Planner:
    """Plans the queries of one run in their order."""

    def __init__(self, prepared: PreparedRun, settings: RunSettings) -> None:
        self._prepared = prepared
        self._plan: Plan = prepared.plan
        self._session = prepared.session
        self._settings = settings
        self._kept = prepared.kept_stages()
        self._spooled = prepared.spooled_sources()
        self._queries: list[PlannedQuery] = []
        self._found: list[tuple[QueryPlan, bool]] = []
        """What the engine tells of queries, and whether their rows are written."""

    def make(self) -> PipelinePlan:
        """The whole plan."""
        schemas = self._schemas([*self._plan.sources, *(each.name for each in self._plan.stages)])
        change = self._destination(schemas)
        needed = self._needed()
        self._plan_queries()
        return PipelinePlan(
            pipeline=self._prepared.pipeline.path,
            sources=tuple(self._source(each, schemas) for each in self._prepared.pipeline.sources),
            stages=tuple(self._stage(each, schemas, needed) for each in self._plan.stages),
            queries=tuple(self._queries),
            destination=change,
            memory=self._memory(),
            changes=pending_changes(self._prepared, change),
        )

    def _schemas(self, names: Iterable[str]) -> Mapping[str, pa.Schema]:
        return {name: self._session.frame(name).schema for name in names}

    def _source(self, config: Any, schemas: Mapping[str, pa.Schema]) -> SourcePlan:
        relation = self._prepared.relations[config.name]
        uses = self._plan.uses(config.name)
        reason = f"it is used {uses} times and can be read only once"
        return SourcePlan(
            name=config.name,
            type=config.type,
            location=_location(config),
            columns=_columns(schemas[config.name]),
            files=_file_count(relation),
            size_bytes=relation_size(relation),
            is_rereadable=not isinstance(relation, ArrowStream) or relation.is_rereadable,
            kept=reason if config.name in self._spooled else None,
        )

    def _stage(
        self, stage: PlannedStage, schemas: Mapping[str, pa.Schema], needed: frozenset[str]
    ) -> StagePlan:
        execution: Literal["streamed", "kept", "unused"] = "streamed"
        reason = self._kept.get(stage.name)
        if reason is not None:
            execution = "kept"
        elif stage.name not in needed:
            execution, reason = "unused", self._why_unused(stage)
        return StagePlan(
            name=stage.name,
            group=stage.group,
            reads=stage.reads,
            columns=_columns(schemas[stage.name]),
            execution=execution,
            reason=reason,
        )

    def _why_unused(self, stage: PlannedStage) -> str:
        if stage.name == self._plan.final:
            return "there is no destination"
        return "nothing that is written or printed needs it"

    def _destination(self, schemas: Mapping[str, pa.Schema]) -> DestinationPlan | None:
        destination, config = self._prepared.destination, self._prepared.pipeline.destination
        if destination is None or self._plan.final is None:
            return None
        with self._prepared.in_destination():
            change = destination.describe_write(schemas[self._plan.final], self._prepared.context)
        return DestinationPlan(
            name=config.name, type=config.type, location=_location(config), change=change
        )

    def _needed(self) -> frozenset[str]:
        """Stages that are computed, alone or as part of others."""
        needed = set(self._kept)
        for stage in reversed(self._plan.stages):
            asked = stage.stage
            is_written = stage.name == self._plan.final and self._plan.has_destination
            if is_written or asked.show is not None or asked.explain_analyze:
                needed.add(stage.name)
            if stage.name in needed:
                needed.update(stage.reads)
        return frozenset(needed)

    def _plan_queries(self) -> None:
        for name in self._spooled:
            self._describe(name, "keep")
            self._stand_in(name)
        must_redefine = bool(self._kept or self._spooled)
        for group in self._plan.groups:
            for stage in group:
                if must_redefine:
                    self._prepared.define_here(stage)
                self._plan_stage(stage)
        if self._plan.final is not None and self._plan.has_destination:
            self._describe(self._plan.final, "result")

    def _plan_stage(self, stage: PlannedStage) -> None:
        if stage.name in self._kept:
            self._describe(stage.name, "keep")
            self._stand_in(stage.name)
        if stage.stage.explain_analyze:
            self._describe(stage.name, "explain_analyze")
        if stage.stage.show is not None:
            self._describe(stage.name, "show")

    def _describe(self, name: str, purpose: Purpose) -> None:
        found = self._session.describe(name)
        if found is None:
            self._queries.append(PlannedQuery(table=name, purpose=purpose, is_described=False))
            return
        self._found.append((found, purpose in ("result", "keep")))
        self._queries.append(
            PlannedQuery(table=name, purpose=purpose, scans=found.scans, held=found.held)
        )

    def _stand_in(self, name: str) -> None:
        """Put a table of unknown size in the place of one that a run would have kept by now."""
        schema = self._session.frame(name).schema
        self._session.drop(name)
        self._session.register(
            name, ArrowStream(schema, _never_opened, is_rereadable=True), is_joined=False
        )

    def _memory(self) -> MemoryEstimate:
        described = [query for query in self._queries if query.is_described]
        held = [each for query in described for each in query.held]
        low, high = expected_bytes(self._found) or (None, None)
        return MemoryEstimate(
            low_bytes=low,
            high_bytes=high,
            is_complete=len(described) == len(self._queries)
            and all(each.size_bytes is not None for each in held),
            limit_bytes=self._settings.max_memory_bytes,
        )


def _never_opened(*_: Any) -> Iterable[pa.RecordBatch]:
    raise AssertionError("a plan moves no data")


def _columns(schema: pa.Schema) -> tuple[Column, ...]:
    return tuple(Column(field.name, type_name(field.type)) for field in schema)


def _file_count(relation: Relation) -> int | None:
    if isinstance(relation, FileScan):
        return len(relation.files)
    if isinstance(relation, ArrowStream) and relation.find_files is not None:
        found = relation.find_files(None)
        return None if found is None else found.files
    return None


def _location(config: Any) -> str | None:
    location = getattr(config, "location", None)
    return location if isinstance(location, str) else None
