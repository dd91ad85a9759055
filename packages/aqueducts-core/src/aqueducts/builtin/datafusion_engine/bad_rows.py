"""Where in a text file a row is that the engine could not read.

The engine names neither the file nor the row: it counts lines of the piece it was reading. Here the
files are gone through once more, for a few seconds at most.
"""

from __future__ import annotations

import csv
import io
import json
import lzma
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

import pyarrow as pa

from aqueducts.arrow_types import type_name
from aqueducts.builtin.datafusion_engine.csv_files import (
    compression_of,
    csv_records,
    open_bytes,
    read_header,
)
from aqueducts.builtin.datafusion_engine.engine_types import in_our_words
from aqueducts.builtin.datafusion_engine.faithful_casts import Refusal, refusal_in
from aqueducts.builtin.datafusion_engine.refused_values import (
    MISSING,
    ONE_KIND,
    place_of,
    refused,
)
from aqueducts.builtin.shown_names import shown_path
from aqueducts.errors import AqueductsError, SourceError
from aqueducts.relations import DataFile, FileScan

__all__ = ["bad_json_line", "bad_row"]

_SECONDS = 5.0
"""How long is searched."""

_VALUE = re.compile(
    r"Error while parsing value '(?P<value>.*?)' as type '(?P<type>.+?)' for column "
    r"(?P<column>\d+) at line \d+\. Row data: '\[(?P<row>.*)\]'",
    re.DOTALL,
)
_DECIMAL = re.compile(
    r"parse decimal overflow \((?P<value>[^)]*)\)|"
    r"can't parse the string value (?P<text>.*?) to decimal",
    re.DOTALL,
)
_WIDTH = re.compile(r"unequal lengths between records|incorrect number of fields")
_JSON_VALUE = re.compile(
    r"decoding field '(?P<field>[^']+)': failed to parse (?P<value>.+) as (?P<type>\w+)"
)
_JSON_KIND = re.compile(
    r"decoding field '(?P<field>[^']+)': expected (?P<type>\w+) got (?P<value>.+)"
)
_NOT_JSON = re.compile(r"Not valid JSON|Json error|Encountered unexpected|Expected JSON")
_NOT_TEXT = re.compile(r"invalid utf-?8", re.IGNORECASE)


_GONE = (OSError, EOFError, ValueError, csv.Error, lzma.LZMAError, AqueductsError)
"""What reading a file again raises that changed or went meanwhile."""


class _Search(NamedTuple):
    """The text files of a run, and until when they may be gone through."""

    scans: Mapping[str, FileScan]
    deadline: float

    def files(self, kind: str) -> Iterator[tuple[str, FileScan, DataFile]]:
        """Each file of a format with its source."""
        for source, scan in self.scans.items():
            if scan.format == kind:
                for file in scan.files:
                    yield source, scan, file

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self.deadline


def bad_row(text: str, scans: Mapping[str, FileScan]) -> SourceError | None:
    """The error for a message of the engine about a row, at the row's file and line.

    None for other messages, and where the row is not found; `scans` are those of the sources.
    """
    refusal = refusal_in(text)
    if refusal is not None:
        scan = scans.get(refusal.source)
        place = None
        with suppress(*_GONE):
            place = None if scan is None else place_of(refusal, scan, seconds=_SECONDS)
        return refused(refusal, scan, place)
    search = _Search(scans, time.monotonic() + _SECONDS)
    finders: tuple[tuple[re.Pattern[str], Callable[..., SourceError | None]], ...] = (
        (_VALUE, _find_value),
        (_DECIMAL, _find_decimal),
        (_WIDTH, _find_width),
        (_JSON_VALUE, _find_json_value),
        (_JSON_KIND, _find_json_kind),
        (_NOT_JSON, _find_json_line),
        (_NOT_TEXT, _find_bytes),
    )
    try:
        for pattern, find in finders:
            match = pattern.search(text)
            if match is not None:
                return find(match, search)
    except _GONE:
        pass  # the engine's own message is still at hand
    return None


# --- CSV ---


def _find_value(match: re.Match[str], search: _Search) -> SourceError | None:
    value, row, column = match["value"], match["row"], int(match["column"])
    probe = max(row.split(","), key=len).encode()
    for source, scan, file in search.files("csv"):
        for number, line in _lines(file, scan, search):
            if probe in line and ",".join(_fields(line, scan)) == row:
                return _wrong_value(source, scan, file, number, (value, match["type"], column))
    return None


def _find_decimal(match: re.Match[str], search: _Search) -> SourceError | None:
    """Reading a decimal failed, and the engine does not say of which column."""
    value = match["value"] or match["text"] or ""
    for source, scan in search.scans.items():
        for field in scan.schema or ():
            if not _is_read_as_decimal(field, scan):
                continue
            refusal = Refusal(
                source, field.name, type_name(field.type), type_name(pa.string()), value
            )
            seconds = max(0.0, search.deadline - time.monotonic())
            place = place_of(refusal, scan, seconds=seconds)
            if place is not None:
                return refused(refusal, scan, place)
    return None


def _is_read_as_decimal(field: pa.Field, scan: FileScan) -> bool:
    if pa.types.is_decimal(field.type):
        return True
    is_number = pa.types.is_integer(field.type) or pa.types.is_temporal(field.type)
    return bool(scan.format == "json" and is_number)


