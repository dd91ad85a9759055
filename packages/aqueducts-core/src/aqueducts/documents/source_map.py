"""Where each value of a document stands in its text.

A path is a tuple of keys and list indexes. Readers record spans while they read; the place of
one character inside a string (a template parameter, an error in a query) is computed on demand
by going through the scalar's text once more.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from aqueducts.documents.source_text import Position, SourceText, Span

__all__ = ["Entry", "OffsetReader", "Path", "SourceMap", "offset_of_line"]

Path = tuple[str | int, ...]

OffsetReader = Callable[[str, int, int, str], list[int] | None]
"""Called with the text, the start and end of a scalar in it, and the parsed string.

Returns the offset in the text of every character of the string and of its end, or None when
the scalar does not read as that string.
"""


class Entry(NamedTuple):
    """What a reader knows of one value: offset ranges, and what is needed to look inside."""

    value: tuple[int, int]
    key: tuple[int, int] | None = None
    string: str | None = None
    """The parsed value where it is a string."""
    content: tuple[int, int] | None = None
    """Where a string is written when that is not at `value`: the target of a YAML alias."""


class SourceMap:
    """The spans of all keys and values of one document.

    A path that is not in the document gets the place of its nearest parent, so that a missing
    key can be reported at the mapping it is missing from.
    """

    def __init__(
        self, source: SourceText, entries: Mapping[Path, Entry], read_offsets: OffsetReader
    ) -> None:
        self._source = source
        self._entries = entries
        self._read_offsets = read_offsets
        self._last: tuple[tuple[int, int], list[int] | None] = ((-1, -1), None)
        """The scalar that was looked into last: there may be thousands of places in one."""

    @property
    def file(self) -> str:
        """The file's name as the reader was told it."""
        return self._source.file

    @property
    def text(self) -> str:
        """The text that all offsets count in: the file's, without a byte order mark."""
        return self._source.text

    def __contains__(self, path: object) -> bool:
        return path in self._entries

    def __iter__(self) -> Iterator[Path]:
        return iter(self._entries)

    def position(self, offset: int) -> Position:
        """The line and column of an offset in the text."""
        return self._source.position(offset)

    def span(self, start: int, end: int) -> Span:
        """The span between two offsets in the text."""
        return Span(start, end, self.position(start), self.position(end))

    def key_span(self, path: Path) -> Span:
        """The span of the key at `path`; for an item of a list, of the item."""
        entry = self._nearest(path)
        return self.span(*(entry.key or entry.value))

    def value_span(self, path: Path) -> Span:
        """The span of the value at `path`."""
        return self.span(*self._nearest(path).value)

    def position_inside(self, path: Path, offset: int) -> Position:
        """The place in the file of one character of the string at `path`.

        The offset may equal the string's length: the place behind its last character. Where the
        value is not a string, or its text cannot be followed, this is the value's start.
        """
        entry = self._nearest(path)
        start, end = entry.content or entry.value
        if path not in self._entries or entry.string is None:
            return self.position(start)
        return self.position(self._inside(start, end, entry.string, offset))

    def position_inside_key(self, path: Path, offset: int) -> Position:
        """The place in the file of one character of the key at `path`."""
        entry = self._nearest(path)
        if path not in self._entries or entry.key is None:
            return self.key_span(path).start
        return self.position(self._inside(*entry.key, str(path[-1]), offset))

    def position_of_line_column(self, path: Path, line: int, column: int) -> Position:
        """The place in the file of a 1-based line and column within the string at `path`.

        For messages of a SQL engine, which count within the query.
        """
        string = self._nearest(path).string or ""
        return self.position_inside(path, offset_of_line(string, line, column))

    def _inside(self, start: int, end: int, string: str, offset: int) -> int:
        if self._last[0] != (start, end):
            self._last = (start, end), self._read_offsets(self.text, start, end, string)
        offsets = self._last[1]
        return start if offsets is None else offsets[min(max(offset, 0), len(string))]

    def _nearest(self, path: Path) -> Entry:
        for length in range(len(path), 0, -1):
            if (entry := self._entries.get(path[:length])) is not None:
                return entry
        return self._entries.get((), Entry(value=(0, 0)))


def offset_of_line(string: str, line: int, column: int) -> int:
    """The offset in a string of a 1-based line and column; beyond a line's end, that end."""
    start = 0
    for _ in range(line - 1):
        line_end = string.find("\n", start)
        if line_end < 0:
            return len(string)
        start = line_end + 1
    line_end = string.find("\n", start)
    return min(start + max(column, 1) - 1, len(string) if line_end < 0 else line_end)
