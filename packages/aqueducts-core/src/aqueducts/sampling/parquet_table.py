"""Parquet files: columns and types from their footers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aqueducts.arrow_types import type_name
from aqueducts.errors import SourceError
from aqueducts.relations import DataFile
from aqueducts.sampling.findings import Column, TableFinding
from aqueducts.sampling.pieces import shown_path

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["look_at_parquet"]


def look_at_parquet(files: Sequence[DataFile], *, are_all: bool) -> TableFinding:
    """What the files hold. Raises SourceError for one that is no Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types: dict[str, pa.DataType] = {}
    rows = 0
    for file in files:
        try:
            footer = pq.read_metadata(file.path)
            schema = footer.schema.to_arrow_schema()
        except (OSError, pa.ArrowException) as error:
            raise SourceError(
                f"{shown_path(file.path)!r} cannot be read as Parquet: {error}",
                hint="a file that was cut short has to be copied or written again",
            ) from error
        rows += footer.num_rows
        for field in schema:
            types.setdefault(field.name, field.type)
    return TableFinding(
        format="parquet",
        columns=[Column(name, type_name(data_type)) for name, data_type in types.items()],
        has_all_columns=are_all,
        rows=rows,
        is_whole=are_all,
    )
