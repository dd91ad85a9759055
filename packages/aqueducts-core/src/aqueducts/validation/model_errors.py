"""Pydantic's errors as problems with a place in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from aqueducts.diagnostics import Problem
from aqueducts.documents import Path
from aqueducts.validation.messages import advice, expectation, found, sentence
from aqueducts.validation.places import dotted
from aqueducts.validation.shape import Shape

__all__ = ["problems_of"]

_GROUP = (
    "stages is a list of groups, and a group is a list of stages: write [[{name: ...}]], "
    "or in YAML '- - name: ...'"
)


def problems_of(error: ValidationError, shape: Shape) -> Iterator[Problem]:
    """Yield the problems of an error, without those that the shape of the data told already."""
    by_path: dict[Path, list[Mapping[str, Any]]] = {}
    for each in error.errors(include_url=False):
        path = _data_path(each["loc"], shape, is_missing=each["type"].startswith("missing"))
        is_known = any(path[:length] in shape.refused for length in range(len(path) + 1))
        if not is_known and not (each["type"] == "missing" and path[:-1] in shape.fitted):
            by_path.setdefault(path, []).append(each)
    for path, errors in by_path.items():
        yield _problem(path, errors, shape)


def _data_path(loc: Sequence[str | int], shape: Shape, *, is_missing: bool) -> Path:
    """Return the path in the data of a pydantic location, which names members of unions too.

    The last part of the location of what is missing is not in the data.
    """
    path: Path = ()
    value = shape.value
    named: set[Path] = set()
    for index, part in enumerate(loc):
        if path in shape.unions and path not in named:
            named.add(path)
        elif _has(value, part):
            path, value = (*path, part), value[part]
        elif is_missing and index == len(loc) - 1:
            path = (*path, part)
    return path


def _name(path: Path, root: str) -> str:
    """Return what a value is called: the nearest key, and its place in a list below that."""
    keys = [index for index, part in enumerate(path) if isinstance(part, str)]
    return dotted(path[keys[-1] :]) if keys else root


def _is_group(path: Path) -> bool:
    return path[:1] == ("stages",) and len(path) == len(("stages", 0))


def _has(value: Any, part: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value


def _problem(path: Path, errors: Sequence[Mapping[str, Any]], shape: Shape) -> Problem:
    """Return one problem for all errors of one value: those of a union come one per member."""
    first = errors[0]
    kind, value = first["type"], first["input"]
    context = first.get("ctx", {})
    written = shape.places.written(path)
    name = _name(written, shape.places.root)
    is_parameter = written in shape.places.rendered.whole_scalars
    words = found(value, is_hidden=is_parameter or kind == "string_type")
    if is_parameter:
        words = "what its parameter gives"
    message = sentence(kind, name, context, first["msg"], words)
    wanted = [expectation(each["type"], each.get("ctx", {})) for each in errors]
    if len(errors) > 1 and None not in wanted:
        choices = " or ".join(dict.fromkeys(str(each) for each in wanted))
        message = f"'{name}' must be {choices}, not {words}"
    span = None
    if isinstance(offset := context.get("offset"), int):
        span = (offset, int(context.get("length", 1)))
    hint = _advice(path, kind, wanted, first, shape)
    code = "wrong-value" if None in wanted else "wrong-type"
    return shape.places.problem(
        path,
        message,
        code=context.get("code", code),
        help=None if hint and hint in message else hint,
        span=span,
        is_key=bool(context.get("is_key")),
    )


def _advice(
    path: Path,
    kind: str,
    wanted: Sequence[str | None],
    error: Mapping[str, Any],
    shape: Shape,
) -> str | None:
    """Return what to write, as exactly as can be told."""
    value = error["input"]
    if value is None and path and isinstance(path[-1], int):
        return "remove the empty item"
    if _is_group(path):
        return _GROUP
    special = advice(kind, error.get("ctx", {}), value) or shape.advice.get(path)
    special = special or _structure(path, wanted, value, shape)
    if special is None and path in shape.descriptions and not isinstance(value, dict):
        return f"{shape.places.written(path)[-1]}: {shape.descriptions[path]}"
    return special


def _structure(path: Path, wanted: Sequence[str | None], value: Any, shape: Shape) -> str | None:
    """Return how the file's format writes what should be there."""
    file = shape.places.rendered.file or ""
    name = path[-1] if path else ""
    is_yaml = file.endswith((".yml", ".yaml"))
    if wanted[0] == expectation("list_type", {}) and value is not None:
        if file.endswith(".toml") and isinstance(value, dict):
            return f"write [[{name}]], in two brackets, above each item"
        if is_yaml and isinstance(value, dict):
            return "begin every item with '- '"
        is_word = isinstance(value, str) and value.isidentifier()
        return f"put it in brackets: [{value}]" if is_yaml and is_word else "put it in brackets"
    if wanted[0] == expectation("dict_type", {}) and isinstance(value, list):
        if len(value) != 1 or not isinstance(value[0], dict):
            return "write pairs, each with its key: key: value" if is_yaml else None
        return "leave out the '- '" if is_yaml else "leave out the brackets of the list"
    return None
