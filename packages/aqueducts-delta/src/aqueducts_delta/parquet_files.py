"""How the files of a table are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deltalake import WriterProperties

__all__ = ["writer_properties"]

_GROUP_ROWS = 524_288


def writer_properties() -> WriterProperties:
    """Files of a bit more than half the size for the same time, and less memory to write them."""
    from deltalake import WriterProperties

    return WriterProperties(compression="ZSTD", compression_level=1, max_row_group_size=_GROUP_ROWS)
