"""Keys that are missing, and keys that no field has: what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from pydantic import BaseModel

from aqueducts.diagnostics import Problem, nearest
from aqueducts.documents import Path
from aqueducts.template.parameters import PARAMS_KEY
from aqueducts.validation.names import field_names, has_open_keys, members_of
from aqueducts.validation.places import Places, dotted, value_at

__all__ = ["SCHEMA_KEY", "FittedModel", "key_problems", "owner"]

_SYNONYMS = {
    **dict.fromkeys(("path", "url", "uri", "file", "filename", "file_path", "uri"), "location"),
    **dict.fromkeys(("sql", "select", "statement"), "query"),
    **dict.fromkeys(("columns", "fields"), "schema"),
    **dict.fromkeys(("sep", "separator", "field_delimiter"), "delimiter"),
    **dict.fromkeys(("header", "headers"), "has_header"),
    **dict.fromkeys(("dtype", "kind"), "data_type"),
    **dict.fromkeys(("id", "table", "alias"), "name"),
    **dict.fromkeys(("inputs", "input"), "sources"),
    **dict.fromkeys(("transforms", "steps", "transformations"), "stages"),
    **dict.fromkeys(("output", "outputs", "sink", "target"), "destination"),
    **dict.fromkeys(("parameters", "variables", "vars"), "params"),
    **dict.fromkeys(("partition_by", "partitions", "partitioned_by"), "partition_columns"),
    **dict.fromkeys(("limit", "preview"), "show"),
}
"""Words of other tools, with the field that they are most likely meant for."""

SCHEMA_KEY = "$schema"
"""By which editors find the JSON Schema of a JSON document; here it means nothing."""


class FittedModel(msgspec.Struct, frozen=True):
    """A mapping whose keys were compared with the fields of a model."""

    model: type[BaseModel]
    path: Path
    given: frozenset[str]
    """Fields that are there."""
    unknown: tuple[str, ...]
    """Keys that no field has."""

    @property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """For each field its names in files; `params` is known at the top, though no field."""
        names = dict(field_names(self.model))
        if not self.path:
            names[PARAMS_KEY] = (PARAMS_KEY,)
        return names

    def knows(self, key: str) -> bool:
        """Whether a field is called so."""
        return any(key in names for names in self.names.values())


def key_problems(fitted: Sequence[FittedModel], value: Any, places: Places) -> Iterator[Problem]:
    """Yield fields that are missing, and keys that no field has; `value` is the whole pipeline."""
    everywhere = _Everywhere(
        [*fitted, *(part for each in fitted for part in _parts_left_out(each))]
    )
    for each in fitted:
        yield from _Keys(each, everywhere, value, places).problems()


def _parts_left_out(fitted: FittedModel) -> Iterator[FittedModel]:
    """Yield the mappings that could stand in a mapping and do not."""
    for name, info in fitted.model.model_fields.items():
        models = [each for each in members_of(info.annotation) if _is_model(each)]
        if name not in fitted.given and len(models) == 1:
            path = (*fitted.path, fitted.names[name][0])
            yield FittedModel(models[0], path, frozenset(), ())


def _is_model(each: Any) -> bool:
    return isinstance(each, type) and issubclass(each, BaseModel)


class _Everywhere:
    """All mappings of a document by their paths."""

    def __init__(self, fitted: Sequence[FittedModel]) -> None:
        self._by_path = {each.path: each for each in fitted}
        self._below: dict[Path, list[FittedModel]] = {}
        for each in fitted:
            for length in range(1, len(each.path)):
                self._below.setdefault(each.path[:length], []).append(each)

    def at(self, path: Path) -> FittedModel | None:
        """The mapping at a path."""
        return self._by_path.get(path)

    def below(self, path: Path) -> Sequence[FittedModel]:
        """The mappings inside of a mapping."""
        return self._below.get(path, ())


class _Keys:
    """The keys of one mapping."""

    def __init__(
        self, fitted: FittedModel, everywhere: _Everywhere, value: Any, places: Places
    ) -> None:
        self._model = fitted.model
        self._path = fitted.path
        self._names = fitted.names
        self._given = fitted.given
        self._unknown = [key for key in fitted.unknown if fitted.path or key != SCHEMA_KEY]
        self._everywhere = everywhere
        self._places = places
        self._owner = owner(fitted.path, value, places)

    def problems(self) -> Iterator[Problem]:
        left = [key for name in self._names if name not in self._given for key in self._names[name]]
        meant = {key: _nearest(key, left) for key in self._unknown}
        for name, info in self._model.model_fields.items():
            if name not in self._given and info.is_required():
                yield self._missing(name, info.description, meant)
        for key in () if has_open_keys(self._model) else self._unknown:
            near = meant[key] or _nearest(key, [each[0] for each in self._names.values()])
            yield self._places.problem(
                (*self._path, key),
                f"unknown key '{key}' in {self._owner}",
                code="unknown-field",
                help=self._elsewhere(key)
                or (f"did you mean '{near}'?" if near else _known(self._names.values())),
                severity="warning",
                is_key=True,
            )

    def _missing(
        self, name: str, description: str | None, meant: Mapping[str, str | None]
    ) -> Problem:
        path = (*self._path, self._names[name][0])
        label = str(self._places.written(path)[-1])
        message = f"'{label}' is missing in {self._owner}"
        guess = next((key for key, near in meant.items() if near in self._names[name]), None)
        if guess is None:
            about = f" ({description.rstrip('.')})" if description else ""
            advice = f"add {label}: ...{about}"
        else:
            self._unknown.remove(guess)
            path = (*self._path, guess)
            message += f", and '{guess}' is not a known key"
            advice = f"did you mean '{label}'?"
        return self._places.problem(path, message, code="missing-field", help=advice, is_key=True)

    def _elsewhere(self, key: str) -> str | None:
        """Where a key belongs, if it is known further in or further out."""
        inner = next((each for each in self._inner() if each.knows(key)), None)
        if inner is not None:
            rest = self._places.written(inner.path)[len(self._places.written(self._path)) :]
            return f"'{key}' belongs to {dotted(rest)}" if rest else None
        for length in range(len(self._path)):
            outer = self._everywhere.at(self._path[:length])
            if outer is not None and outer.knows(key) and key not in ("type", "name"):
                where = dotted(self._places.written(outer.path)) or f"{self._places.root} itself"
                return f"'{key}' belongs to {where}{self._in_toml()}"
        return None

    def _inner(self) -> Sequence[FittedModel]:
        # A key of the whole is no misplaced key of one of its many parts.
        return self._everywhere.below(self._path) if self._path else ()

    def _in_toml(self) -> str:
        file = self._places.rendered.file or ""
        return ": in TOML it stands above the first [table]" if file.endswith(".toml") else ""


def _nearest(key: str, names: Sequence[str]) -> str | None:
    synonym = _SYNONYMS.get(key.lower())
    return nearest(key, names) or (synonym if synonym in names else None)


def _known(names: Iterable[Sequence[str]]) -> str:
    return "the keys here are " + ", ".join(each[0] for each in names)


def owner(path: Path, value: Any, places: Places) -> str:
    """What a mapping is called in messages: `source 'orders'`, `format of source 'orders'`."""
    for kind, depth in (("source", 2), ("stage", 3), ("destination", 1)):
        if path[:1] in ((f"{kind}s",), (kind,)) and len(path) >= depth:
            head = path[:depth]
            name = value_at(value, (*head, "name"))
            if not isinstance(name, str):
                break
            rest = dotted(places.written(path)[len(places.written(head)) :])
            return f"{rest} of {kind} '{name}'" if rest else f"{kind} '{name}'"
    return dotted(path) or places.root
