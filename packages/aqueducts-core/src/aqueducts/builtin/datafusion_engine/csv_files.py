"""What must be known of CSV files before the engine reads them: header and quoted newlines."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
from collections.abc import Iterable, Iterator
from typing import IO, cast

from aqueducts.builtin.shown_names import shown_path
from aqueducts.data_files import open_file
from aqueducts.errors import SourceError
from aqueducts.relations import CsvDialect, DataFile

__all__ = [
    "compression_of",
    "csv_records",
    "flat_sample",
    "has_quoted_newline",
    "open_bytes",
    "read_header",
]

_SAMPLE_BYTES = 1 << 20
_BY_ENDING = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}


def compression_of(file: DataFile, declared: str | None) -> str | None:
    """`gzip`, `bzip2`, `xz`, `zstd` or None for plain: as declared, else by the file's ending."""
    if declared is not None:
        return None if declared == "none" else declared
    ending = "." + file.path.rpartition(".")[2].lower()
    return _BY_ENDING.get(ending)


def open_bytes(file: DataFile, compression: str | None) -> IO[bytes]:
    """The file's bytes, decompressed."""
    source = file.path if file.reader is None else open_file(file)
    if compression == "gzip":
        return cast("IO[bytes]", gzip.open(source))
    if compression == "bzip2":
        return cast("IO[bytes]", bz2.open(source))
    if compression == "xz":
        return cast("IO[bytes]", lzma.open(source))
    if compression == "zstd":
        import pyarrow as pa

        return cast("IO[bytes]", pa.input_stream(source, compression="zstd"))
    return open_file(file)


def read_header(
    file: DataFile, dialect: CsvDialect, compression: str | None
) -> tuple[str, ...] | None:
    """Column names of a file's header, or None for an empty file.

    Raises SourceError for what is not text or names a column twice.
    """
    try:
        with open_bytes(file, compression) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
            row = next((record for _, record in csv_records(text, dialect)), None)
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{shown_path(file.path)} is not UTF-8 text: {error.reason} at byte {error.start}",
            hint="convert it first, for example: iconv -f latin1 -t utf-8; a compressed file "
            "needs its ending (.gz, .bz2, .xz, .zst) or the option compression",
        ) from error
    except (OSError, EOFError, lzma.LZMAError, csv.Error) as error:
        raise SourceError(f"cannot read the header of {shown_path(file.path)}: {error}") from error
    if row is None:
        return None
    twice = sorted({name for name in row if row.count(name) > 1})
    if twice:
        raise SourceError(
            f"the header of {shown_path(file.path)} names {twice[0]!r} twice",
            hint="rename one of them, or set has_header: false and declare a schema",
        )
    return tuple(row)


def has_quoted_newline(file: DataFile, dialect: CsvDialect, compression: str | None) -> bool:
    """Whether a quoted value in the first megabyte holds a line break.

    The engine splits large files at line breaks, which would cut such a value in two.
    """
    return bool(_rows_with_newlines(file, dialect, compression))


def flat_sample(file: DataFile, dialect: CsvDialect, compression: str | None) -> bytes | None:
    """The beginning of a file whose values hold line breaks, with spaces in their place.

    None for a file without such values. The engine infers types from pieces that end at any line
    break, and would take the rest of a value for a row.
    """
    rows = _rows_with_newlines(file, dialect, compression)
    if not rows:
        return None
    flat = io.StringIO(newline="")
    writer = csv.writer(
        flat, delimiter=dialect.delimiter, quotechar=dialect.quote, lineterminator="\n"
    )
    writer.writerows([" ".join(value.splitlines()) for value in row] for row in rows)
    return flat.getvalue().encode()


def _rows_with_newlines(
    file: DataFile, dialect: CsvDialect, compression: str | None
) -> list[list[str]]:
    """Rows of the first megabyte where some value holds a line break, else none."""
    with open_bytes(file, compression) as stream:
        sample = stream.read(_SAMPLE_BYTES)
    quoted = sample.split(dialect.quote.encode())[1::2]
    if not any(b"\n" in part for part in quoted):
        return []  # which is quick to tell; the opposite may be the doing of a lone quote
    if len(sample) < _SAMPLE_BYTES:
        _refuse_open_quote(file, sample, dialect)
    text = io.TextIOWrapper(io.BytesIO(sample), "utf-8-sig", errors="replace", newline="")
    rows = [record for _, record in csv_records(text, dialect)]
    if len(sample) == _SAMPLE_BYTES:
        rows = rows[:-1]  # which is cut
    return rows if any("\n" in value for row in rows for value in row) else []


def _refuse_open_quote(file: DataFile, content: bytes, dialect: CsvDialect) -> None:
    """Refuse a file that ends inside a quoted value: the engine would take its rest for one value.

    Raises SourceError at the line where the record begins.
    """
    reader = csv.reader(
        io.StringIO(content.decode("utf-8-sig", errors="replace"), newline=""),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        strict=True,
    )
    line = 1
    try:
        for _ in reader:
            line = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end of data" not in str(error):
            return  # a quote inside a value, which the engine has its own way with
        raise SourceError(
            f"{shown_path(file.path)}, line {line}: a quote {dialect.quote} is opened here and "
            "never closed",
            hint="close it; or, where quotes mean nothing in this file, set quote to a character "
            "that it does not hold, in the format's options",
        ) from error


def csv_records(text: Iterable[str], dialect: CsvDialect) -> Iterator[tuple[int, list[str]]]:
    """Records with the number of the line that each ends in; comments and empty lines count."""
    numbers: list[int] = []

    def lines() -> Iterator[str]:
        for number, line in enumerate(text, start=1):
            is_comment = dialect.comment and line.startswith(dialect.comment)
            if not is_comment and line.strip("\r\n"):
                numbers.append(number)
                yield line

    reader = csv.reader(
        lines(),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        strict=False,
    )
    for record in reader:
        yield numbers[-1], record
        numbers.clear()
