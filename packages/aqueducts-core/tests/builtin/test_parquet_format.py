"""Parquet: options of the writer, and what it can hold."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datafusion import SessionConfig, SessionContext
from pydantic import ValidationError

from aqueducts.builtin.parquet_format import (
    ParquetFormat,
    ParquetReadOptions,
    ParquetWriteOptions,
)
from aqueducts.builtin.parquet_options import COLUMN_OPTIONS, IGNORED_OPTIONS, PARQUET_OPTIONS
from aqueducts.errors import DestinationError
from aqueducts.relations import DataFile

_SCHEMA = pa.schema([("id", pa.int64()), ("Name", pa.string())])
_VALUES = {
    "true or false": "false",
    "text": "me",
    "1.0 or 2.0": "2.0",
    "a number between 0 and 1": "0.01",
    "none, chunk, page": "page",
}


def _copy(path: Path, options: dict[str, str]) -> None:
    texts = ", ".join(f"'{key}' '{value}'" for key, value in options.items())
    query = f"COPY (SELECT 1 AS id) TO '{path}' STORED AS PARQUET OPTIONS ({texts})"
    SessionContext().sql(query).collect()


def test_every_option_is_one_of_the_engines(tmp_path: Path) -> None:
    """The engine takes each option that we know, with a value that we take."""
    for name, (_, expected) in PARQUET_OPTIONS.items():
        value = {"compression": "zstd(2)", "encoding": "plain"}.get(
            name, _VALUES.get(expected, "1000")
        )
        _copy(tmp_path / "a.parquet", ParquetWriteOptions({name: value}).for_engine())
    for name in COLUMN_OPTIONS:
        value = {"compression": "gzip(2)", "encoding": "plain"}.get(
            name, _VALUES.get(COLUMN_OPTIONS[name][1], "1000")
        )
        _copy(tmp_path / "a.parquet", ParquetWriteOptions({f"{name}::id": value}).for_engine())


def test_no_option_of_the_engine_is_unknown() -> None:
    """A new version of the engine brings its options to attention here."""
    context = SessionContext(SessionConfig().with_information_schema(True))
    prefix = "datafusion.execution.parquet."
    rows = context.sql("SELECT name FROM information_schema.df_settings").to_pylist()
    names = {row["name"].removeprefix(prefix) for row in rows if row["name"].startswith(prefix)}

    assert names - set(PARQUET_OPTIONS) - IGNORED_OPTIONS == set()


def test_values_may_be_numbers_and_switches() -> None:
    """A file need not quote them."""
    options = ParquetWriteOptions.model_validate(
        {
            "max_row_group_size": 5000,
            "dictionary_enabled": False,
            "writer_version": 2.0,
            "bloom_filter_fpp::id": 0.5,
            "metadata::owner": "us",
            "max_statistics_size": 64,
        }
    )

    assert options.for_engine() == {
        "format.max_row_group_size": "5000",
        "format.dictionary_enabled": "false",
        "format.writer_version": "2.0",
        "format.bloom_filter_fpp::id": "0.5",
        "format.metadata::owner": "us",
    }


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("zstd(3)", "zstd(3)"),
        ("ZSTD", "zstd(1)"),
        ("gzip", "gzip(6)"),
        ("brotli", "brotli(4)"),
        ("none", "uncompressed"),
        ("Snappy", "snappy"),
    ],
)
def test_compression_without_a_level_gets_its_usual_one(given: str, meant: str) -> None:
    """The engine would refuse it."""
    assert ParquetWriteOptions({"compression": given}).for_engine() == {"format.compression": meant}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("compresion", "zstd(1)", "did you mean 'compression'"),
        ("compresion::id", "zstd(1)", "did you mean 'compression::id'"),
        ("write_batch_size::id", 1, "unknown option"),
        ("metadata::", 1, "unknown option"),
        ("zzz", 1, "the options are allow_single_file_parallelism"),
        ("write_batch_size", 0, "a whole number from 1, not '0'"),
        ("max_row_group_size", "1_000", "a whole number from 1"),
        ("bloom_filter_fpp", 1, "between 0 and 1"),
        ("bloom_filter_fpp", "x", "between 0 and 1"),
        ("compression", "zstd(23)", "must be zstd"),
        ("compression", "lzo", "must be zstd"),
        ("statistics_enabled", "abc", "none, chunk, page"),
        ("encoding", "rle_dictionary", "delta_byte_array"),
        ("dictionary_enabled", "yes", "true or false"),
    ],
)
def test_wrong_options_are_errors(key: str, value: object, message: str) -> None:
    """The engine would panic, hang or say nothing; the error is at the option's place."""
    with pytest.raises(ValidationError) as caught:
        ParquetWriteOptions.model_validate({key: value})

    [error] = caught.value.errors()
    assert error["loc"] == (key,)
    assert message in f"{error['msg']}: {error.get('ctx', {}).get('help')}"


