"""CSV files as a frame.

The engine matches CSV columns by position and takes the first file's header for all. Here files
are grouped by their header, so that columns meet by name, in files and with a declared schema.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pyarrow as pa
from datafusion import CsvReadOptions, DataFrame

from aqueducts.arrow_types import type_name
from aqueducts.builtin.datafusion_engine.copies import is_elsewhere
from aqueducts.builtin.datafusion_engine.csv_files import (
    compression_of,
    flat_sample,
    has_quoted_newline,
    read_header,
)
from aqueducts.builtin.datafusion_engine.faithful_casts import roomy_type
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
from aqueducts.builtin.datafusion_engine.row_bounds import RowBound, bound_rows
from aqueducts.builtin.datafusion_engine.slices import is_later_slice
from aqueducts.builtin.datafusion_engine.unify import unify_schemas
from aqueducts.builtin.shown_names import shown_path
from aqueducts.errors import SourceError
from aqueducts.relations import CsvDialect, DataFile, FileScan

__all__ = ["scan_csv"]

_INFERENCE_ROWS = 10_000
"""Rows of each file that column types are inferred from."""

_PARSED_BY_READER = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_boolean,
    pa.types.is_string,
)
_ENDINGS = {
    None: ".csv",
    "gzip": ".csv.gz",
    "bzip2": ".csv.bz2",
    "xz": ".csv.xz",
    "zstd": ".csv.zst",
}


class _Layout(msgspec.Struct, frozen=True):
    """What files must share to be read as one."""

    header: tuple[str, ...] | None
    compression: str | None
    null_partitions: frozenset[str]


def scan_csv(scan: FileScan, into: ScanContext) -> tuple[DataFrame, RowBound | None]:
    """The files as one frame, and a number of rows that they cannot exceed (None: unknown)."""
    _refuse_nested(scan)
    groups = _group(scan)
    if not groups:
        return _empty(scan, into), None
    schema = scan.schema if scan.schema is not None and scan.dialect.has_header else None
    if schema is not None:
        present = [name for layout, _ in groups for name in layout.header or ()]
        check_declared(scan, present, scan.files[0])
    else:
        schema = _infer(groups, into) if scan.schema is None else scan.schema
        schema = without_partitions(schema, scan.partitions)
    parts = [_open(layout, part, schema, into) for layout, part in groups]
    return unite(parts, schema, scan.partitions, into.source), _row_bound(scan, groups)


def _group(scan: FileScan) -> list[tuple[_Layout, FileScan]]:
    groups: list[tuple[_Layout, FileScan]] = []
    for part, nulls in split_partitions(scan):
        by_layout: dict[_Layout, list[DataFile]] = {}
        for file, layout in _layouts(part, nulls):
            by_layout.setdefault(layout, []).append(file)
        for layout, files in by_layout.items():
            groups.append((layout, msgspec.structs.replace(part, files=files)))
    return groups


def _layouts(part: FileScan, nulls: frozenset[str]) -> list[tuple[DataFile, _Layout]]:
    def layout(file: DataFile) -> tuple[DataFile, _Layout] | None:
        compression = compression_of(file, part.compression)
        header = None
        if part.dialect.has_header:
            header = read_header(file, part.dialect, compression)
            if header is None:
                return None  # an empty file has no rows to add
        elif file.size_bytes == 0:
            return None
        return file, _Layout(header, compression, nulls)

    if len(part.files) == 1:
        found = [layout(part.files[0])]
    else:
        with ThreadPoolExecutor(max_workers=4) as pool:
            found = list(pool.map(layout, part.files))
    return [each for each in found if each is not None]


def _infer(groups: Sequence[tuple[_Layout, FileScan]], into: ScanContext) -> pa.Schema:
    def infer(layout: _Layout, part: FileScan, file: DataFile) -> tuple[str, pa.Schema]:
        example = msgspec.structs.replace(file, partition_values=())
        sample = flat_sample(file, part.dialect, layout.compression)
        if sample is not None:
            example = into.links.sample(sample)
            layout = msgspec.structs.replace(layout, compression=None)
        alone = msgspec.structs.replace(part, files=[example])
        schema = _read(layout, alone, None, into, has_partitions=False).schema()
        names = layout.header or schema.names  # a line break in a name is gone from a sample
        return file.path, pa.schema(
            [field.with_name(name) for field, name in zip(schema, names, strict=True)]
        )

    jobs = [
        (layout, part, file)
        for layout, part in groups
        for file in part.files
        if not is_later_slice(file)
    ]
    if len(jobs) == 1:
        found = [infer(*jobs[0])]
    else:
        with ThreadPoolExecutor(max_workers=4) as pool:
            found = list(pool.map(lambda job: infer(*job), jobs))
    united = unify_schemas(found, text_fits_all=True)
    return pa.schema([field.with_type(_settled(field.type)) for field in united])


def _settled(data_type: pa.DataType) -> pa.DataType:
    """The type for a column of which the first rows look like this."""
    if pa.types.is_null(data_type):
        return pa.string()
    if pa.types.is_timestamp(data_type) and data_type.unit in ("s", "ms"):
        # The reader would cut the fractions of later rows without a word.
        return pa.timestamp("us", data_type.tz)
    return data_type


def _open(layout: _Layout, part: FileScan, schema: pa.Schema, into: ScanContext) -> Part:
    names = layout.header if layout.header is not None else tuple(schema.names)
    by_name = {field.name: field for field in schema}
    as_text = bool(part.dialect.null_values)
    repeated = {*(part.partitions.names if part.partitions else ()), *layout.null_partitions}
    fields = [
        pa.field(
            f"__repeated_{name}" if name in repeated else name,
            _reader_type(by_name.get(name), as_text=as_text),
            True,
        )
        for name in names
    ]
    return Part(
        frame=_read(layout, part, pa.schema(fields), into),
        files=part.files,
        present=frozenset(
            [
                *(name for name in names if name not in repeated),
                *(part.partitions.names if part.partitions else ()),
            ]
        ),
        null_values=part.dialect.null_values,
        null_partitions=layout.null_partitions,
    )


def _read(
    layout: _Layout,
    part: FileScan,
    schema: pa.Schema | None,
    into: ScanContext,
    *,
    has_partitions: bool = True,
) -> DataFrame:
    dialect = part.dialect
    suffix = _ENDINGS[layout.compression]
    partitions = part.partitions if has_partitions else None
    folders = folder_names(partitions)
    folder = into.links.folder(into.source, part.files, suffix, folders)
    options = CsvReadOptions(
        has_header=dialect.has_header,
        delimiter=dialect.delimiter,
        quote=dialect.quote,
        escape=dialect.escape,
        comment=dialect.comment,
        newlines_in_values=dialect.newlines_in_values
        or any(
            has_quoted_newline(file, dialect, layout.compression)
            for file in part.files[:8]
            if not is_elsewhere(file)  # which was looked at before
        ),
        schema=schema,
        schema_infer_max_records=_INFERENCE_ROWS,
        file_extension=suffix,
        file_compression_type=layout.compression or "",
        table_partition_cols=[
            (name, field.type) for name, field in zip(folders, partitions or (), strict=True)
        ],
        null_regex=_null_regex(dialect),
    )
    return restore_names(into.context.read_csv(folder.location, options=options), partitions)


def _reader_type(field: pa.Field | None, *, as_text: bool) -> pa.DataType:
    if field is None or as_text:
        return pa.string()
    if pa.types.is_decimal(field.type):
        return roomy_type(field.type)
    if any(check(field.type) for check in _PARSED_BY_READER):
        return field.type
    return pa.string()  # cast afterwards; of dates and times the reader would cut a part


def _refuse_nested(scan: FileScan) -> None:
    for field in scan.schema or ():
        if pa.types.is_nested(field.type):
            raise SourceError(
                f"column {field.name!r} is declared as {type_name(field.type)}, which CSV cannot "
                "hold",
                hint="declare it as string and take it apart in a stage",
            )


def _empty(scan: FileScan, into: ScanContext) -> DataFrame:
    columns = [*(scan.schema or ()), *(scan.partitions or ())]
    if not columns:
        raise SourceError(
            f"{shown_path(scan.files[0].path)} is empty: it has no header to name columns",
            hint="declare the columns in the format's schema",
        )
    batch = pa.RecordBatch.from_arrays(
        [pa.array([], type=field.type) for field in columns], schema=pa.schema(columns)
    )
    return into.context.read_batches([batch])


def _row_bound(scan: FileScan, groups: Sequence[tuple[_Layout, FileScan]]) -> RowBound | None:
    # A row has a delimiter between its fields and a line break, which the last row may lack.
    widths = [len(layout.header or scan.schema or ()) for layout, _ in groups]
    return bound_rows(
        ((file, layout.compression) for layout, part in groups for file in part.files),
        marks=(b"\n", b"\r"),
        shortest_row_bytes=min(widths),
    )


def _null_regex(dialect: CsvDialect) -> str | None:
    """For the inference only: the reader does not apply it to numbers, nor to strings."""
    if not dialect.null_values:
        return None
    return "^(" + "|".join(re.escape(text) for text in dialect.null_values) + ")?$"
