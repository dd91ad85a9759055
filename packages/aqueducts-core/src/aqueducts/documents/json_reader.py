"""JSON text to values and their places: strict JSON, and one thing more.

A value may be a bare template placeholder (`"version": ${version}`), which reads as the string
`"${version}"`: pipeline files were once substituted as text and may be written that way.
"""

import json
import math
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # missing in typeshed
from typing import Any

from aqueducts.documents.source_map import Entry, Path, SourceMap
from aqueducts.documents.source_text import MAX_DEPTH, SourceText, Unreadable

__all__ = ["read_json"]

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"(-?(?:0|[1-9]\d*))(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_PLACEHOLDER = re.compile(r"\$\{(?:\w+|secret:[^{}\s\"]+)\}", re.ASCII)
_WORD = re.compile(r"[-+.\w]+|.", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u....|.)")


def read_json(source: SourceText) -> tuple[Any, SourceMap]:
    """The value of a JSON text and the places in it."""
    reader = _Reader(source)
    value = reader.read_all()
    return value, SourceMap(source, reader.entries, _read_offsets)


class _Reader:
    def __init__(self, source: SourceText) -> None:
        self.entries: dict[Path, Entry] = {}
        self._source = source
        self._text = source.text
        self._problems: list[Any] = []

    def read_all(self) -> Any:
        value, position = self._read_value(self._skip(0), (), None)
        position = self._skip(position)
        if position < len(self._text):
            raise self._unexpected(position, "the end of the document")
        if self._problems:
            raise Unreadable(self._problems)
        return value

    def _skip(self, position: int) -> int:
        match = _SPACE.match(self._text, position)
        return match.end() if match else position

    def _read_value(self, start: int, path: Path, key: tuple[int, int] | None) -> tuple[Any, int]:
        if len(path) > MAX_DEPTH:
            raise self._source.too_deep(start)
        # Recorded before the children, so that paths come in reading order.
        self.entries[path] = Entry((start, start), key)
        match self._text[start : start + 1]:
            case "{":
                value: Any
                value, end = self._read_object(start, path)
            case "[":
                value, end = self._read_array(start, path)
            case '"':
                value, end = self._read_string(start)
            case _:
                value, end = self._read_atom(start)
        string = value if isinstance(value, str) else None
        self.entries[path] = Entry((start, end), key, string)
        return value, end

    def _read_object(self, start: int, path: Path) -> tuple[dict[str, Any], int]:
        result: dict[str, Any] = {}
        keys: dict[str, int] = {}
        position = self._skip(start + 1)
        if self._text.startswith("}", position):
            return result, position + 1
        while True:
            if not self._text.startswith('"', position):
                raise self._unexpected(position, "a key in double quotes")
            key, key_end = self._read_string(position)
            span = (position, key_end)
            if key in keys:
                self._problems.append(self._source.duplicate_key(key, span, keys[key]))
            keys[key] = position
            position = self._skip(key_end)
            if not self._text.startswith(":", position):
                raise self._unexpected(position, "':' after the key")
            result[key], position = self._read_value(self._skip(position + 1), (*path, key), span)
            position, is_last = self._read_separator(position, "}")
            if is_last:
                return result, position

    def _read_array(self, start: int, path: Path) -> tuple[list[Any], int]:
        result: list[Any] = []
        position = self._skip(start + 1)
        if self._text.startswith("]", position):
            return result, position + 1
        while True:
            value, position = self._read_value(position, (*path, len(result)), None)
            result.append(value)
            position, is_last = self._read_separator(position, "]")
            if is_last:
                return result, position

    def _read_separator(self, position: int, closing: str) -> tuple[int, bool]:
        """Where reading goes on after a `,` or the closing bracket, and whether it closed."""
        position = self._skip(position)
        if self._text.startswith(closing, position):
            return position + 1, True
        if not self._text.startswith(",", position):
            raise self._unexpected(position, f"',' or '{closing}'")
        following = self._skip(position + 1)
        if self._text.startswith(closing, following):
            raise self._failure(position, f"',' before '{closing}'", "remove the comma")
        return following, False

    def _read_string(self, start: int) -> tuple[str, int]:
        try:
            value, end = scanstring(self._text, start + 1)
        except json.JSONDecodeError as error:
            # A string without an end is best seen where it begins, an escape at its backslash.
            position = start if error.msg.startswith("Unterminated") else error.pos
            if "\\" in error.msg:
                position = self._text.rfind("\\", 0, position + 1)
            raise self._failure(position, *_string_failure(error.msg)) from None
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            message = "a \\u escape gives half a surrogate pair"
            raise self._failure(start, message, "write both halves, or the character itself")
        return value, end

    def _read_atom(self, start: int) -> tuple[Any, int]:
        if match := _PLACEHOLDER.match(self._text, start):
            return match[0], match.end()
        word = _WORD.match(self._text, start)
        if word and word[0] in _WORDS:
            return _WORDS[word[0]], word.end()
        number = _NUMBER.match(self._text, start)
        if word and number and number.end() == word.end():
            return self._number(number), number.end()
        raise self._unexpected(start, "a value")

    def _number(self, match: re.Match[str]) -> int | float:
        try:
            number = int(match[1]) if match[2] is match[3] is None else float(match[0])
        except ValueError:
            number = math.inf
        if math.isinf(number):
            raise self._failure(match.start(), "a number that is out of range", None)
        return number

    def _unexpected(self, position: int, expected: str) -> Unreadable:
        match = _WORD.match(self._text, position)
        found = f"'{match[0]}'" if match else "the end of the file"
        advice = _help_for(self._text, position) or _missing(expected, is_end=match is None)
        return self._failure(position, f"expected {expected}, found {found}", advice)

    def _failure(self, position: int, message: str, advice: str | None) -> Unreadable:
        match = _WORD.match(self._text, position)
        span = (position, match.end() if match else position)
        problem = self._source.problem(span, "json-syntax", message, help=advice)
        return Unreadable([*self._problems, problem])


def _help_for(text: str, position: int) -> str | None:
    for beginning, advice in (
        ("//", "JSON has no comments: remove it, or use YAML"),
        ("/*", "JSON has no comments: remove it, or use YAML"),
        ("#", "JSON has no comments: remove it, or use YAML"),
        ("'", "JSON strings are in double quotes"),
        ("True", "write true"),
        ("False", "write false"),
        ("None", "write null"),
        ("NaN", "JSON has no NaN; use null"),
        ("Infinity", "JSON has no infinity"),
        ("-Infinity", "JSON has no infinity"),
    ):
        if text.startswith(beginning, position):
            return advice
    return None


def _missing(expected: str, *, is_end: bool) -> str | None:
    if is_end:
        return "the text ends too early: close every bracket and quote that was opened"
    if expected.startswith("','"):
        return "write a comma between two items"
    if expected == "a key in double quotes":
        return 'put the key in double quotes: "key": ...'
    if expected == "the end of the document":
        return "a file holds one pipeline: remove what follows it"
    return None


def _string_failure(message: str) -> tuple[str, str | None]:
    if message.startswith("Unterminated"):
        return "this string is never closed", 'close it with "'
    if message.startswith("Invalid control character"):
        return "a string holds a line break or control character", "write \\n, \\t or \\u00XX"
    return "a backslash begins no valid escape", 'write \\\\ for a backslash, \\" for a quote'


def _read_offsets(text: str, start: int, end: int, string: str) -> list[int] | None:
    if not text.startswith('"', start):
        return list(range(start, end + 1)) if text[start:end] == string else None
    offsets: list[int] = []
    position = start + 1
    while position < end - 1:
        offsets.append(position)
        match = _ESCAPE.match(text, position)
        position = match.end() if match else position + 1
    offsets.append(end - 1)
    return offsets if len(offsets) == len(string) + 1 else None
