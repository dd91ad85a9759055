"""Type tags: which model a mapping is of, in whatever spelling its tag has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel

from aqueducts.diagnostics import Problem, nearest
from aqueducts.documents import Path
from aqueducts.install_hints import distribution_for
from aqueducts.models.fields import ReadFormat, WriteFormat, snake_case
from aqueducts.plugins import Plugins
from aqueducts.validation.names import literals
from aqueducts.validation.places import Places

__all__ = ["TagReader"]


class TagReader:
    """Reads the tags of sources, destinations, formats and of unions inside plugins' models."""

    def __init__(self, plugins: Plugins, places: Places) -> None:
        self._plugins = plugins
        self._places = places

    def read(
        self, models: Sequence[type[BaseModel]], key: str, value: Mapping[str, Any], path: Path
    ) -> tuple[type[BaseModel], str] | Problem:
        """Return the model that a mapping is of and its canonical tag, or what is wrong."""
        by_tag = {
            tag: model for model in models for tag in literals(model.model_fields[key].annotation)
        }
        offer = self._offer(models, path)
        tag = value.get(key)
        if tag is None:
            return self._missing(offer.kind if offer else None, key, sorted(by_tag), path)
        if not isinstance(tag, str):
            message = f"'{key}' must be text, one of {', '.join(sorted(by_tag))}"
            return self._places.problem((*path, key), message, code="wrong-type")
        canonical = (offer.canonical(tag) if offer else None) or snake_case(tag)
        for spelling in (tag, canonical):
            if spelling in by_tag:
                return by_tag[spelling], spelling
        if offer is not None and canonical in offer:
            message = f"{offer.kind} '{canonical}' can be read but not written"
            advice = f"formats to write are {', '.join(sorted(by_tag))}"
        elif offer is not None:
            error = self._plugins.missing(offer, tag)
            message, advice = error.message, self._detour(tag, path) or error.hint or ""
        else:
            guess = nearest(tag, by_tag)
            message = f"unknown {key} '{tag}'"
            advice = f"did you mean '{guess}'? " if guess else ""
            advice += f"possible are {', '.join(sorted(by_tag))}"
        return self._places.problem((*path, key), message, code="unknown-type", help=advice)

    def is_known(self, models: Sequence[type[BaseModel]], key: str, tag: str, path: Path) -> bool:
        """Whether a text is the tag of one of the models, in whatever spelling."""
        tags = {each for model in models for each in literals(model.model_fields[key].annotation)}
        offer = self._offer(models, path)
        return ((offer.canonical(tag) if offer else None) or snake_case(tag)) in tags

    def source_for(self, location: str) -> str | None:
        """The source that a path given in its place stands for, as it is written."""
        path = PurePosixPath(location)
        ending = path.suffix.removeprefix(".").lower()
        if self._plugins.file_formats.canonical(ending) is None:
            return None
        name = re.sub(r"\W+", "_", path.stem)
        return (
            f"write {{type: file, name: {name}, format: {{type: {ending}}}, location: {location}}}"
        )

    def _offer(self, models: Sequence[type[BaseModel]], path: Path) -> Any:
        if path == ("destination",):
            return self._plugins.destinations
        if path[:1] == ("sources",) and len(path) == len(("sources", 0)):
            return self._plugins.sources
        if all(issubclass(model, ReadFormat | WriteFormat) for model in models):
            return self._plugins.file_formats
        return None

    def _detour(self, tag: str, path: Path) -> str | None:
        """How to say what was meant by a type that is none of its own."""
        if path == ("destination",) and self._plugins.sources.canonical(tag) == "directory":
            return "write type: file and single_file: false for a folder of files"
        known = distribution_for("storage scheme", tag.lower()) is not None
        if known or tag.lower() in self._plugins.object_stores:
            return f"write type: file, and the address as its location: {tag.lower()}://..."
        return None

    def _missing(self, kind: str | None, key: str, tags: list[str], path: Path) -> Problem:
        message = f"'{key}' is missing" + (f" in this {kind}" if kind else "")
        advice = f"add {key}: one of {', '.join(tags)}"
        return self._places.problem(path, message, code="missing-field", help=advice, is_key=True)
