"""A document with its parameters filled in, whose places still are places in the file."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from aqueducts.diagnostics import Problem
from aqueducts.documents import Document, Path, Position, SourceMap, Span, offset_of_line

__all__ = ["Piece", "Rendered", "written_offset"]


class Piece(NamedTuple):
    """One parameter in a string: its range in the rendered string and in the written one."""

    start: int
    end: int
    written_start: int
    written_end: int


class Rendered(msgspec.Struct, frozen=True):
    """The values of a document after substitution, without its `params` key.

    The methods take paths and offsets of the rendered `value` and answer with places in the
    file; they have the names and the fall-backs of those of `SourceMap`.
    """

    value: Any
    problems: tuple[Problem, ...]
    """What is wrong with parameters and secret references, in reading order."""
    missing: tuple[str, ...]
    """Names of the parameters that have no value, in the order in which the file needs them."""
    whole_scalars: frozenset[Path]
    """Where the string was one placeholder and nothing else: it takes the type of its field."""
    _source_map: SourceMap
    _pieces: Mapping[Path, tuple[Piece, ...]] = msgspec.field(default_factory=dict)
    _key_pieces: Mapping[Path, tuple[Piece, ...]] = msgspec.field(default_factory=dict)
    _written_keys: Mapping[Path, str] = msgspec.field(default_factory=dict)

    @classmethod
    def as_written(cls, document: Document) -> "Rendered":
        """A document in which nothing is filled in: what looks like a parameter is text."""
        return cls(
            value=document.value,
            problems=(),
            missing=(),
            whole_scalars=frozenset(),
            _source_map=document.source_map,
        )

    @property
    def file(self) -> str:
        """The file's name."""
        return self._source_map.file

    @property
    def text(self) -> str:
        """The file's text."""
        return self._source_map.text

    def __contains__(self, path: object) -> bool:
        return isinstance(path, tuple) and self._written_path(path) in self._source_map

    def key_span(self, path: Path) -> Span:
        """The span of the key at a path; for an item of a list, of the item."""
        return self._source_map.key_span(self._written_path(path))

    def value_span(self, path: Path) -> Span:
        """The span of the value at a path."""
        return self._source_map.value_span(self._written_path(path))

    def position_inside(self, path: Path, offset: int) -> Position:
        """The place of one character of the rendered string at a path.

        Inside an inserted value that is the place of its placeholder.
        """
        offset = written_offset(self._pieces.get(path, ()), offset)
        return self._source_map.position_inside(self._written_path(path), offset)

    def position_inside_key(self, path: Path, offset: int) -> Position:
        """The place of one character of the rendered key at a path."""
        offset = written_offset(self._key_pieces.get(path, ()), offset)
        return self._source_map.position_inside_key(self._written_path(path), offset)

    def position_of_line_column(self, path: Path, line: int, column: int) -> Position:
        """The place of a 1-based line and column within the rendered string at a path."""
        value = self._value_at(path)
        string = value if isinstance(value, str) else ""
        return self.position_inside(path, offset_of_line(string, line, column))

    def _written_path(self, path: Path) -> Path:
        """The path with the keys as the file writes them."""
        if not self._written_keys:
            return path
        return tuple(
            self._written_keys.get(path[: index + 1], part) for index, part in enumerate(path)
        )

    def _value_at(self, path: Path) -> Any:
        value = self.value
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def written_offset(pieces: tuple[Piece, ...], offset: int) -> int:
    """The offset in the written string of an offset in the rendered one."""
    shift = 0
    for piece in pieces:
        if offset < piece.start:
            break
        if offset < piece.end:
            return piece.written_start
        shift = piece.written_end - piece.end
    return offset + shift