def _wrong_value(
    source: str, scan: FileScan, file: DataFile, number: int, found: tuple[str, str, int]
) -> SourceError:
    value, engine_type, column = found
    names = _names(scan, file)
    name = names[column] if column < len(names) else f"column_{column + 1}"
    is_declared = any(field.name == name for field in scan.schema or ())
    hint = f"correct the file, or declare {name} as string in the schema of the format"
    if value.strip().lower() in MISSING and value:
        hint = f"add null_values: ['{value}'] to the format's options if it means a missing value"
    error = SourceError(
        f"{shown_path(file.path)}, line {number}: '{value}' in column '{name}' is no "
        f"{in_our_words(engine_type)}",
        hint=hint,
        step=source,
    )
    error.note = (
        "the type is declared in the format's schema"
        if is_declared
        else "the type is what the first rows look like"
    )
    return error


def _find_width(_match: re.Match[str], search: _Search) -> SourceError | None:
    for source, scan, file in search.files("csv"):
        names = _names(scan, file)
        with open_bytes(file, compression_of(file, scan.compression)) as stream:
            text = io.TextIOWrapper(stream, "utf-8-sig", errors="replace", newline="")
            for number, fields in csv_records(text, scan.dialect):
                if len(fields) != len(names):
                    return _wrong_width(source, scan, file, number, (len(fields), len(names)))
                if number % 1000 == 0 and search.is_over:
                    return None
    return None


def _wrong_width(
    source: str, scan: FileScan, file: DataFile, number: int, found: tuple[int, int]
) -> SourceError:
    count, wanted = found
    values = "1 value" if count == 1 else f"{count} values"
    whose = "the header names" if scan.dialect.has_header else "the schema has"
    columns = "1 column" if wanted == 1 else f"{wanted} columns"
    return SourceError(
        f"{shown_path(file.path)}, line {number}: {values}, but {whose} {columns}",
        hint="correct the line; a value that holds the delimiter stands in quotes",
        step=source,
    )


def _find_bytes(_match: re.Match[str], search: _Search) -> SourceError | None:
    for kind in ("csv", "json"):
        for source, scan, file in search.files(kind):
            for number, line in _lines(file, scan, search):
                if not _is_text(line):
                    return SourceError(
                        f"{shown_path(file.path)}, line {number} is not UTF-8 text",
                        hint="convert the file first: iconv -f latin1 -t utf-8",
                        step=source,
                    )
    return None


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _names(scan: FileScan, file: DataFile) -> tuple[str, ...]:
    if scan.dialect.has_header:
        return read_header(file, scan.dialect, compression_of(file, scan.compression)) or ()
    return tuple(scan.schema.names) if scan.schema is not None else ()


def _fields(line: bytes, scan: FileScan) -> list[str]:
    text = io.StringIO(line.decode("utf-8-sig", errors="replace"), newline="")
    return next((fields for _, fields in csv_records(text, scan.dialect)), [])


def _lines(file: DataFile, scan: FileScan, search: _Search) -> Iterator[tuple[int, bytes]]:
    """Lines as an editor counts them, until the time is up."""
    with open_bytes(file, compression_of(file, scan.compression)) as stream:
        for number, line in enumerate(stream, start=1):
            yield number, line
            if number % 10_000 == 0 and search.is_over:
                return


# --- JSON ---


def _find_json_value(match: re.Match[str], search: _Search) -> SourceError | None:
    field, value = match["field"], match["value"]
    for source, scan, file in search.files("json"):
        for number, line in _lines(file, scan, search):
            if value.strip('"').encode() in line and _json_text(line, field) == value.strip('"'):
                return SourceError(
                    f"{shown_path(file.path)}, line {number}: {value} in '{field}' is no "
                    f"{in_our_words(match['type'])}",
                    hint=f"correct the file, or declare {field} as string in the format's schema",
                    step=source,
                )
    return None


def _find_json_kind(match: re.Match[str], search: _Search) -> SourceError | None:
    field, value = match["field"], match["value"].strip()
    for source, scan, file in search.files("json"):
        declared = next((each for each in scan.schema or () if each.name == field), None)
        for number, line in _lines(file, scan, search):
            if _json_text(line, field) in (value, value.strip('"')):
                kind = match["type"] if declared is None else type_name(declared.type)
                return SourceError(
                    f"{shown_path(file.path)}, line {number}: {value} in '{field}' is no {kind}",
                    hint=ONE_KIND,
                    step=source,
                )
    return None


def _json_text(line: bytes, field: str) -> str | None:
    """The value of a field as text, where the line is an object that has it."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    value = found.get(field) if isinstance(found, dict) else None
    return value if isinstance(value, str) else json.dumps(value)


def _find_json_line(_match: re.Match[str], search: _Search) -> SourceError | None:
    for source, scan, file in search.files("json"):
        error = _bad_line(scan, file, search)
        if error is not None:
            error.step = source
            return error
    return None


def bad_json_line(scan: FileScan, file: DataFile) -> SourceError | None:
    """The error for the first line of a file that is no JSON object, if it is found in time."""
    return _bad_line(scan, file, _Search({}, time.monotonic() + _SECONDS))


def _bad_line(scan: FileScan, file: DataFile, search: _Search) -> SourceError | None:
    for number, line in _lines(file, scan, search):
        text = line.decode("utf-8-sig", errors="replace").strip()
        if not text:
            continue
        if number == 1 and text.startswith("["):
            return SourceError(
                f"{shown_path(file.path)} holds one JSON array, and one object per line is wanted",
                hint=f"convert it: jq -c '.[]' {shown_path(file.path)} > lines.json",
            )
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            return SourceError(
                f"{shown_path(file.path)}, line {number}, column {error.colno}: this is no JSON: "
                f"{error.msg}",
                hint='every line holds one whole object, such as {"id": 1}',
            )
        if not isinstance(found, dict):
            return SourceError(
                f"{shown_path(file.path)}, line {number} is no JSON object",
                hint='every line holds one whole object, such as {"id": 1}',
            )
    return None
