"""The ends of Parquet files: what they hold, without reading it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aqueducts.data_files import open_file
from aqueducts.relations import DataFile

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = ["read_footer"]


def read_footer(file: DataFile | Path) -> pq.FileMetaData:
    """The metadata of a file.

    Raises ArrowInvalid for what is no Parquet file, OSError, StorageError. The same as
    `pyarrow.parquet.read_metadata`, whose package loads pyarrow's own clients of cloud stores too:
    a tenth of what starting a small run takes.
    """
    import pyarrow as pa
    from pyarrow._parquet import ParquetReader

    if isinstance(file, DataFile) and file.reader is not None:
        opened = pa.PythonFile(open_file(file))
    else:
        opened = pa.OSFile(str(file.path if isinstance(file, DataFile) else file))
    with opened:
        reader = ParquetReader()
        reader.open(opened)
        return reader.metadata
