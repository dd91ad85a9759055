"""A pipeline on its way to an executor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from pydantic import BaseModel, SecretStr

from aqueducts.diagnostics import Problem
from aqueducts.documents import Document
from aqueducts.errors import PipelineError
from aqueducts.models.fields import IS_LOCATION, SECRET_REFERENCE, scheme_of
from aqueducts.pipeline import Pipeline
from aqueducts.plugins import Plugins
from aqueducts.template import render

__all__ = ["Submission"]

_FOR_THE_EXECUTOR = frozenset({"missing-plugin", "unknown-secret-scheme", "unknown-type"})
"""Problems that only say what is not installed here; it may be where the pipeline runs."""


@dataclass(frozen=True, repr=False)
class Submission:
    """A pipeline as an executor takes it: parameters filled in, secrets as references."""

    body: bytes
    """The pipeline as JSON."""
    path: str | None = None
    """The file it comes from."""
    sources: tuple[str, ...] = ()
    stages: tuple[tuple[str, ...], ...] = ()
    destination: str | None = None
    relative_paths: tuple[str, ...] = ()
    """Locations that will be looked up in the executor's working directory."""
    unknown_here: tuple[Problem, ...] = ()
    """What could not be checked here, since it is not installed here."""
    warnings: tuple[Problem, ...] = ()
    pipeline: Pipeline | None = field(default=None, compare=False)
    """The pipeline with the places of its parts, where all of it is known here."""

    @classmethod
    def of(cls, pipeline: Pipeline) -> Submission:
        """The submission of a valid pipeline."""
        value = _plain(pipeline.document.model_dump(exclude_unset=True))
        locations = [
            location
            for step in [*pipeline.sources, pipeline.destination]
            if isinstance(step, BaseModel)
            for location in _locations(step)
        ]
        return cls(
            body=msgspec.json.encode(value),
            path=pipeline.path,
            relative_paths=tuple(filter(_is_relative, locations)),
            warnings=pipeline.warnings,
            pipeline=pipeline,
            **_names(value),
        )

    @classmethod
    def of_document(
        cls,
        document: Document,
        *,
        params: Mapping[str, object],
        plugins: Plugins,
        strict: bool = False,
        path: str | None = None,
    ) -> Submission:
        """The submission of a file, also where it needs plugins that only the executor has.

        Raises PipelineError for everything else that is wrong with it.
        """
        try:
            return cls.of(
                Pipeline.from_document(
                    document, params=params, plugins=plugins, strict=strict, path=path
                )
            )
        except PipelineError as error:
            problems = [each for each in error.problems if isinstance(each, Problem)]
            wrong = [each for each in problems if each.severity == "error"]
            if not wrong or any(each.code not in _FOR_THE_EXECUTOR for each in wrong):
                raise
        value = render(document, params).value
        return cls(
            body=msgspec.json.encode(value),
            path=path,
            unknown_here=tuple(wrong),
            warnings=tuple(each for each in problems if each.severity != "error"),
            **_names(value),
        )

    def __repr__(self) -> str:
        # The body may hold a password.
        return f"<Submission {self.path or ''} of {len(self.body)} bytes>"


def _plain(value: Any) -> Any:
    """Values that JSON has; a secret that is written in the file has to travel."""
    match value:
        case SecretStr():
            return value.get_secret_value()
        case BaseModel():
            return _plain(value.model_dump(exclude_unset=True))
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value


def _names(value: Mapping[str, Any]) -> dict[str, Any]:
    """Names of the steps, as far as the values have the form that they should have."""
    groups = value.get("stages")
    destination = value.get("destination")
    return {
        "sources": tuple(_names_in(value.get("sources"))),
        "stages": tuple(
            tuple(_names_in(group)) for group in (groups if isinstance(groups, list) else ())
        ),
        "destination": next(_names_in([destination]), None),
    }


def _names_in(steps: Any) -> Iterator[str]:
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict) and isinstance(step.get("name"), str):
            yield step["name"]


def _locations(step: BaseModel) -> Iterator[str]:
    for name, info in type(step).model_fields.items():
        location = getattr(step, name)
        if IS_LOCATION in info.metadata and isinstance(location, str):
            yield location


def _is_relative(location: str) -> bool:
    return (
        scheme_of(location) == "file"
        and not location.startswith(("/", "file:"))
        and SECRET_REFERENCE.match(location) is None
    )
