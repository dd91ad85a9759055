"""Which files of a table a scan opens, by its partitions and the statistics in its log."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from aqueducts.relations import StreamFiles

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
    from deltalake import DeltaTable

__all__ = ["files_of_scan"]


def files_of_scan(
    table: DeltaTable, files: pa.Table, condition: pc.Expression | None
) -> StreamFiles | None:
    """The files that may hold rows of a condition; None where the log cannot be read for it.

    `files` are the table's add actions. deltalake does not tell what it leaves out; its dataset for
    pyarrow knows the same partitions and statistics.
    """
    paths, bytes_of = files.column("path").to_pylist(), files.column("size_bytes").to_pylist()
    sizes = {unquote(path): size for path, size in zip(paths, bytes_of, strict=True)}
    if condition is None:
        return StreamFiles(files=len(sizes), size_bytes=sum(sizes.values()))
    from deltalake.exceptions import DeltaError

    try:
        found = [unquote(each.path) for each in table.to_pyarrow_dataset().get_fragments(condition)]
    except (DeltaError, ValueError, TypeError, NotImplementedError):  # what pyarrow cannot read
        return None
    chosen = [sizes[path] for path in found if path in sizes]
    if len(chosen) != len(found):
        return None
    return StreamFiles(files=len(chosen), size_bytes=sum(chosen))
