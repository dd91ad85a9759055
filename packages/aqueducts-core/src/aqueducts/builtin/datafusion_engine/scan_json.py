"""Newline-delimited JSON files as a frame."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import msgspec
import pyarrow as pa
from datafusion import DataFrame

from aqueducts.builtin.datafusion_engine.csv_files import compression_of, open_bytes
from aqueducts.builtin.datafusion_engine.faithful_casts import roomy_type
from aqueducts.builtin.datafusion_engine.file_scans import (
    Part,
    ScanContext,
    folder_names,
    restore_names,
    split_partitions,
    unite,
    without_partitions,
)
from aqueducts.builtin.datafusion_engine.plain_types import plain_type
from aqueducts.builtin.datafusion_engine.row_bounds import RowBound, bound_rows
from aqueducts.builtin.datafusion_engine.unify import unify_schemas
from aqueducts.builtin.shown_names import shown_path
from aqueducts.errors import SourceError
from aqueducts.relations import DataFile, FileScan

__all__ = ["scan_json"]

_ALL_ROWS = 1 << 62
"""Types are inferred from every row. The reader cuts the fraction of a number that comes after
integers only, and passes over a key that it has not seen, both without a word."""

_ROWS_LOOKED_AT = 1000
"""Rows of a file that tell whether moments are texts or numbers, until one is not null."""

_ENDINGS = {
    None: ".json",
    "gzip": ".json.gz",
    "bzip2": ".json.bz2",
    "xz": ".json.xz",
    "zstd": ".json.zst",
}


def scan_json(scan: FileScan, into: ScanContext) -> tuple[DataFrame, RowBound | None]:
    """The files as one frame, and a number of rows that they cannot exceed (None: unknown)."""
    schema = readable = scan.schema
    if schema is None or readable is None:
        schema = readable = without_partitions(_infer(scan, into), scan.partitions)
    else:
        readable = _readable(scan, schema)
    parts: list[Part] = []
    for part, nulls in split_partitions(scan):
        for compression, files in _by_compression(part).items():
            chosen = msgspec.structs.replace(part, files=files)
            names = [*schema.names, *(part.partitions.names if part.partitions else ())]
            parts.append(
                Part(
                    frame=_read(chosen, compression, readable, into),
                    files=files,
                    present=frozenset(names),
                    null_partitions=nulls,
                )
            )
    bound = bound_rows(
        ((file, compression_of(file, scan.compression)) for file in scan.files),
        marks=(b"{",),
        shortest_row_bytes=len(b"{}"),
    )
    return unite(parts, schema, scan.partitions, into.source), bound


def _readable(scan: FileScan, schema: pa.Schema) -> pa.Schema:
    """What the reader is to read declared columns as, so that it cuts nothing."""
    kinds = _kinds_of_moments(scan, schema)
    return pa.schema(
        [
            pa.field(
                field.name,
                kinds.get(field.name) or roomy_type(field.type, cuts_fractions=True),
            )
            for field in schema
        ]
    )


def _kinds_of_moments(scan: FileScan, schema: pa.Schema) -> dict[str, pa.DataType]:
    """How the first rows write dates and times: as text, or counted in the unit of their type."""
    missing = {field.name for field in schema if pa.types.is_temporal(field.type)}
    kinds = dict.fromkeys(missing, pa.string())
    rows = _first_rows(scan) if missing else []
    for row in rows:
        for name in [name for name in missing if row.get(name) is not None]:
            missing.discard(name)
            if isinstance(row[name], int | float):
                kinds[name] = roomy_type(pa.int64(), cuts_fractions=True)
    return kinds


def _first_rows(scan: FileScan) -> Iterator[dict[str, Any]]:
    for file in scan.files:
        try:
            with open_bytes(file, compression_of(file, scan.compression)) as stream:
                for line in islice(stream, _ROWS_LOOKED_AT):
                    row = json.loads(line) if line.strip() else None
                    if isinstance(row, dict):
                        yield row
        except (OSError, EOFError, ValueError, lzma.LZMAError):
            return  # which the engine will tell of when it reads the file


def _infer(scan: FileScan, into: ScanContext) -> pa.Schema:
    def infer(file: DataFile) -> tuple[str, pa.Schema]:
        alone = msgspec.structs.replace(
            scan, files=[msgspec.structs.replace(file, partition_values=())], partitions=None
        )
        try:
            frame = _read(alone, compression_of(file, scan.compression), None, into)
        # DataFusion raises a bare Exception; the file's name is what it leaves out.
        except Exception as error:
            raise _not_json(scan, file, error) from error
        return file.path, frame.schema()

    with ThreadPoolExecutor(max_workers=4) as pool:
        found = list(pool.map(infer, scan.files))
    united = unify_schemas(found)
    if not len(united):
        raise SourceError(
            f"{shown_path(scan.files[0].path)} has no JSON object to name columns",
            hint="declare the columns in the format's schema",
        )
    return pa.schema([field.with_type(plain_type(field.type)) for field in united])


def _not_json(scan: FileScan, file: DataFile, error: Exception) -> SourceError:
    # For failures only.
    from aqueducts.builtin.datafusion_engine.bad_rows import bad_json_line
    from aqueducts.builtin.datafusion_engine.failures import clean_message

    return bad_json_line(scan, file) or SourceError(
        f"cannot read {shown_path(file.path)} as JSON: {clean_message(str(error))}",
        hint="one JSON object per line is expected",
    )


def _by_compression(scan: FileScan) -> dict[str | None, list[DataFile]]:
    groups: dict[str | None, list[DataFile]] = {}
    for file in scan.files:
        groups.setdefault(compression_of(file, scan.compression), []).append(file)
    return groups


def _read(
    scan: FileScan, compression: str | None, schema: pa.Schema | None, into: ScanContext
) -> DataFrame:
    suffix = _ENDINGS[compression]
    partitions: Sequence[pa.Field] = list(scan.partitions or ())
    folders = folder_names(scan.partitions)
    folder = into.links.folder(into.source, scan.files, suffix, folders)
    frame = into.context.read_json(
        folder.location,
        schema=schema,
        schema_infer_max_records=_ALL_ROWS,
        file_extension=suffix,
        table_partition_cols=[
            (name, field.type) for name, field in zip(folders, partitions, strict=True)
        ],
        file_compression_type=compression,
    )
    return restore_names(frame, scan.partitions)
