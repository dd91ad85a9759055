"""Rows of a test, from whatever form they are given in."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath
from typing import Any

import msgspec

from aqueducts.documents import Path, offset_of_line
from aqueducts.errors import ValidationProblem
from aqueducts.pipeline_tests.models import Expectation, Given, Row
from aqueducts.pipeline_tests.reading import TestFile
from aqueducts.pipeline_tests.values import to_values

__all__ = ["Contents", "check_csv", "read_contents", "read_rows"]


class Contents(msgspec.Struct, frozen=True):
    """Rows as values, with the place of each of them in the file of the test."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    place: Path
    """Of the rows as a whole."""
    is_listed: bool = True
    """Whether each row stands at a place of its own: `place` and its index."""

    def column(self, name: str) -> list[Any]:
        """The values of a column."""
        index = self.columns.index(name)
        return [row[index] for row in self.rows]

    def first_row_with(self, column: str) -> int:
        """The first row that has a value in a column, or the first row."""
        return next((i for i, value in enumerate(self.column(column)) if value is not None), 0)

    def place_of(self, row: int, column: str | None = None) -> Path:
        """The place of a row, or of a value in it."""
        if not self.is_listed:
            return self.place
        return (*self.place, row) if column is None else (*self.place, row, column)


def read_contents(given: Given | Expectation, file: TestFile, path: Path) -> Contents:
    """Return rows that are given as `rows`, `csv` or `file`. Raises ValidationProblem."""
    if given.rows is not None:
        return read_rows(given.rows, given.columns, (*path, "rows"))
    if given.csv is not None:
        return _Reader(file, (*path, "csv")).read_csv(given.csv)
    return _read_file(str(given.file), file, (*path, "file"))


def read_rows(rows: Sequence[Row], columns: Sequence[str] | None, place: Path) -> Contents:
    """Return rows that are given as mappings or as lists; what a mapping leaves out is null."""
    named = dict.fromkeys(columns or ())
    named.update(dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row))
    names = tuple(named)
    values = [
        [row.get(name) for name in names] if isinstance(row, dict) else list(row) for row in rows
    ]
    return Contents(names, values, place)


def check_csv(text: str, delimiter: str, file: TestFile, place: Path) -> None:
    """Refuse a text that is no CSV with a header. Raises ValidationProblem."""
    _Reader(file, place).read_csv(text, delimiter)


def _read_file(name: str, file: TestFile, place: Path) -> Contents:
    reader = _Reader(file, place)
    path = file.beside(name)
    read = {
        ".csv": reader.read_csv_file,
        ".json": reader.read_json_lines,
        ".jsonl": reader.read_json_lines,
        ".ndjson": reader.read_json_lines,
        ".parquet": reader.read_parquet,
    }.get(path.suffix.lower())
    if read is None:
        raise reader.problem(f"'{path.name}' is none of .csv, .json, .jsonl and .parquet")
    try:
        return read(path)
    except FileNotFoundError:
        raise reader.problem(f"there is no file {path}") from None
    except OSError as error:
        raise reader.problem(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise reader.problem(f"{path} is no UTF-8 text") from error


class _Reader:
    """Reads rows that stand in one text or file."""

    def __init__(self, file: TestFile, place: Path) -> None:
        self._file = file
        self._place = place

    def problem(
        self, message: str, advice: str | None = None, *, span: tuple[int, int] | None = None
    ) -> ValidationProblem:
        """The error for something at the place, or at a part of the text that stands there."""
        return ValidationProblem(
            [
                self._file.places.problem(
                    self._place, message, code="wrong-value", help=advice, span=span
                )
            ]
        )

    def read_csv(self, text: str, delimiter: str = ",") -> Contents:
        """A text with a header; what is empty is null."""
        lines = csv.reader(io.StringIO(text), strict=True, delimiter=delimiter)
        try:
            rows = [(lines.line_num, row) for row in lines if row]
        except csv.Error as error:
            raise self._in_line(text, lines.line_num, f"this is no CSV: {error}") from error
        if not rows:
            raise self.problem("there is no header in this CSV", "name the columns in a first line")
        (_, header), *rest = rows
        repeated = next((name for name in header if header.count(name) > 1), None)
        if repeated is not None:
            raise self._in_line(text, rows[0][0], f"the header has two columns '{repeated}'")
        for line, row in rest:
            if len(row) != len(header):
                message = f"this line has {len(row)} values, and the header has {len(header)}"
                raise self._in_line(text, line, message)
        values = [[value or None for value in row] for _, row in rest]
        return Contents(tuple(header), values, self._place, is_listed=False)

    def read_csv_file(self, path: FilePath) -> Contents:
        """A CSV file."""
        return self.read_csv(path.read_text(encoding="utf-8-sig"))

    def read_json_lines(self, path: FilePath) -> Contents:
        """A file with a JSON object in each line, or with one list of objects."""
        rows = list(self._json_objects(path))
        found = read_rows(rows, None, self._place)
        return msgspec.structs.replace(found, is_listed=False)

    def read_parquet(self, path: FilePath) -> Contents:
        """A Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(path)
        except pa.ArrowInvalid as error:
            raise self.problem(f"{path} cannot be read: {error}") from error
        columns = [to_values(column) for column in table.columns]
        rows = list(zip(*columns, strict=True)) if columns else [()] * table.num_rows
        return Contents(tuple(table.schema.names), rows, self._place, is_listed=False)

    def _json_objects(self, path: FilePath) -> Iterator[dict[str, Any]]:
        text = path.read_text(encoding="utf-8-sig")
        lines = enumerate(text.splitlines(), 1)
        parts = [(1, text)] if text.lstrip().startswith("[") else [*lines]
        for number, part in parts:
            if not part.strip():
                continue
            try:
                found = json.loads(part)
            except ValueError as error:
                raise self.problem(f"line {number} of {path} is no JSON: {error}") from error
            for row in found if isinstance(found, list) else [found]:
                if not isinstance(row, dict):
                    raise self.problem(f"line {number} of {path} is no JSON object")
                yield row

    def _in_line(self, text: str, line: int, message: str) -> ValidationProblem:
        if self._place[-1] != "csv":
            return self.problem(f"line {line} of the file: {message}")
        start = offset_of_line(text, line, 1)
        end = text.find("\n", start)
        return self.problem(message, span=(start, (len(text) if end < 0 else end) - start))
