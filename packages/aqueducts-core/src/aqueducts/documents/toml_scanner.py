"""Where the keys and values of a TOML text stand.

The values themselves come from the standard parser, which knows no places. The scanner reads
texts that this parser accepts; of others it reads as far as it understands, for duplicate keys
and for bare placeholders.
"""

import re

from aqueducts.documents.source_map import Entry, Path
from aqueducts.documents.source_text import MAX_DEPTH
from aqueducts.documents.toml_strings import PLACEHOLDER, string_end, unquote

__all__ = ["TomlScanner"]

_SPACE = re.compile(r"[ \t]*")
_SPACE_LINES_COMMENTS = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_BARE_KEY = re.compile(rf"(?:[A-Za-z0-9_-]|{PLACEHOLDER.pattern})+", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:[0-9:.]+(?:[zZ]|[-+]\d{2}:\d{2})?")
_ATOM = re.compile(r"[^\s,\]}#]+")

_Span = tuple[int, int]
_KeyPart = tuple[str, _Span]


class _NotUnderstood(Exception):
    """The text is not TOML from here on."""


class TomlScanner:
    """The places of one text; `scan` fills the attributes."""

    def __init__(self, text: str) -> None:
        self.entries: dict[Path, Entry] = {(): Entry((0, len(text)))}
        self.placeholders: list[_Span] = []
        """Keys and values without quotes that hold a template placeholder."""
        self.duplicates: list[tuple[str, _Span, int]] = []
        """Keys that are given again: the key, its place, and where it is given first."""
        self.is_complete = False
        """Whether all of the text was understood."""
        self._text = text
        self._lengths: dict[Path, int] = {}
        self._tables: set[Path] = set()

    def scan(self) -> None:
        """Read the text; stops without an error where it is not understood."""
        table: Path = ()
        position = self._skip_lines(0)
        try:
            while position < len(self._text):
                if self._text.startswith("[", position):
                    table, position = self._header(position)
                else:
                    position = self._pair(position, table)
                position = self._skip_lines(position)
        except _NotUnderstood:
            return
        self.is_complete = True

    # --- tables ---

    def _header(self, start: int) -> tuple[Path, int]:
        brackets = 2 if self._text.startswith("[[", start) else 1
        parts, position = self._key(self._skip(start + brackets))
        if not self._text.startswith("]" * brackets, position):
            raise _NotUnderstood
        end = position + brackets
        path: Path = ()
        for name, key_span in parts[:-1]:
            path = self._step(path, name, key_span, (start, end))
        name, key_span = parts[-1]
        path = (*path, name)
        entry = Entry((start, end), key_span)
        if brackets == 1:
            if path in self._tables or self._lengths.get(path):
                self._duplicate(path, key_span)
            self.entries.setdefault(path, entry)
        else:
            self.entries.setdefault(path, entry)
            index = self._lengths.get(path, 0)
            self._lengths[path] = index + 1
            path = (*path, index)
            self.entries[path] = entry
        self._tables.add(path)
        return path, end

    def _step(self, path: Path, name: str, key_span: _Span, value_span: _Span) -> Path:
        """The path of a table inside a table; in an array of tables that is its last one."""
        path = (*path, name)
        self.entries.setdefault(path, Entry(value_span, key_span))
        length = self._lengths.get(path)
        return path if length is None else (*path, length - 1)

    # --- keys and values ---

    def _pair(self, start: int, table: Path) -> int:
        parts, position = self._key(start)
        if not self._text.startswith("=", position):
            raise _NotUnderstood
        path = table
        for name, _ in parts:
            path = (*path, name)
        name, key_span = parts[-1]
        if path in self.entries:
            self._duplicate(path, key_span)
        # The tables of a dotted key come before what they hold.
        for length, (_, span) in enumerate(parts[:-1], start=len(table) + 1):
            self.entries.setdefault(path[:length], Entry((span[0], key_span[1]), span))
        return self._value(self._skip(position + 1), path, key_span)

    def _duplicate(self, path: Path, key_span: _Span) -> None:
        first = self.entries[path].key or self.entries[path].value
        self.duplicates.append((str(path[-1]), key_span, first[0]))

    def _key(self, start: int) -> tuple[list[_KeyPart], int]:
        """The parts of a dotted key, and where the blanks after it end."""
        parts: list[_KeyPart] = []
        position = start
        while True:
            end = string_end(self._text, position)
            if end is not None:
                name = unquote(self._text, position, end)
            elif match := _BARE_KEY.match(self._text, position):
                name, end = match[0], match.end()
                if "$" in name:
                    self.placeholders.append((position, end))
            else:
                raise _NotUnderstood
            parts.append((name, (position, end)))
            position = self._skip(end)
            if not self._text.startswith(".", position):
                return parts, position
            position = self._skip(position + 1)

    def _value(self, start: int, path: Path, key_span: _Span | None) -> int:
        if len(path) > MAX_DEPTH:
            raise _NotUnderstood
        self.entries.setdefault(path, Entry((start, start), key_span))
        string: str | None = None
        match self._text[start : start + 1]:
            case "[":
                end = self._array(start, path)
            case "{":
                end = self._inline_table(start, path)
            case _:
                end, string = self._scalar(start)
        self.entries[path] = Entry((start, end), key_span, string)
        return end

    def _scalar(self, start: int) -> tuple[int, str | None]:
        if (end := string_end(self._text, start)) is not None:
            return end, unquote(self._text, start, end)
        if match := PLACEHOLDER.match(self._text, start):
            self.placeholders.append(match.span())
            return match.end(), match[0]
        match = _DATE_TIME.match(self._text, start) or _ATOM.match(self._text, start)
        if match is None:
            raise _NotUnderstood
        return match.end(), None

    def _array(self, start: int, path: Path) -> int:
        position = self._skip_lines(start + 1)
        index = 0
        while not self._text.startswith("]", position):
            position = self._value(position, (*path, index), None)
            index += 1
            position = self._separator(position, "]")
        return position + 1

    def _inline_table(self, start: int, path: Path) -> int:
        position = self._skip_lines(start + 1)
        while not self._text.startswith("}", position):
            position = self._separator(self._pair(position, path), "}")
        return position + 1

    def _separator(self, position: int, closing: str) -> int:
        position = self._skip_lines(position)
        if self._text.startswith(",", position):
            return self._skip_lines(position + 1)
        if not self._text.startswith(closing, position):
            raise _NotUnderstood
        return position

    def _skip(self, position: int) -> int:
        match = _SPACE.match(self._text, position)
        return match.end() if match else position

    def _skip_lines(self, position: int) -> int:
        match = _SPACE_LINES_COMMENTS.match(self._text, position)
        return match.end() if match else position
