"""A mapping from Python code as a document: plain values that have no file."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any

from aqueducts.diagnostics import Problem
from aqueducts.documents import Document, Path
from aqueducts.documents.source_map import SourceMap
from aqueducts.documents.source_text import SourceText
from aqueducts.errors import ValidationProblem
from aqueducts.validation.places import dotted

__all__ = ["plain_document"]

_MAX_DEPTH = 100


def plain_document(data: Mapping[str, Any]) -> Document:
    """Return a copy of a mapping as a document. Raises ValidationProblem for other values."""
    value = _plain(data, ())
    return Document(value, SourceMap(SourceText("", ""), {}, lambda *_: None))


def _plain(value: Any, path: Path) -> Any:
    if len(path) > _MAX_DEPTH:
        raise _refused(path[:1], f"is nested more than {_MAX_DEPTH} levels deep")
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {_key(key, path): _plain(item, (*path, str(key))) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item, (*path, index)) for index, item in enumerate(value)]
        case PathLike():
            return fspath(value)
    raise _refused(path, f"is a {type(value).__name__}, which pipeline files have no form for")


def _key(key: Any, path: Path) -> str:
    if not isinstance(key, str):
        raise _refused((*path, str(key)), "has a key that is not text")
    return key


def _refused(path: Path, message: str) -> ValidationProblem:
    where = dotted(path) or "the pipeline"
    return ValidationProblem([Problem("wrong-type", f"{where}: {message}", path=path)])
