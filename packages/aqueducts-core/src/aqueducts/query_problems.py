"""What an engine says about the queries of a pipeline, at their places in its file."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, cast

from aqueducts.diagnostics import Problem, nearest
from aqueducts.errors import AqueductsError, EngineError, QueryError
from aqueducts.query_words import Subject, SubjectKind, Word, find_subject, name_parts, read_words

if TYPE_CHECKING:
    from aqueducts.documents import Path
    from aqueducts.pipeline import Pipeline
    from aqueducts.plan import PlannedStage

__all__ = ["query_problems", "run_problem"]

_MOST_NAMES = 10
"""How many unknown names of one query are looked for."""

_NULL = "NULL"

_BEFORE_VALUES = ("=", "<>", "!=", "<", ">", "<=", ">=", "like", "in", "(", ",")


def query_problems(
    pipeline: Pipeline, stage: PlannedStage, define: Callable[[str], object]
) -> list[Problem]:
    """What is wrong with the query of a stage; `define` hands a text of it to the engine.

    Engines stop at the first unknown column. To find the others the query is tried again with
    `NULL` in the column's place; what else is said about such a query is not believed.
    """
    tried = _TriedQuery(stage.stage.query)
    problems: list[Problem] = []
    while len(problems) < _MOST_NAMES:
        try:
            define(tried.text)
        except EngineError as error:
            is_name = isinstance(error, QueryError) and error.problem_code == "unknown-column"
            place = _place(tried.text, error)
            if problems and (place is None or not is_name):
                break
            written = None if place is None else (tried.written(place[0]), place[1])
            problems.append(_problem(pipeline, stage, error, written))
            if place is None or not is_name:
                break
            tried.replace(*place)
        else:
            break
    return problems


class _TriedQuery:
    """A query with some of its names replaced, which knows where its parts were written."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._edits: list[tuple[int, int]] = []
        """For each replaced name where it was written, and how much longer the text became."""

    def written(self, offset: int) -> int:
        """The offset in the written query of an offset in this one."""
        for start, added in sorted(self._edits):
            if offset > start:
                offset -= added
        return offset

    def replace(self, start: int, length: int) -> None:
        """Put `NULL` in the place of a name."""
        self._edits.append((self.written(start), len(_NULL) - length))
        self.text = self.text[:start] + _NULL + self.text[start + length :]


def run_problem(pipeline: Pipeline, error: AqueductsError) -> Problem | None:
    """An error of a run at its place in the file, where the run knows it."""
    if error.path is None:
        return None
    place = None
    if isinstance(error, QueryError) and error.path[-1] == "query":
        place = _place(_query_at(pipeline, error.path), error)
    return pipeline.problem(
        error.path,
        error.message,
        code=getattr(error, "problem_code", error.code),
        help=error.hint,
        note=error.note,
        offset=None if place is None else place[0],
        length=1 if place is None else place[1],
    )


def _query_at(pipeline: Pipeline, path: Path) -> str:
    _, group, place, _ = path
    return pipeline.stages[cast("int", group)][cast("int", place)].query


def _problem(
    pipeline: Pipeline, stage: PlannedStage, error: EngineError, place: tuple[int, int] | None
) -> Problem:
    hint = error.hint
    if isinstance(error, QueryError):
        hint = _advice(pipeline, stage, error, place) or hint
    return pipeline.problem(
        stage.path,
        f"stage '{stage.name}': {error.message}",
        code=getattr(error, "problem_code", QueryError.code),
        help=hint,
        note=error.note,
        offset=None if place is None else place[0],
        length=1 if place is None else place[1],
    )


def _place(query: str, error: EngineError) -> tuple[int, int] | None:
    subject = error.subject if isinstance(error, QueryError) else None
    if subject is None:
        return None
    kind, name = subject
    return find_subject(query, Subject(cast("SubjectKind", kind), name))


def _advice(
    pipeline: Pipeline, stage: PlannedStage, error: QueryError, place: tuple[int, int] | None
) -> str | None:
    """What only the query and the pipeline can tell about an unknown name."""
    if error.problem_code == "unknown-table" and error.hint is None:
        return _table_advice(pipeline, stage, error)
    if error.problem_code != "unknown-column" or place is None:
        return None
    words = read_words(stage.stage.query)
    at = next((index for index, word in enumerate(words) if word.start == place[0]), None)
    if at is None:
        return None
    name = words[at].text
    if _is_alias(words, name):
        return (
            f"{name} is a name that this SELECT gives, which WHERE and the SELECT itself cannot "
            "use: write the expression again, or filter in a stage behind this one"
        )
    is_compared = at > 0 and words[at - 1].text.lower() in _BEFORE_VALUES
    if words[at].kind == "quoted" and is_compared and "did you" not in (error.hint or ""):
        return f"text stands in single quotes: '{name}'; double quotes are for names"
    return None


def _table_advice(pipeline: Pipeline, stage: PlannedStage, error: QueryError) -> str | None:
    if error.subject is None:
        return None
    earlier = [each.name for group in pipeline.stages[: stage.group] for each in group]
    known = [*(source.name for source in pipeline.sources), *earlier]
    guess = nearest(name_parts(error.subject[1])[-1], known)
    return f"did you mean '{guess}'?" if guess else f"known here: {', '.join(known) or 'none'}"


def _is_alias(words: list[Word], name: str) -> bool:
    return any(
        before.text.lower() == "as" and word.text.lower() == name.lower()
        for before, word in pairwise(words)
    )
