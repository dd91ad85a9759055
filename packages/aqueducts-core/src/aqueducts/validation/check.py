"""The way of a pipeline from plain data to the model, with everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec
from pydantic import ValidationError

from aqueducts.diagnostics import Problem, sort_problems
from aqueducts.documents import Path
from aqueducts.models.pipeline import PipelineDocument
from aqueducts.plugins import Plugins
from aqueducts.template import Rendered
from aqueducts.validation.locations import check_locations
from aqueducts.validation.model_errors import problems_of
from aqueducts.validation.places import Places
from aqueducts.validation.queries import check_queries
from aqueducts.validation.references import certain_problems
from aqueducts.validation.secret_references import check_secret_references
from aqueducts.validation.shape import MOST_PROBLEMS, fit
from aqueducts.validation.short_forms import write_out

__all__ = ["Checked", "check"]


class Checked(msgspec.Struct, frozen=True):
    """What became of a pipeline: the model where nothing is wrong, and all problems in order."""

    document: PipelineDocument | None
    problems: tuple[Problem, ...]
    places: Places
    is_template_problem: bool = False
    """Whether nothing but parameters is wrong."""


def check(rendered: Rendered, plugins: Plugins, *, strict: bool = False) -> Checked:
    """Validate a document with its parameters filled in. `strict` makes unknown keys errors."""
    moved: dict[Path, Path] = {}
    places = Places(rendered, moved)
    problems = [places.settle(problem) for problem in rendered.problems]
    document: PipelineDocument | None = None
    if isinstance(rendered.value, dict):
        model = plugins.pipeline_model()
        value, short_form_problems = write_out(rendered.value, plugins, places, moved)
        shape = fit(model, value, plugins, places, moved)
        problems += short_form_problems + shape.problems
        incomplete = frozenset(_incomplete(shape.value, rendered.missing, ()))
        shape.refused |= incomplete
        try:
            document = model.model_validate(shape.value)
        except ValidationError as error:
            problems += islice(problems_of(error, shape), MOST_PROBLEMS)
        problems += check_secret_references(shape.value, plugins, places)
        problems += check_locations(shape.value, plugins, places)
        problems += check_queries(shape.value, plugins, places, incomplete)
        if _errors(problems):
            # Where nothing is wrong, planning looks at names, and knows the caller's tables.
            problems += islice(certain_problems(shape.value, places.problem), MOST_PROBLEMS)
    else:
        problems.append(_not_a_mapping(places))
    if strict:
        problems = [_as_error(problem) for problem in problems]
    is_valid = _errors(problems) == 0
    return Checked(
        document if is_valid else None,
        tuple(sort_problems(problems)),
        places,
        is_template_problem=_errors(problems) == _errors(rendered.problems) > 0,
    )


def _errors(problems: Sequence[Problem]) -> int:
    return sum(problem.severity == "error" for problem in problems)


def _incomplete(value: Any, missing: tuple[str, ...], path: Path) -> Iterator[Path]:
    """Yield where placeholders were left, since their parameters are missing."""
    if isinstance(value, str):
        if any(f"${{{name}}}" in value for name in missing):
            yield path
    elif missing and isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _incomplete(item, missing, (*path, key))


def _not_a_mapping(places: Places) -> Problem:
    is_empty = places.rendered.value is None
    message = "the pipeline is empty" if is_empty else "a pipeline is a mapping at its top level"
    advice = "write sources:, stages: and destination:"
    return places.problem((), message, code="wrong-type", help=advice)


def _as_error(problem: Problem) -> Problem:
    is_unknown_field = problem.code == "unknown-field"
    return msgspec.structs.replace(problem, severity="error") if is_unknown_field else problem
