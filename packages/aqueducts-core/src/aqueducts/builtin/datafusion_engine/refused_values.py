"""Errors for values that their declared types cannot hold, at their rows."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import count
from typing import Any

from aqueducts.builtin.datafusion_engine.csv_files import (
    compression_of,
    csv_records,
    open_bytes,
    read_header,
)
from aqueducts.builtin.datafusion_engine.faithful_casts import Refusal
from aqueducts.builtin.shown_names import shown_path
from aqueducts.data_files import open_file
from aqueducts.errors import SourceError
from aqueducts.models.types import DataType, parse_type
from aqueducts.relations import DataFile, FileScan

__all__ = ["MISSING", "ONE_KIND", "place_of", "refused"]

MISSING = frozenset({"", "-", "n/a", "na", "nan", "none", "null", "nil", "?", "#n/a", "missing"})
"""Texts that stand for a missing value in many files."""

ONE_KIND = (
    "text, numbers and objects cannot share a column: make the values of one kind, and declare "
    "their type"
)
"""What to do about a JSON value of the wrong kind."""

_NUMBER = re.compile(r"[+-]?(\d+[.]?\d*|[.]\d+)([eE][+-]?\d+)?")
_TIME = re.compile(r":\d\d:\d\d")
_FRACTION = re.compile(r":\d\d[.](\d+)")
_PLACES_OF_MICROSECONDS = 6
_USUAL_DIGITS, _MOST_DIGITS = 18, 38

_LONGEST = 200
"""Characters of a value that are shown."""


def refused(refusal: Refusal, scan: FileScan | None, place: str | None) -> SourceError:
    """The error for a value at its file and row, where these are known."""
    before = f"{place}: " if place else ""
    column = f"column '{refusal.column}'"
    if refusal.value is None:
        return SourceError(
            f"{before}no value in {column}, which is declared with nullable: false",
            hint="correct the file, or leave nullable: false out of the format's schema",
            step=refusal.source,
        )
    value = refusal.value if len(refusal.value) <= _LONGEST else f"{refusal.value[:_LONGEST]}…"
    is_declared = scan is None or any(
        each.name == refusal.column for each in [*(scan.schema or ()), *(scan.partitions or ())]
    )
    wider = _wider(refusal)
    if wider is None:
        message = f"{before}'{value}' in {column} is no {refusal.declared}"
    else:
        message = f"{before}'{value}' in {column} does not fit into {refusal.declared} as it is"
    error = SourceError(message, hint=_hint(refusal, wider, scan), step=refusal.source)
    error.note = (
        "the type is declared in the format's schema"
        if is_declared
        else "the type is what the first rows look like"
    )
    return error


def _hint(refusal: Refusal, wider: str | None, scan: FileScan | None) -> str:
    value, name = refusal.value or "", refusal.column
    is_text = scan is not None and scan.format == "csv"
    if is_text and value.strip().lower() in MISSING:
        return f"add null_values: ['{value}'] to the format's options if it means a missing value"
    if wider is not None:
        return f"declare {name} as {wider} in the format's schema, and round or cut it in a stage"
    if is_text:
        return f"correct the file, or declare {name} as string in the format's schema"
    return ONE_KIND


def _wider(refusal: Refusal) -> str | None:
    """A type that holds the value where the declared one would cut it."""
    value, declared = refusal.value or "", parse_type(refusal.declared)
    if "int" in declared.name or declared.name in ("decimal", "decimal256"):
        return _wider_number(value, declared)
    is_text = refusal.found in ("string", "large_string")
    if is_text and declared.name.startswith("date") and _TIME.search(value):
        return "timestamp<microsecond>"
    if not is_text or not _FRACTION.search(value):
        return None
    places = len(_FRACTION.findall(value)[0])
    unit = "microsecond" if places <= _PLACES_OF_MICROSECONDS else "nanosecond"
    if declared.name.startswith("time"):
        name = "timestamp" if declared.name == "timestamp" else "time64"
        zone = "".join(f",{each}" for each in declared.parameters[1:] if each)
        return f"{name}<{unit}{zone}>"
    return None


def _wider_number(value: str, declared: DataType) -> str | None:
    if not _NUMBER.fullmatch(value):
        return None
    number = Decimal(value)
    places = max(0, -int(number.normalize().as_tuple().exponent))
    whole = max(1, number.adjusted() + 1)
    if "int" in declared.name:
        if not places and -(2**63) <= number < 2**63:
            return "int64"
        whole = max(whole, _USUAL_DIGITS - places)
    else:
        digits, declared_places = declared.parameters
        assert isinstance(digits, int) and isinstance(declared_places, int)  # noqa: S101, PT018 - of decimals
        whole, places = max(whole, digits - declared_places), max(places, declared_places)
    return f"decimal<{whole + places},{places}>" if whole + places <= _MOST_DIGITS else None


def place_of(refusal: Refusal, scan: FileScan, *, seconds: float) -> str | None:
    """File and row of the first such value, where that is found in time."""
    deadline = time.monotonic() + seconds
    rows = {"csv": _csv_values, "json": _json_values, "parquet": _parquet_values}[scan.format]
    for file in scan.files:
        for number, value in rows(file, scan, refusal.column):
            if _is_same(value, refusal.value, scan):
                row = "row" if scan.format == "parquet" else "line"
                return f"{shown_path(file.path)}, {row} {number}"
            if number % 1000 == 0 and time.monotonic() > deadline:
                return None
    return None


def _is_same(value: Any, wanted: str | None, scan: FileScan) -> bool:
    if scan.format == "csv" and (value == "" or value in scan.dialect.null_values):
        value = None
    if wanted is None or not isinstance(value, list | dict):
        return _equals(value, wanted)
    return _equals(value, json.loads(wanted, parse_float=Decimal))


def _equals(value: Any, wanted: Any) -> bool:
    """Whether a value is what was read: numbers whatever their digits, no key for a null."""
    if value is None or wanted is None:
        return value is wanted
    if isinstance(value, list) and isinstance(wanted, list):
        return len(value) == len(wanted) and all(map(_equals, value, wanted))
    if isinstance(value, dict) and isinstance(wanted, dict):
        return all(_equals(value.get(key), each) for key, each in wanted.items())
    if str(value) == str(wanted):
        return True
    try:
        return Decimal(str(value)) == Decimal(str(wanted))
    except InvalidOperation:
        return False


def _csv_values(file: DataFile, scan: FileScan, column: str) -> Iterator[tuple[int, Any]]:
    compression = compression_of(file, scan.compression)
    names = tuple(scan.schema.names) if scan.schema is not None else ()
    if scan.dialect.has_header:
        names = read_header(file, scan.dialect, compression) or ()
    if column not in names:
        return
    place = names.index(column)
    with open_bytes(file, compression) as stream:
        text = io.TextIOWrapper(stream, "utf-8-sig", errors="replace", newline="")
        records = csv_records(text, scan.dialect)
        if scan.dialect.has_header:
            next(records, None)
        for number, fields in records:
            if place < len(fields):
                yield number, fields[place]


def _json_values(file: DataFile, scan: FileScan, column: str) -> Iterator[tuple[int, Any]]:
    with open_bytes(file, compression_of(file, scan.compression)) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                found = json.loads(line, parse_float=Decimal)
            except ValueError:
                continue
            yield number, found.get(column) if isinstance(found, dict) else None


def _parquet_values(file: DataFile, scan: FileScan, column: str) -> Iterator[tuple[int, Any]]:  # noqa: ARG001 - like the others
    import pyarrow as pa
    import pyarrow.parquet as pq

    with open_file(file) as opened, pq.ParquetFile(opened) as parquet:
        if column not in parquet.schema_arrow.names:
            return
        numbers = count(1)
        for batch in parquet.iter_batches(columns=[column]):
            values = batch.column(0)
            if pa.types.is_temporal(values.type):
                values = values.cast(pa.string())
            for value in values:
                yield next(numbers), value.as_py()
