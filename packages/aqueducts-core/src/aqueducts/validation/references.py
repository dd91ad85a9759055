"""Names of sources and stages, and what queries refer to by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from aqueducts.diagnostics import Problem, nearest
from aqueducts.documents import Path, offset_of_line
from aqueducts.queries import QueryFacts, TableReference, read_query
from aqueducts.table_names import TableNames

__all__ = [
    "NamedStage",
    "Reading",
    "Report",
    "certain_problems",
    "duplicate_names",
    "find_readings",
]


class Report(Protocol):
    """Makes a problem at a path, at `span` (offset and length) inside it."""

    def __call__(
        self,
        path: Path,
        message: str,
        *,
        code: str,
        help: str | None = None,  # noqa: A002 - the field's name
        span: tuple[int, int] | None = None,
    ) -> Problem:
        """Make the problem."""


class NamedStage(NamedTuple):
    """A stage as far as names go."""

    name: str
    query: str
    group: int
    place: int

    @property
    def path(self) -> Path:
        """Where it is in the pipeline."""
        return ("stages", self.group, self.place)


class Reading(NamedTuple):
    """What one stage reads."""

    stage: NamedStage
    facts: QueryFacts | None
    """None where only the engine can parse the query: then it may read all that is earlier."""
    tables: tuple[str, ...]
    problems: tuple[Problem, ...]


def duplicate_names(names: Iterable[tuple[str, Path]], report: Report) -> Iterator[Problem]:
    """Yield a problem for every name that an earlier source or stage has already."""
    seen: dict[str, tuple[str, Path]] = {}
    for name, path in names:
        first, first_path = seen.setdefault(name.lower(), (name, path))
        if first_path == path:
            continue
        line = report((*first_path, "name"), "", code="").line
        where = "" if line is None else f", first in line {line}"
        same = "" if first == name else f" (as {first!r}; SQL does not tell them apart)"
        yield report(
            (*path, "name"),
            f"the name {name!r} is used twice{same}{where}",
            code="duplicate-name",
            help="give every source and stage a name of its own",
        )


def find_readings(
    sources: Sequence[str],
    groups: Sequence[Sequence[NamedStage]],
    report: Report,
    *,
    known_tables: Sequence[str] = (),
) -> Iterator[Reading]:
    """Yield what each stage reads, in the order of the stages, and what it cannot read."""
    earlier = TableNames([*sources, *known_tables])
    every = TableNames([*sources, *(stage.name for group in groups for stage in group)])
    for group in groups:
        for stage in group:
            facts = read_query(stage.query)
            tables: dict[str, None] = {}
            problems: list[Problem] = []
            if facts is None:
                tables.update(dict.fromkeys(earlier))
            for reference in facts.tables if facts else ():
                name = earlier.find(reference.name)
                if name is not None:
                    tables[name] = None
                elif "." not in reference.name:
                    names = [each.name for each in group]
                    problems.append(_unknown(stage, reference, earlier, every, names, report))
            yield Reading(stage, facts, tuple(tables), tuple(problems))
        earlier = TableNames([*earlier, *(stage.name for stage in group)])


def _unknown(
    stage: NamedStage,
    reference: TableReference,
    earlier: TableNames,
    every: TableNames,
    same_group: Sequence[str],
    report: Report,
) -> Problem:
    declared = every.find(reference.name)
    if declared == stage.name:
        message = f"stage {stage.name!r} reads itself"
        advice = "give the stage another name than the table it reads"
    elif declared in same_group:
        message = f"stage {stage.name!r} reads {declared!r}, a stage of its own group"
        advice = "the stages of one group run at the same time; move one of them to a later group"
    elif declared is not None:
        message = f"stage {stage.name!r} reads {declared!r}, a stage of a later group"
        advice = f"move {declared!r} to an earlier group"
    else:
        message = f"table {reference.name!r} is not known in stage {stage.name!r}"
        advice = _table_advice(reference.name, list(earlier))
    offset = None
    if reference.line is not None:
        offset = offset_of_line(stage.query, reference.line, reference.column or 1)
    return report(
        (*stage.path, "query"),
        message,
        code="unknown-table" if declared is None else "unreachable-stage",
        help=advice,
        span=None if offset is None else (offset, len(reference.name)),
    )


def _table_advice(name: str, known: Sequence[str]) -> str:
    spaced = next((each for each in known if each.lower().split()[:1] == [name.lower()]), None)
    if spaced is not None:
        return f'write "{spaced}" in double quotes: the name is more than one word'
    similar = nearest(name, known)
    return f"did you mean {similar!r}?" if similar else f"known here: {', '.join(known) or 'none'}"


def certain_problems(value: Any, report: Report) -> Iterator[Problem]:
    """Yield what is wrong with the names of a pipeline that is not valid for other reasons.

    Left out is what may come from those: tables that nothing is called nearly like.
    """
    sources = [
        (each["name"], ("sources", index))
        for index, each in enumerate(_items(value, "sources"))
        if _has_texts(each, "name")
    ]
    groups = [
        [
            NamedStage(each["name"], each["query"], group, place)
            for place, each in enumerate(stages if isinstance(stages, list) else ())
            if _has_texts(each, "name", "query")
        ]
        for group, stages in enumerate(_items(value, "stages"))
    ]
    stages = [(stage.name, stage.path) for group in groups for stage in group]
    yield from duplicate_names([*sources, *stages], report)
    for reading in find_readings([name for name, _ in sources], groups, report):
        for problem in reading.problems:
            is_meant = problem.code != "unknown-table" or "did you mean" in (problem.help or "")
            if is_meant:
                yield problem


def _items(value: Any, key: str) -> list[Any]:
    items = value.get(key) if isinstance(value, Mapping) else None
    return items if isinstance(items, list) else []


def _has_texts(value: Any, *keys: str) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in keys)
