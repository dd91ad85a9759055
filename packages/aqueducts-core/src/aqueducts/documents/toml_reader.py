"""TOML text to plain values, by the standard parser, and their places, by the scanner."""

import re
import tomllib
from datetime import date, datetime, time
from typing import Any

from aqueducts.documents.source_map import Entry, Path, SourceMap
from aqueducts.documents.source_text import MAX_DEPTH, SourceText, Unreadable
from aqueducts.documents.toml_scanner import TomlScanner
from aqueducts.documents.toml_strings import read_offsets

__all__ = ["read_toml"]

_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")

_EXPLANATIONS: tuple[tuple[str, str, str | None], ...] = (
    ("Invalid value", "a value was expected here", 'text is in quotes: key = "text"'),
    ("Expected '=' after", "'=' is missing after the key", 'write key = "value"'),
    ("Invalid statement", "this is no key, table or comment", 'write key = "value" or [table]'),
    ("Expected newline or end", "more text after the value", "text is in quotes, one pair a line"),
    ("Unclosed array", "a list is not closed or lacks a ','", "write [first, second]"),
    ("Unclosed inline table", "an inline table is not closed or lacks a ','", "write { a = 1 }"),
    ("Unescaped '\\'", "a backslash begins no valid escape", "use 'single quotes' for paths"),
    (
        "Illegal character '\\n'",
        "a string is not closed",
        'close it with ", or use """ for several lines',
    ),
    ("Unterminated string", "a string is not closed", 'close it with "'),
    ('Expected "\'"', "a string is not closed", "close it with '"),
    ("Expected ']'", "']' is missing after the table's name", None),
    ("Initial", "the line is incomplete", None),
)


def read_toml(source: SourceText) -> tuple[Any, SourceMap]:
    """The value of a TOML text and the places in it; dates and times become ISO strings."""
    value = _parse(source)
    _check_depth(source, value)
    scanner = TomlScanner(source.text)
    scanner.scan()
    entries = scanner.entries
    return _plain(value, (), entries), SourceMap(source, entries, read_offsets)


_DEEP_KEY = re.compile(rf"(?:[\w-]+\s*\.\s*){{{MAX_DEPTH},}}")


def _parse(source: SourceText) -> dict[str, Any]:
    deep = _DEEP_KEY.search(source.text)
    if deep is not None:
        raise source.too_deep(deep.start())
    try:
        return tomllib.loads(source.text)
    except RecursionError:
        raise source.too_deep(0) from None
    except tomllib.TOMLDecodeError as error:
        scanner = TomlScanner(source.text)
        scanner.scan()
        if not scanner.placeholders:
            raise _failure(source, scanner, error, []) from None
    return _parse_quoted(source, scanner)


def _parse_quoted(source: SourceText, scanner: TomlScanner) -> dict[str, Any]:
    """Parse a text whose bare placeholders (`version = ${version}`) are put in quotes.

    Pipeline files were once substituted as text and may be written that way.
    """
    pieces: list[str] = []
    position = 0
    for start, end in scanner.placeholders:
        pieces += [source.text[position:start], '"', source.text[start:end], '"']
        position = end
    pieces.append(source.text[position:])
    inserted = [offset for span in scanner.placeholders for offset in span]
    try:
        return tomllib.loads("".join(pieces))
    except tomllib.TOMLDecodeError as error:
        raise _failure(source, scanner, error, inserted) from None


def _failure(
    source: SourceText, scanner: TomlScanner, error: Exception, inserted: list[int]
) -> Unreadable:
    """The problems for a parser error; `inserted` are the places of quotes that we added."""
    if scanner.duplicates:
        return Unreadable([source.duplicate_key(*duplicate) for duplicate in scanner.duplicates])
    original = str(error)
    offset = len(source.text.rstrip())
    if (place := _PLACE.search(original)) is not None:
        if place[1] is not None:
            offset = _offset(source.text, int(place[1]), int(place[2]), inserted)
        original = original[: place.start()]
    if original.startswith("Unescaped"):
        # The parser names the place behind the escape.
        offset = max(source.text.rfind("\\", 0, offset), 0)
    message, advice = next(
        (
            (message, advice)
            for beginning, message, advice in _EXPLANATIONS
            if original.startswith(beginning)
        ),
        (original, None),
    )
    span = (offset, offset + 1)
    return Unreadable([source.problem(span, "toml-syntax", message, help=advice)])


def _offset(text: str, line: int, column: int, inserted: list[int]) -> int:
    """The offset of a place that the parser names; it counts line feeds only."""
    line_start = 0
    for _ in range(line - 1):
        line_start = text.index("\n", line_start) + 1
    offset = line_start + column - 1
    for count, position in enumerate(p for p in inserted if p >= line_start):
        if position + count < offset + 1:
            offset -= 1
    return min(offset, len(text))


def _check_depth(source: SourceText, value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise source.too_deep(0)


def _plain(value: Any, path: Path, entries: dict[Path, Entry]) -> Any:
    """The value with dates and times as ISO strings, in the entries too."""
    if isinstance(value, dict):
        return {key: _plain(item, (*path, key), entries) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, (*path, index), entries) for index, item in enumerate(value)]
    if isinstance(value, date | datetime | time):
        value = value.isoformat()
        if entry := entries.get(path):
            entries[path] = entry._replace(string=value)
    return value
