"""Parquet files as a frame."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
from datafusion import DataFrame

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
from aqueducts.builtin.datafusion_engine.unify import unify_schemas
from aqueducts.errors import SourceError
from aqueducts.relations import DataFile, FileScan

__all__ = ["scan_parquet"]


def scan_parquet(scan: FileScan, into: ScanContext) -> DataFrame:
    """The files as one frame; columns are found by name, missing ones are null."""
    schema = _schema(scan)
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
            schema=schema,
        )
        parts.append(
            Part(
                frame=restore_names(frame, part.partitions),
                files=part.files,
                present=frozenset([*schema.names, *(field.name for field in partitions)]),
                null_partitions=nulls,
            )
        )
    return unite(parts, schema, scan.partitions)


def _schema(scan: FileScan) -> pa.Schema:
    if scan.schema is None:
        return without_partitions(unify_schemas(_footers(scan.files)), scan.partitions)
    present = _names(scan.files[0])
    if not set(scan.schema.names) <= set(present):
        present = sorted({name for _, each in _footers(scan.files) for name in each.names})
        check_declared(scan, present, scan.files[0])
    return scan.schema


def _names(file: DataFile) -> list[str]:
    return list(_footer(file)[1].names)


def _footers(files: Sequence[DataFile]) -> list[tuple[str, pa.Schema]]:
    if len(files) == 1:
        return [_footer(files[0])]
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(_footer, files))


def _footer(file: DataFile) -> tuple[str, pa.Schema]:
    try:
        schema = pq.read_schema(file.path)
    except pa.ArrowInvalid as error:
        raise SourceError(
            f"{file.path} is not a Parquet file: {str(error).splitlines()[0]}",
            hint="check the source's format, and that the file is complete",
        ) from error
    return file.path, schema.remove_metadata()
