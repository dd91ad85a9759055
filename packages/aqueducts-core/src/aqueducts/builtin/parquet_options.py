"""Options of the engine's Parquet writer, as users may set them.

Values are checked here since the engine panics on some wrong ones and hangs forever on others
(a batch size of 0).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pydantic_core import PydanticCustomError

from aqueducts.diagnostics import nearest

__all__ = ["COLUMN_OPTIONS", "IGNORED_OPTIONS", "PARQUET_OPTIONS", "check_option"]

_Check = Callable[[str], str | None]
"""The value as the engine wants it, or None where it is wrong."""

_WHOLE_NUMBER = "a whole number from 1"
_COUNT = "a whole number from 0"
_SWITCH = "true or false"
_CODECS = {
    "zstd": (1, 22, 1),
    "gzip": (0, 9, 6),
    "brotli": (0, 11, 4),
}
"""Lowest, highest and usual level."""
_PLAIN_CODECS = ("uncompressed", "snappy", "lz4", "lz4_raw")
_CODEC = "zstd(LEVEL), gzip(LEVEL), brotli(LEVEL), snappy, lz4, lz4_raw or uncompressed"
_STATISTICS = ("none", "chunk", "page")
_ENCODINGS = (
    "plain",
    "rle",
    "delta_binary_packed",
    "delta_length_byte_array",
    "delta_byte_array",
    "byte_stream_split",
)


def _number(low: int) -> _Check:
    return lambda value: (
        value if value.isascii() and value.isdigit() and int(value) >= low else None
    )


def _one_of(*choices: str) -> _Check:
    return lambda value: value.lower() if value.lower() in choices else None


def _fraction(value: str) -> str | None:
    try:
        return value if 0 < float(value) < 1 else None
    except ValueError:
        return None


def _codec(value: str) -> str | None:
    lowered = value.lower().replace(" ", "")
    if lowered == "none":
        return "uncompressed"
    if lowered in _PLAIN_CODECS:
        return lowered
    match = re.fullmatch(r"(zstd|gzip|brotli)(?:\((\d{1,2})\))?", lowered, re.ASCII)
    if match is None:
        return None
    low, high, usual = _CODECS[match[1]]
    level = usual if match[2] is None else int(match[2])
    return f"{match[1]}({level})" if low <= level <= high else None


_WHOLE = (_number(1), _WHOLE_NUMBER)
_FROM_ZERO = (_number(0), _COUNT)
_BOOLEAN = (_one_of("true", "false"), _SWITCH)
_TEXT: tuple[_Check, str] = (lambda value: value, "text")
_COMPRESSION = (_codec, _CODEC)
_STATISTIC = (_one_of(*_STATISTICS), ", ".join(_STATISTICS))
_ENCODING = (_one_of(*_ENCODINGS), ", ".join(_ENCODINGS))
_FRACTION = (_fraction, "a number between 0 and 1")

COLUMN_OPTIONS: Mapping[str, tuple[_Check, str]] = {
    "bloom_filter_enabled": _BOOLEAN,
    "bloom_filter_fpp": _FRACTION,
    "bloom_filter_ndv": _WHOLE,
    "compression": _COMPRESSION,
    "dictionary_enabled": _BOOLEAN,
    "encoding": _ENCODING,
    "statistics_enabled": _STATISTIC,
}
"""Options that may be set for one column: `name::column`."""

PARQUET_OPTIONS: Mapping[str, tuple[_Check, str]] = {
    "allow_single_file_parallelism": _BOOLEAN,
    "bloom_filter_fpp": _FRACTION,
    "bloom_filter_ndv": _WHOLE,
    "bloom_filter_on_write": _BOOLEAN,
    "column_index_truncate_length": _WHOLE,
    "compression": _COMPRESSION,
    "content_defined_chunking.enabled": _BOOLEAN,
    "content_defined_chunking.max_chunk_size": _WHOLE,
    "content_defined_chunking.min_chunk_size": _WHOLE,
    "content_defined_chunking.norm_level": _FROM_ZERO,
    "created_by": _TEXT,
    "data_page_row_count_limit": _WHOLE,
    "data_pagesize_limit": _WHOLE,
    "dictionary_enabled": _BOOLEAN,
    "dictionary_page_size_limit": _WHOLE,
    "encoding": _ENCODING,
    "max_row_group_bytes": _WHOLE,
    "max_row_group_size": _WHOLE,
    "maximum_buffered_record_batches_per_stream": _WHOLE,
    "maximum_parallel_row_group_writers": _WHOLE,
    "skip_arrow_metadata": _BOOLEAN,
    "statistics_enabled": _STATISTIC,
    "statistics_truncate_length": _WHOLE,
    "write_batch_size": _WHOLE,
    "writer_version": (_one_of("1.0", "2.0"), "1.0 or 2.0"),
}
"""Options of the writer: how to check each, and what it takes."""

IGNORED_OPTIONS = frozenset(
    {
        "binary_as_string",
        "bloom_filter_on_read",
        "coerce_int96",
        "coerce_int96_tz",
        "enable_page_index",
        "force_filter_selections",
        "max_in_list_size",
        "max_predicate_cache_size",
        "max_statistics_size",
        "metadata_size_hint",
        "pruning",
        "pushdown_filters",
        "reorder_filters",
        "schema_force_view_types",
        "skip_metadata",
    }
)
"""Options that files may hold, and that change nothing about what is written: they are about
reading, or the writer has them no more."""


def check_option(key: str, value: object) -> tuple[str, str] | None:
    """One option in the engine's spelling; None where it means nothing for writing.

    Raises PydanticCustomError that says what is wrong with it.
    """
    text = str(value).lower() if isinstance(value, bool) else str(value)
    name, separator, subject = key.partition("::")
    if key in IGNORED_OPTIONS:
        return None
    if name == "metadata" and subject and "::" not in subject:
        return f"format.{key}", text
    options = COLUMN_OPTIONS if separator else PARQUET_OPTIONS
    found = options.get(name)
    if found is None or (separator and not subject):
        raise _unknown(key, name, subject, options)
    check, expected = found
    checked = check(text.strip())
    if checked is None:
        raise PydanticCustomError(
            "parquet_option",
            "'{key}' must be {expected}, not '{value}'",
            {"key": key, "expected": expected, "value": text},
        )
    return f"format.{key}", checked


def _unknown(
    key: str, name: str, subject: str, options: Mapping[str, object]
) -> PydanticCustomError:
    near = nearest(name, options)
    suffix = f"::{subject}" if subject else ""
    known = ", ".join(options)
    advice = f"did you mean '{near}{suffix}'?" if near else f"the options are {known}"
    return PydanticCustomError(
        "parquet_option",
        "unknown option '{key}' of the Parquet writer",
        {"key": key, "help": advice, "is_key": True},
    )
