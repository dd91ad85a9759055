"""Names checked, references found: stages as a graph. Pure: opens nothing, reads nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from aqueducts.diagnostics import Problem, sort_problems
from aqueducts.documents import Path
from aqueducts.errors import PlanError
from aqueducts.queries import QueryFacts
from aqueducts.validation.references import NamedStage, Report, duplicate_names, find_readings

if TYPE_CHECKING:
    from aqueducts.documents import Path
    from aqueducts.models.stages import Stage
    from aqueducts.pipeline import Pipeline

__all__ = ["Plan", "PlannedStage", "make_plan", "outline"]


class PlannedStage(msgspec.Struct, frozen=True):
    """A stage with what it reads. `group` and `place` count from 0."""

    name: str
    stage: Stage
    group: int
    place: int
    facts: QueryFacts | None
    """None where only the engine can parse the query: then it may read all that is earlier."""
    reads: tuple[str, ...]
    """Names of the sources and stages it reads, as they are spelled in the file."""

    @property
    def path(self) -> Path:
        """Where its query is in the pipeline."""
        return ("stages", self.group, self.place, "query")


class Plan(msgspec.Struct, frozen=True):
    """The graph of a pipeline, in the order of execution."""

    sources: tuple[str, ...]
    stages: tuple[PlannedStage, ...]
    final: str | None
    """The stage that is written."""
    has_destination: bool
    is_outline: bool = False
    """Made without parsing queries: every stage seems to read all that is earlier, once."""

    @property
    def groups(self) -> Iterator[tuple[PlannedStage, ...]]:
        """Stages by group; a part of a plan may have none of some group."""
        for _, stages in groupby(self.stages, key=lambda stage: stage.group):
            yield tuple(stages)

    def needed_for(self, *names: str) -> Plan:
        """The part that a look at stages and sources needs; nothing is printed or written."""
        needed = set(names)
        stages: list[PlannedStage] = []
        for stage in reversed(self.stages):
            if stage.name in needed:
                needed.update(stage.reads)
                stages.insert(0, msgspec.structs.replace(stage, stage=_silenced(stage.stage)))
        return Plan(
            sources=tuple(source for source in self.sources if source in needed),
            stages=tuple(stages),
            final=stages[-1].name if stages else None,
            has_destination=False,
        )

    def uses(self, name: str) -> int:
        """How often the result of a stage or source is computed, were it never kept."""
        return self._uses[name]

    @property
    def _uses(self) -> Counter[str]:
        if self.is_outline:
            return Counter([*self.sources, *(stage.name for stage in self.stages)])
        uses: Counter[str] = Counter()
        for stage in self.stages:
            repeats = stage.facts is None or stage.facts.repeats_tables
            for name in stage.reads:
                uses[name] += 2 if repeats else 1
            if stage.stage.show is not None:
                uses[stage.name] += 1
            if stage.stage.explain_analyze:
                uses[stage.name] += 1
        if self.final is not None and self.has_destination:
            uses[self.final] += 1
        return uses

    def release_after(self, kept: Collection[str]) -> Mapping[str, int]:
        """For every name but the result the group after which nothing needs it.

        A view holds what it reads until its own readers are done; a stage that is kept holds its
        own rows instead. Names that the result streams from are not in the answer.
        """
        end = self.stages[-1].group + 1 if self.stages else 0
        needed: dict[str, int] = {}
        for stage in reversed(self.stages):
            until = needed.setdefault(stage.name, stage.group)
            if stage.name == self.final:
                until = needed[stage.name] = end
            held = stage.group if stage.name in kept else until
            for name in stage.reads:
                needed[name] = max(needed.get(name, 0), held)
        return {name: group for name, group in needed.items() if group < end}

    def joined_sources(self) -> frozenset[str]:
        """Sources that reach a join, directly or through stages."""
        joined: set[str] = set()
        by_name = {stage.name: stage for stage in self.stages}
        for stage in self.stages:
            if stage.facts is None or stage.facts.has_join:
                joined.update(self._sources_of(stage, by_name))
        return frozenset(joined)

    def kept_stages(
        self, volatile_functions: AbstractSet[str], one_time_sources: AbstractSet[str]
    ) -> Mapping[str, str]:
        """Stages that must be computed once and kept, each with the reason.

        A stage that is used twice is kept where computing it twice could give two results: it
        calls a volatile function, depends on the order of rows, or reads a source that cannot be
        read again. All others stay views, which measured faster and smaller.
        """
        kept: dict[str, str] = {}
        unstable: dict[str, str] = {
            name: f"source {name!r} can be read only once" for name in one_time_sources
        }
        uses = self._uses
        for stage in self.stages:
            reason = _instability(stage, volatile_functions) or next(
                (unstable[name] for name in stage.reads if name in unstable), None
            )
            if stage.stage.materialize == "always":
                kept[stage.name] = "materialize: always"
            elif reason and stage.stage.materialize == "auto" and uses[stage.name] > 1:
                kept[stage.name] = f"used {uses[stage.name]} times and {reason}"
            elif reason:
                unstable[stage.name] = reason
        return kept

    def _sources_of(
        self, stage: PlannedStage, by_name: Mapping[str, PlannedStage]
    ) -> Iterator[str]:
        for name in stage.reads:
            if name in by_name:
                yield from self._sources_of(by_name[name], by_name)
            else:
                yield name


def _silenced(stage: Stage) -> Stage:
    """The stage without what it prints, kept only where its result would not be the same again."""
    always = stage.materialize == "always"
    return stage.model_copy(
        update={
            "show": None,
            "explain": False,
            "explain_analyze": False,
            "print_schema": False,
            "materialize": "auto" if always else stage.materialize,
        }
    )


def make_plan(pipeline: Pipeline, *, known_tables: Sequence[str] = ()) -> Plan:
    """Check names and references and return the graph.

    `known_tables` are tables of the caller's session. Raises PlanError with all problems.
    """
    report = _report_in(pipeline)
    problems = list(duplicate_names(_named(pipeline), report))
    stages, found = _plan_stages(pipeline, known_tables, report)
    problems += found
    destination = pipeline.destination
    if destination is not None and not stages:
        problems.append(
            pipeline.problem(
                ("destination",),
                "there is a destination but no stage whose result could be written",
                code="no-stages",
                help="add a stage, such as: stages: [[{name: result, query: SELECT * FROM ...}]]",
            )
        )
    if problems:
        raise PlanError(sort_problems(problems))
    return Plan(
        sources=tuple(source.name for source in pipeline.sources),
        stages=tuple(stages),
        final=stages[-1].name if stages else None,
        has_destination=destination is not None,
    )


def outline(pipeline: Pipeline) -> Plan | None:
    """The plan of a pipeline in which nothing hangs on what its queries refer to, or None.

    Parsing queries takes a tenth of a second, most of it loading the parser. What they refer to
    decides on kept stages and on hints for joins; where no table can be used twice and there is
    one source at most, there is nothing to decide, and the engine finds names that are wrong.
    """
    stages = [stage for group in pipeline.stages for stage in group]
    names = [name.lower() for name, _ in _named(pipeline)]
    text = "\n".join(stage.query for stage in stages).lower()
    is_plain = (
        len(pipeline.sources) <= 1
        and len(set(names)) == len(names)
        and (bool(stages) or pipeline.destination is None)
        and all(len(group) == 1 for group in pipeline.stages)
        and not any(word in text for word in ("with", "--", "/*"))
        and not any(_may_be_read_twice(name, text) for name in names)
        and not any(stage.show is not None or stage.explain_analyze for stage in stages)
        # When kept rows can be let go hangs on who reads them.
        and not any(stage.materialize == "always" for stage in stages)
    )
    return _outlined(pipeline) if is_plain else None


def _may_be_read_twice(name: str, text: str) -> bool:
    """Whether `name` stands more than once where SQL could mean a table (by what is before it)."""
    before = r"(?:\bfrom|\bjoin|\btable|\blateral|[,(.])"
    return '"' in name or len(re.findall(rf'{before}\s*"?{re.escape(name)}\b', text)) > 1


def _outlined(pipeline: Pipeline) -> Plan:
    planned: list[PlannedStage] = []
    earlier = [source.name for source in pipeline.sources]
    for group, stages in enumerate(pipeline.stages):
        for place, stage in enumerate(stages):
            planned.append(
                PlannedStage(
                    name=stage.name,
                    stage=stage,
                    group=group,
                    place=place,
                    facts=_NOTHING_TO_DECIDE,
                    reads=tuple(earlier),
                )
            )
        earlier += [stage.name for stage in stages]
    return Plan(
        sources=tuple(source.name for source in pipeline.sources),
        stages=tuple(planned),
        final=planned[-1].name if planned else None,
        has_destination=pipeline.destination is not None,
        is_outline=True,
    )


_NOTHING_TO_DECIDE = QueryFacts(
    tables=(),
    functions=frozenset(),
    has_join=False,
    is_order_dependent=False,
    repeats_tables=False,
)


def _instability(stage: PlannedStage, volatile_functions: AbstractSet[str]) -> str | None:
    if stage.facts is None:
        return "its query may be volatile"
    volatile = sorted(stage.facts.functions & volatile_functions)
    if volatile:
        return f"{volatile[0]}() gives another result each time"
    if stage.facts.is_order_dependent:
        return "its result depends on the order of rows"
    return None


def _named(pipeline: Pipeline) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    for index, source in enumerate(pipeline.sources):
        yield source.name, ("sources", index)
    for group, stages in enumerate(pipeline.stages):
        for place, stage in enumerate(stages):
            yield stage.name, ("stages", group, place)


def _plan_stages(
    pipeline: Pipeline, known_tables: Sequence[str], report: Report
) -> tuple[list[PlannedStage], list[Problem]]:
    planned: list[PlannedStage] = []
    problems: list[Problem] = []
    sources = [source.name for source in pipeline.sources]
    groups = [
        [NamedStage(stage.name, stage.query, group, place) for place, stage in enumerate(stages)]
        for group, stages in enumerate(pipeline.stages)
    ]
    for reading in find_readings(sources, groups, report, known_tables=known_tables):
        stage = reading.stage
        reads = [name for name in reading.tables if name not in known_tables or name in sources]
        planned.append(
            PlannedStage(
                name=stage.name,
                stage=pipeline.stages[stage.group][stage.place],
                group=stage.group,
                place=stage.place,
                facts=reading.facts,
                reads=tuple(reads),
            )
        )
        problems += reading.problems
    return planned, problems


def _report_in(pipeline: Pipeline) -> Report:
    def report(
        path: Path,
        message: str,
        *,
        code: str,
        help: str | None = None,  # noqa: A002 - the field's name
        span: tuple[int, int] | None = None,
    ) -> Problem:
        offset, length = span if span is not None else (None, 1)
        return pipeline.problem(path, message, code=code, help=help, offset=offset, length=length)

    return report
