"""Parquet files as a frame."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
from datafusion import DataFrame
from datafusion.expr import SortKey

from aqueducts.builtin.datafusion_engine.faithful_casts import is_lossless
from aqueducts.builtin.datafusion_engine.file_scans import (
    Part,
    ScanContext,
    check_declared,
    folder_names,
    restore_names,
    split_partitions,
    unite,
    without_partitions,
)
from aqueducts.builtin.datafusion_engine.plain_types import plain_type, without_views
from aqueducts.builtin.datafusion_engine.settings import use_no_statistics
from aqueducts.builtin.datafusion_engine.unify import unify_schemas, unify_types
from aqueducts.builtin.parquet_footers import read_footer
from aqueducts.builtin.shown_names import shown_path
from aqueducts.data_files import open_file
from aqueducts.errors import SourceError
from aqueducts.relations import DataFile, FileScan

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = ["scan_parquet"]


_NO_ORDER: list[list[SortKey]] = [[]]
"""One order without keys: the engine then does not take the order that files say they have. It
would restore it at the end, where files are written, by a sort that nobody asked for."""


class _Footer(msgspec.Struct, frozen=True):
    """What the end of a file tells."""

    file: DataFile
    schema: pa.Schema
    constants: tuple[int, ...]
    """Columns of floats that have one value by their statistics, which leave NaN out."""
    without_nulls: frozenset[str]
    """Columns that are declared to have no null, and have none by their statistics."""


def scan_parquet(scan: FileScan, into: ScanContext) -> DataFrame:
    """The files as one frame; columns are found by name, missing ones are null."""
    footers = _footers(scan)
    schema = readable = _schema(scan, footers)
    if scan.schema is not None:
        readable = _readable(schema, footers)
    if not into.has_views:
        # Files that DataFusion wrote say that their texts are views.
        schema, readable = without_views(schema), without_views(readable)
    if any(_hides_nan(footer) for footer in footers):
        use_no_statistics(into.context)
    parts = []
    for part, nulls in split_partitions(scan):
        partitions: Sequence[pa.Field] = list(part.partitions or ())
        folders = folder_names(part.partitions)
        folder = into.links.folder(into.source, part.files, ".parquet", folders)
        frame = into.context.read_parquet(
            folder.location,
            table_partition_cols=[
                (name, field.type) for name, field in zip(folders, partitions, strict=True)
            ],
            file_extension=".parquet",
            schema=readable,
            file_sort_order=_NO_ORDER,
        )
        parts.append(
            Part(
                frame=restore_names(frame, part.partitions),
                files=part.files,
                present=frozenset([*schema.names, *(field.name for field in partitions)]),
                null_partitions=nulls,
                without_nulls=frozenset.intersection(*(each.without_nulls for each in footers)),
            )
        )
    return unite(parts, schema, scan.partitions, into.source)


def _schema(scan: FileScan, footers: Sequence[_Footer]) -> pa.Schema:
    if scan.schema is None:
        found = unify_schemas((footer.file.path, footer.schema) for footer in footers)
        return without_partitions(found, scan.partitions)
    present = sorted({name for footer in footers for name in footer.schema.names})
    check_declared(scan, present, scan.files[0])
    return scan.schema


def _readable(schema: pa.Schema, footers: Sequence[_Footer]) -> pa.Schema:
    """What declared columns are read as: the type they have, where the reader would cut values."""
    return pa.schema(
        [field.with_type(_readable_type(field, footers)).with_nullable(True) for field in schema]
    )


def _readable_type(declared: pa.Field, footers: Sequence[_Footer]) -> pa.DataType:
    there = {
        plain_type(footer.schema.field(declared.name).type)
        for footer in footers
        if declared.name in footer.schema.names
    }
    found: pa.DataType | None = pa.null()
    for data_type in there:
        found = None if found is None else unify_types(found, data_type)
    wanted = plain_type(declared.type)
    if found is None or found == wanted or is_lossless(found, wanted):
        return declared.type
    return found


def _footers(scan: FileScan) -> list[_Footer]:
    required = [field.name for field in scan.schema or () if not field.nullable]
    if len(scan.files) == 1:
        return [_footer(scan.files[0], required)]
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(lambda file: _footer(file, required), scan.files))


def _footer(file: DataFile, required: Sequence[str]) -> _Footer:
    try:
        metadata = read_footer(file)
        schema = metadata.schema.to_arrow_schema()
    except pa.ArrowInvalid as error:
        raise SourceError(
            f"{shown_path(file.path)} is not a Parquet file: {str(error).splitlines()[0]}",
            hint="check the source's format, and that the file is complete",
        ) from error
    constants = tuple(
        index
        for index in range(metadata.num_columns)
        if _is_float(metadata.schema.column(index)) and _has_one_value(metadata, index)
    )
    without_nulls = frozenset(name for name in required if _has_no_null(metadata, name))
    return _Footer(file, schema.remove_metadata(), constants, without_nulls)


def _has_no_null(metadata: pq.FileMetaData, name: str) -> bool:
    """Whether the statistics say so."""
    places = [
        place for place in range(metadata.num_columns) if metadata.schema.column(place).path == name
    ]
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    found = [group.column(place).statistics for group in groups for place in places]
    return bool(places) and all(
        each is not None and each.has_null_count and each.null_count == 0 for each in found
    )


def _hides_nan(footer: _Footer) -> bool:
    """Whether there is a NaN that the engine would replace: it takes such columns for constants."""
    if not footer.constants:
        return False
    import pyarrow.compute as pc  # slow to load, and hardly ever needed
    import pyarrow.parquet as pq

    with open_file(footer.file) as opened, pq.ParquetFile(opened) as file:
        names = [file.metadata.schema.column(index).path for index in footer.constants]
        return any(
            pc.any(pc.is_nan(column.cast(pa.float64()))).as_py()
            for batch in file.iter_batches(columns=names)
            for column in batch.columns
            if pa.types.is_floating(column.type)
        )


def _is_float(column: pq.ColumnSchema) -> bool:
    is_half = column.logical_type.type == "FLOAT16"
    is_top_level = column.path == column.name  # nested ones are no constants to the engine
    return is_top_level and (is_half or column.physical_type in ("FLOAT", "DOUBLE"))


def _has_one_value(metadata: pq.FileMetaData, column: int) -> bool:
    bounds = set()
    for group in range(metadata.num_row_groups):
        statistics = metadata.row_group(group).column(column).statistics
        if statistics is not None and statistics.has_min_max:
            bounds |= {statistics.min, statistics.max}
        if len(bounds) > 1:
            return False
    return len(bounds) == 1
