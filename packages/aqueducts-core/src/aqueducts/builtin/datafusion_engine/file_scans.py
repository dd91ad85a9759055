"""Files as one DataFusion frame: schemas united by name, partitions attached, nulls applied."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
import pyarrow as pa
from datafusion import DataFrame, Expr, SessionContext, col, lit
from datafusion import functions as f

from aqueducts.arrow_types import type_name
from aqueducts.builtin.datafusion_engine.faithful_casts import as_declared
from aqueducts.builtin.datafusion_engine.links import Links
from aqueducts.builtin.datafusion_engine.plain_types import plain_schema
from aqueducts.builtin.shown_names import shown_path
from aqueducts.diagnostics import nearest
from aqueducts.errors import SourceError
from aqueducts.relations import DataFile, FileScan
from aqueducts.table_names import quote

__all__ = [
    "Part",
    "ScanContext",
    "check_declared",
    "folder_names",
    "restore_names",
    "split_partitions",
    "unite",
    "without_partitions",
]

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+\Z")


class ScanContext(msgspec.Struct, frozen=True):
    """What opening files needs of the session."""

    context: SessionContext
    links: Links
    source: str
    """Name of the source, for messages and counting."""
    has_views: bool = True
    """Whether columns of text may be views, which keep whole pages of their files in memory."""


class Part(msgspec.Struct, frozen=True):
    """Files with one layout, opened as one frame; columns may be missing or strings yet."""

    frame: DataFrame
    files: Sequence[DataFile]
    present: frozenset[str]
    """Columns that the files have."""
    null_values: tuple[str, ...] = ()
    """Texts that mean null; then all columns are read as strings and cast."""
    null_partitions: frozenset[str] = frozenset()
    """Partition columns that are null in all of these files."""
    without_nulls: frozenset[str] = frozenset()
    """Columns that are known to hold no null."""


def split_partitions(scan: FileScan) -> list[tuple[FileScan, frozenset[str]]]:
    """Split a scan by which partition columns are null.

    A null partition value has no text that could be cast to the column's type, so such files are
    read without the column.
    """
    if scan.partitions is None or not len(scan.partitions):
        return [(scan, frozenset())]
    _check_partition_values(scan)
    groups: dict[frozenset[str], list[DataFile]] = {}
    for file in scan.files:
        names = zip(scan.partitions.names, file.partition_values, strict=True)
        nulls = frozenset(name for name, value in names if value is None)
        groups.setdefault(nulls, []).append(file)
    split = []
    for nulls, files in groups.items():
        kept = [index for index, name in enumerate(scan.partitions.names) if name not in nulls]
        split.append(
            (
                msgspec.structs.replace(
                    scan,
                    files=[
                        msgspec.structs.replace(
                            file,
                            partition_values=tuple(file.partition_values[i] for i in kept),
                        )
                        for file in files
                    ],
                    partitions=pa.schema([scan.partitions.field(i) for i in kept]),
                ),
                nulls,
            )
        )
    return split


def folder_names(partitions: pa.Schema | None) -> list[str]:
    """What partition columns are called in folders of links.

    The engine decodes the values in folder names, not the columns; and files whose folder it does
    not know are left out without a word.
    """
    return [
        name if _PLAIN_NAME.match(name) else f"__partition_{index}"
        for index, name in enumerate(partitions.names if partitions is not None else ())
    ]


def restore_names(frame: DataFrame, partitions: pa.Schema | None) -> DataFrame:
    """The frame with its partition columns called as declared."""
    folders = folder_names(partitions)
    if partitions is None or folders == partitions.names:
        return frame
    declared = dict(zip(folders, partitions.names, strict=True))
    names = frame.schema().names
    return frame.select(*(col(quote(name)).alias(declared.get(name, name)) for name in names))


def without_partitions(schema: pa.Schema, partitions: pa.Schema | None) -> pa.Schema:
    """Partition columns come from the folders, also where files repeat them."""
    names = set(partitions.names) if partitions is not None else set()
    return pa.schema([field for field in schema if field.name not in names])


def unite(
    parts: Sequence[Part], schema: pa.Schema, partitions: pa.Schema | None, source: str
) -> DataFrame:
    """All parts under each other with the columns of `schema`, then those of `partitions`.

    Running it raises for a value that its column's type cannot hold, see `faithful_casts`.
    """
    columns = [*schema, *(partitions or ())]
    united: DataFrame | None = None
    for part in parts:
        frame = part.frame
        if not _is_as_wanted(part, columns):
            frame = frame.select(*(_column(field, part) for field in columns))
            wanted = [field.with_nullable(not _needs_values(field, part)) for field in columns]
            frame = as_declared(frame, wanted, source)
        united = frame if united is None else united.union(frame)
    if united is None:
        raise ValueError("a scan needs at least one file")
    return united


def check_declared(scan: FileScan, present: Sequence[str], example: DataFile) -> None:
    """Refuse a declared column that no file has (SourceError with the nearest name)."""
    for field in scan.schema or ():
        if field.name in present:
            continue
        similar = nearest(field.name, list(present))
        known = ", ".join(sorted(present)[:20]) or "none"
        raise SourceError(
            f"column {field.name!r} of the schema is not in {shown_path(example.path)}"
            + ("" if len(scan.files) == 1 else f" or any other of the {len(scan.files)} files"),
            hint=f"did you mean {similar!r}?" if similar else f"columns there: {known}",
        )


def _is_as_wanted(part: Part, columns: Sequence[pa.Field]) -> bool:
    found = part.frame.schema()
    is_plain = not part.null_values and not part.null_partitions
    return (
        is_plain
        and plain_schema(found) == plain_schema(pa.schema(columns))
        and not any(_needs_values(field, part) for field in columns)
    )


def _needs_values(field: pa.Field, part: Part) -> bool:
    return not field.nullable and field.name not in part.without_nulls


def _column(field: pa.Field, part: Part) -> Expr:
    """The column as it was read, with nulls for the texts that mean null, or null throughout."""
    if field.name not in part.present:
        if not field.nullable:
            raise SourceError(
                f"{shown_path(part.files[0].path)} has no column {field.name!r}, which is declared "
                "with nullable: false",
                hint="correct the file, or leave nullable: false out of the format's schema",
            )
        return lit(None).cast(field.type).alias(field.name)
    column = col(quote(field.name))
    if part.null_values:
        # Not nullif(): it makes string views, which would have to be cast back at the end.
        null = lit(None).cast(pa.string())
        is_null = f.in_list(
            column, [lit(pa.scalar(text, pa.string())) for text in part.null_values]
        )
        column = f.when(is_null, null).otherwise(column)
    return column.alias(field.name)


def _check_partition_values(scan: FileScan) -> None:
    for index, field in enumerate(scan.partitions or ()):
        first: dict[str, DataFile] = {}
        for file in scan.files:
            value = file.partition_values[index]
            if value is not None:
                first.setdefault(value, file)
        try:
            pa.array(list(first), type=pa.string()).cast(field.type)
        except pa.ArrowInvalid:
            _name_bad_value(field, first)


def _name_bad_value(field: pa.Field, first: dict[str, DataFile]) -> None:
    for value, file in first.items():
        try:
            pa.array([value]).cast(field.type)
        except pa.ArrowInvalid as error:
            raise SourceError(
                f"partition {field.name}={value} of {shown_path(file.path)} is not of type "
                f"{type_name(field.type)}",
                hint=f"declare the partition column {field.name!r} as string",
            ) from error
