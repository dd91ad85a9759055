"""Fits plain data to the models: canonical names and tags, with the path each value came from.

What pydantic would pass over or say in a way that helps nobody is found here: keys that no field
has, one field under two names, types that are not installed, missing fields, true for a number.
Both go through the same data, so that all problems of a file come at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, get_args, get_origin

import msgspec
from pydantic import BaseModel, RootModel

from aqueducts.diagnostics import Problem
from aqueducts.documents import Path
from aqueducts.models.fields import ReadFormat, WriteFormat
from aqueducts.plugins import Plugins
from aqueducts.validation.keys import FittedModel, key_problems
from aqueducts.validation.names import field_names, members_of, tag_key
from aqueducts.validation.places import Places
from aqueducts.validation.tags import TagReader

__all__ = ["MOST_PROBLEMS", "Shape", "fit"]

MOST_PROBLEMS = 1000
"""Of one kind; a file that has more is generated, and wrong in one way."""


class Shape(msgspec.Struct):
    """Plain data in canonical form, and what was found on the way there."""

    value: Any
    places: Places
    problems: list[Problem] = msgspec.field(default_factory=list)
    fitted: set[Path] = msgspec.field(default_factory=set)
    """Mappings whose fields were compared with a model."""
    unions: set[Path] = msgspec.field(default_factory=set)
    """Values that may be of several models, which pydantic names in the path of an error."""
    descriptions: dict[Path, str] = msgspec.field(default_factory=dict)
    """What the fields of models are for."""
    advice: dict[Path, str | None] = msgspec.field(default_factory=dict)
    """How to write what is written otherwise."""
    refused: set[Path] = msgspec.field(default_factory=set)
    """Values that are wrong as a whole, so that nothing below them is worth a word."""


def fit(
    model: type[BaseModel],
    value: Any,
    plugins: Plugins,
    places: Places,
    moved: dict[Path, Path],
) -> Shape:
    """Fit plain data to a model; `moved` is what `places` looks up, and is added to."""
    shape = Shape(value, places)
    fitter = _Fitter(shape, moved, TagReader(plugins, places))
    shape.value = fitter.fit(model, value, ())
    shape.problems += islice(key_problems(fitter.fitted, shape.value, places), MOST_PROBLEMS)
    return shape


class _Fitter:
    def __init__(self, shape: Shape, moved: dict[Path, Path], tags: TagReader) -> None:
        self._shape = shape
        self._places = shape.places
        self._moved = moved
        self._tags = tags
        self.fitted: list[FittedModel] = []
        """Mappings that were fitted, parents behind their children."""

    def fit(self, annotation: Any, value: Any, path: Path) -> Any:
        members = members_of(annotation)
        match value:
            case dict():
                return self._fit_mapping(members, value, path)
            case list():
                return self._fit_list(members, value, path)
            case str():
                self._advise(members, value, path)
            case bool() if members and all(member in (int, float) for member in members):
                self._refuse_bool(value, path, is_whole=int in members)
        return value

    def _advise(self, members: Sequence[Any], value: str, path: Path) -> None:
        """Say how a text is written where a mapping belongs, if that can be told."""
        models = _models(members)
        if path[-2:-1] == ("partition_columns",):
            self._shape.advice[path] = f"write [{value}, string], a pair of name and type"
        elif path[:1] == ("sources",) and len(path) == len(("sources", 0)):
            self._shape.advice[path] = self._tags.source_for(value)
        elif (key := tag_key(models)) and self._tags.is_known(models, key, value, path):
            self._shape.advice[path] = f"write {path[-1]}: {{{key}: {value}}}"

    def _fit_mapping(self, members: Sequence[Any], value: dict[str, Any], path: Path) -> Any:
        models = _models(members)
        if not models:
            values = [get_args(each)[1] for each in members if get_origin(each) in (dict, Mapping)]
            if values:
                return {key: self.fit(values[0], item, (*path, key)) for key, item in value.items()}
            return value
        if len(models) > 1:
            self._shape.unions.add(path)
        key = tag_key(models)
        if key is None:
            return self._fit_fields(models[0], value, path) if len(models) == 1 else value
        found = self._tags.read(models, key, value, path)
        if isinstance(found, Problem):
            self._shape.problems.append(found)
            self._shape.refused.add(path)
            return value
        model, tag = found
        return self._fit_fields(model, {**value, key: tag}, path)

    def _fit_list(self, members: Sequence[Any], value: list[Any], path: Path) -> Any:
        for member in members:
            arguments = get_args(member)
            if isinstance(get_origin(member), type) and issubclass(get_origin(member), Iterable):
                return [
                    self.fit(arguments[0], item, (*path, index)) for index, item in enumerate(value)
                ]
        return value

    def _fit_fields(self, model: type[BaseModel], value: dict[str, Any], path: Path) -> Any:
        if issubclass(model, RootModel):
            return self.fit(model.model_fields["root"].annotation, value, path)
        self._shape.fitted.add(path)
        names = field_names(model)
        field_of = {spelling: name for name, spellings in names.items() for spelling in spellings}
        result: dict[str, Any] = {}
        given: dict[str, str] = {}
        unknown: list[str] = []
        for key, item in value.items():
            name = field_of.get(key)
            if name is None:
                unknown.append(key)
                if key not in model.model_fields:
                    result[key] = item
            elif name in given:
                self._report_twice(given[name], key, path)
            elif item is None and key == "options" and issubclass(model, ReadFormat | WriteFormat):
                given[name] = key
            else:
                given[name] = key
                canonical = names[name][0]
                child = (*path, canonical)
                if key != canonical:
                    self._moved[child] = (*self._places.written(path), key)
                result[canonical] = self.fit(model.model_fields[name].annotation, item, child)
        self.fitted.append(FittedModel(model, path, frozenset(given), tuple(unknown)))
        for name, info in model.model_fields.items():
            if info.description:
                self._shape.descriptions[(*path, names[name][0])] = info.description
        return result

    # --- problems ---

    def _report_twice(self, first: str, second: str, path: Path) -> None:
        message = f"'{first}' and '{second}' are the same field"
        written = (*self._places.written(path), second)
        # The field's own path is taken by the name that came first.
        self._moved[(*path, second)] = written
        self._shape.problems.append(
            self._places.problem(
                (*path, second),
                message,
                code="duplicate-key",
                help="remove one of the two",
                is_key=True,
            )
        )

    def _refuse_bool(self, value: bool, path: Path, *, is_whole: bool) -> None:
        number = "a whole number" if is_whole else "a number"
        found = "true" if value else "false"
        message = f"'{path[-1]}' must be {number}, not {found}"
        self._shape.refused.add(path)
        self._shape.problems.append(self._places.problem(path, message, code="wrong-type"))


def _models(members: Sequence[Any]) -> list[type[BaseModel]]:
    return [each for each in members if isinstance(each, type) and issubclass(each, BaseModel)]