def test_all_wrong_options_are_told_at_once() -> None:
    """One run of the command is enough to fix a file."""
    with pytest.raises(ValidationError) as caught:
        ParquetWriteOptions.model_validate({"a": 1, "compression": "x"})

    assert len(caught.value.errors()) == 2


def test_the_json_schema_names_the_options() -> None:
    """Editors complete them."""
    schema = ParquetWriteOptions.model_json_schema()

    assert set(PARQUET_OPTIONS) == set(schema["properties"])


def test_the_users_options_win_over_defaults() -> None:
    """What nobody asked for is the default."""
    usual = ParquetFormat().writer(_SCHEMA, ParquetWriteOptions(), "a.parquet")
    own = ParquetFormat().writer(
        _SCHEMA, ParquetWriteOptions({"compression": "snappy"}), "a.parquet"
    )

    assert usual.options["format.compression"].startswith("zstd")
    assert own.options["format.compression"] == "snappy"
    assert (own.stored_as, own.extension) == ("PARQUET", ".parquet")


@pytest.mark.parametrize(
    ("column", "message"), [("idd", "did you mean 'id'"), ("Name", "upper-case letters")]
)
def test_options_for_columns_that_cannot_work_are_refused(column: str, message: str) -> None:
    """The engine would pass over them without a word."""
    options = ParquetWriteOptions({f"compression::{column}": "snappy", "metadata::Zzz": "x"})

    with pytest.raises(DestinationError, match=message):
        ParquetFormat().check_schema(_SCHEMA, options)


@pytest.mark.parametrize(
    ("data_type", "is_possible"),
    [
        (pa.list_(pa.struct([("a", pa.int64())])), True),
        (pa.map_(pa.int64(), pa.decimal256(50, 2)), True),
        (pa.dictionary(pa.int32(), pa.string()), True),
        (pa.month_day_nano_interval(), False),
        (pa.list_(pa.month_day_nano_interval()), False),
        (pa.struct([]), False),
        (pa.map_(pa.string(), pa.dense_union([pa.field("a", pa.int64())])), False),
    ],
)
def test_types_that_parquet_lacks_are_refused(data_type: pa.DataType, *, is_possible: bool) -> None:
    """At any depth, before any data is read."""
    schema = pa.schema([("a", data_type)])
    if is_possible:
        ParquetFormat().check_schema(schema, ParquetWriteOptions())
    else:
        with pytest.raises(DestinationError, match="'a "):
            ParquetFormat().check_schema(schema, ParquetWriteOptions())


def test_rows_come_from_the_footer(tmp_path: Path) -> None:
    """Whatever the file is called."""
    path = tmp_path / "a b#%41[1]*.parquet"
    pq.write_table(pa.table({"a": [1, 2, 3]}), str(path))

    assert ParquetFormat().count_rows(path, ParquetWriteOptions()) == 3


def test_declared_columns_reach_the_engine() -> None:
    """Without a declaration files tell."""
    options = ParquetReadOptions.model_validate({"schema": [{"name": "a", "data_type": "int32"}]})
    files = [DataFile("/a.parquet", 1)]

    assert ParquetFormat().scan(files, options, None).schema == pa.schema([("a", pa.int32())])
    assert ParquetFormat().scan(files, ParquetReadOptions(), None).schema is None
