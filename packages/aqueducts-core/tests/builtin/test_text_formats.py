"""CSV and JSON: options, what they can hold, and how they are written."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from aqueducts.builtin.csv_format import CsvFormat, CsvReadOptions, CsvWriteOptions
from aqueducts.builtin.json_format import JsonFormat, JsonReadOptions, JsonWriteOptions
from aqueducts.errors import DestinationError
from aqueducts.relations import CsvDialect, DataFile

_FILES = [DataFile("/a.csv", 10)]
_NESTED = [
    pa.list_(pa.int64()),
    pa.large_list(pa.int64()),
    pa.list_(pa.int64(), 2),
    pa.struct([("a", pa.int64())]),
    pa.map_(pa.string(), pa.int64()),
    pa.dense_union([pa.field("a", pa.int64())]),
]
_FLAT = [pa.int8(), pa.string(), pa.binary(), pa.duration("s"), pa.month_day_nano_interval()]


def test_csv_options_reach_the_engine() -> None:
    """Every option of the format is part of the scan."""
    options = CsvReadOptions.model_validate(
        {
            "has_header": False,
            "delimiter": "\t",
            "schema": [{"name": "id", "data_type": "int64", "nullable": False}],
            "quote": "'",
            "escape": "\\",
            "comment": "#",
            "null_values": ["NA"],
            "compression": "bz2",
            "newlines_in_values": True,
        }
    )
    scan = CsvFormat().scan(_FILES, options, pa.schema([("day", pa.date32())]))

    assert scan.dialect == CsvDialect(
        has_header=False,
        delimiter="\t",
        quote="'",
        escape="\\",
        comment="#",
        null_values=("NA",),
        newlines_in_values=True,
    )
    assert scan.schema == pa.schema([pa.field("id", pa.int64(), nullable=False)])
    assert scan.partitions == pa.schema([("day", pa.date32())])
    assert scan.compression == "bzip2"
    assert scan.files == _FILES


def test_without_options_columns_and_compression_are_found_out() -> None:
    """Nothing declared is nothing known."""
    csv = CsvFormat().scan(_FILES, CsvReadOptions(), None)
    json = JsonFormat().scan(_FILES, JsonReadOptions(), None)

    assert (csv.format, csv.schema, csv.compression) == ("csv", None, None)
    assert (json.format, json.schema, json.compression) == ("json", None, None)


@pytest.mark.parametrize("delimiter", ["", ";;", "\n", "\r", "é", "\x00"])
def test_a_delimiter_is_one_character(delimiter: str) -> None:
    """The engine knows one byte; a line end would make every file one row."""
    with pytest.raises(ValidationError, match="exactly one ASCII character"):
        CsvReadOptions(delimiter=delimiter)


@pytest.mark.parametrize(
    "options", [{"delimiter": '"'}, {"comment": ","}, {"quote": "x", "escape": ","}]
)
def test_characters_with_two_meanings_are_refused(options: dict[str, str]) -> None:
    """What separates cannot quote as well."""
    with pytest.raises(ValidationError, match="the same character"):
        CsvReadOptions.model_validate(options)
    CsvReadOptions(escape='"')


def test_a_delimiter_to_write_cannot_be_the_quote() -> None:
    """Nobody could read it."""
    with pytest.raises(ValidationError, match="the same character"):
        CsvWriteOptions(delimiter='"')


@pytest.mark.parametrize("data_type", _NESTED)
def test_csv_refuses_nested_columns(data_type: pa.DataType) -> None:
    """The error names each column and what to do."""
    schema = pa.schema([("id", pa.int64()), ("tags", data_type)])

    with pytest.raises(DestinationError, match=r"(?s)'tags .*array_to_string"):
        CsvFormat().check_schema(schema, CsvWriteOptions())


@pytest.mark.parametrize("data_type", _FLAT)
def test_csv_takes_flat_columns(data_type: pa.DataType) -> None:
    """Everything that the engine writes as one value."""
    CsvFormat().check_schema(pa.schema([("a", data_type)]), CsvWriteOptions())


@pytest.mark.parametrize(
    ("data_type", "is_possible"),
    [
        (pa.list_(pa.struct([("a", pa.int64())])), True),
        (pa.map_(pa.string(), pa.int64()), True),
        (pa.map_(pa.int64(), pa.int64()), False),
        (pa.list_(pa.map_(pa.int64(), pa.string())), False),
        (pa.struct([("u", pa.sparse_union([pa.field("a", pa.int64())]))]), False),
    ],
)
def test_json_refuses_what_has_no_json(data_type: pa.DataType, *, is_possible: bool) -> None:
    """Unions, and maps whose keys are not text, at any depth."""
    schema = pa.schema([("a", data_type)])
    if is_possible:
        JsonFormat().check_schema(schema, JsonWriteOptions())
    else:
        with pytest.raises(DestinationError, match="'a "):
            JsonFormat().check_schema(schema, JsonWriteOptions())


def test_two_columns_of_one_name_are_refused() -> None:
    """One of them would be lost on reading."""
    schema = pa.schema([("id", pa.int64()), ("id", pa.int64()), ("x", pa.int64())])

    with pytest.raises(DestinationError, match="called 'id'"):
        JsonFormat().check_schema(schema, JsonWriteOptions())


@pytest.mark.parametrize(
    ("given", "file_name", "compression", "extension"),
    [
        (None, "a.csv", "uncompressed", ".csv"),
        (None, "a.csv.gz", "gzip", ".csv.gz"),
        (None, "a.CSV.ZST", "zstd", ".csv.zst"),
        ("bz2", "a.csv", "bzip2", ".csv.bz2"),
        ("xz", "", "xz", ".csv.xz"),
        ("none", "a.csv.gz", "uncompressed", ".csv"),
    ],
)
def test_compression_comes_from_the_option_or_the_ending(
    given: str | None, file_name: str, compression: str, extension: str
) -> None:
    """The option wins."""
    options = CsvWriteOptions.model_validate({"compression": given, "delimiter": ";"})
    writer = CsvFormat().writer(pa.schema([]), options, file_name)

    assert writer.stored_as == "CSV"
    assert writer.options == {
        "format.has_header": "true",
        "format.delimiter": ";",
        "format.compression": compression,
    }
    assert writer.extension == extension


def test_json_is_compressed_alike() -> None:
    """The same rules, with its own ending."""
    writer = JsonFormat().writer(pa.schema([]), JsonWriteOptions(compression="zstd"), "")

    assert writer.options == {"format.compression": "zstd"}
    assert writer.extension == ".json.zst"


def _zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


@pytest.mark.parametrize(
    ("ending", "compress"),
    [
        ("", bytes),
        (".gz", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
        (".bz2", lambda data: bz2.compress(data[:9]) + bz2.compress(data[9:])),
        (".xz", lambda data: lzma.compress(data[:9]) + lzma.compress(data[9:])),
        (".zst", lambda data: _zstd(data[:9]) + _zstd(data[9:])),
    ],
)
def test_rows_are_counted_through_compression(tmp_path: Path, ending: str, compress: Any) -> None:
    """Also where a parallel writer made several members."""
    path = tmp_path / f"a.csv{ending}"
    path.write_bytes(compress(b'id,text\n1,"a\nb"\n2,\n'))

    assert CsvFormat().count_rows(path, CsvWriteOptions()) == 2
    assert CsvFormat().count_rows(path, CsvWriteOptions(has_header=False)) == 3
    assert JsonFormat().count_rows(path, JsonWriteOptions()) == 4


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    """Not even minus one for the header."""
    path = tmp_path / "a.csv"
    path.touch()

    assert CsvFormat().count_rows(path, CsvWriteOptions()) == 0
