"""What a write of files would replace, and the columns in which that differs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aqueducts.arrow_types import type_name
from aqueducts.connectors import FileFormat, Listing
from aqueducts.plan_facts import ColumnChange, TargetChange
from aqueducts.relations import DataFile

if TYPE_CHECKING:
    import pyarrow as pa
    from pydantic import BaseModel

__all__ = ["target_change"]


def target_change(
    found: Listing | None,
    schema: pa.Schema,
    file_format: FileFormat,
    options: BaseModel,
    partitions: Sequence[str],
) -> TargetChange:
    """What becomes of the files that are at the target."""
    if found is None:
        return TargetChange(action="create")
    before = _columns_before(found, file_format, options)
    after: dict[str, pa.DataType | None] = {
        field.name: file_format.stored_type(field.type)
        for field in schema
        if field.name not in partitions
    }
    after.update(dict.fromkeys(partitions))
    return TargetChange(
        action="replace",
        files=len(found.files),
        size_bytes=sum(file.size_bytes for file in found.files),
        written_at=min((_written_at(file) for file in found.files), default=None),
        columns=None if before is None else tuple(_changes(before, after)),
    )


def _columns_before(
    found: Listing, file_format: FileFormat, options: BaseModel
) -> Mapping[str, pa.DataType | None] | None:
    """Columns of the first file, and those in the names of its folders."""
    if not found.files:
        return None
    file = found.files[0]
    columns = file_format.columns_of(file, options)
    if columns is None:
        return None
    folders = os.path.relpath(file.path, found.root).split("/")[:-1] if found.is_directory else []
    names = [folder.partition("=")[0] for folder in folders if "=" in folder]
    return {**columns, **dict.fromkeys(names)}


def _changes(
    before: Mapping[str, pa.DataType | None], after: Mapping[str, pa.DataType | None]
) -> list[ColumnChange]:
    changes = []
    for name, old in before.items():
        if name not in after:
            changes.append(ColumnChange(name=name, change="removed", before=_shown(old)))
            continue
        new = after[name]
        if old is not None and new is not None and old != new:
            changes.append(
                ColumnChange(name=name, change="type", before=_shown(old), after=_shown(new))
            )
    changes += [
        ColumnChange(name=name, change="added", after=_shown(new))
        for name, new in after.items()
        if name not in before
    ]
    return changes


def _shown(data_type: pa.DataType | None) -> str | None:
    return None if data_type is None else type_name(data_type)


def _written_at(file: DataFile) -> float:
    return file.modified_at or Path(file.path).stat().st_mtime
