"""Options that Parquet files are written with unless the user says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["parquet_defaults"]


def parquet_defaults(schema: pa.Schema) -> dict[str, str]:  # noqa: ARG001 - types come to matter
    """COPY options for a schema."""
    return {"format.compression": "zstd(1)"}
