"""Text files that are on other machines: those of a source are copied here, or cut into slices."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from aqueducts.builtin.datafusion_engine.csv_files import compression_of, has_quoted_newline
from aqueducts.builtin.datafusion_engine.slices import sliced
from aqueducts.builtin.os_errors import storage_error
from aqueducts.errors import EngineError
from aqueducts.relations import DataFile, FileScan

__all__ = ["brought_near", "is_elsewhere", "local_path"]

_PIECE_BYTES = 1 << 20
_FILES_AT_ONCE = 4
_SMALL_BYTES = 64 << 20
"""Sources up to this size are copied: that is one request per file, and they are read at once."""


class _Copy:
    """Reads the copy of a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, path: str, start: int, end: int) -> Iterator[memoryview]:  # noqa: ARG002
        with self.path.open("rb") as file:
            file.seek(start)
            while start < end and (piece := file.read(min(_PIECE_BYTES, end - start))):
                start += len(piece)
                yield memoryview(piece)


def is_elsewhere(file: DataFile) -> bool:
    """Whether a file is on another machine, and has no copy here."""
    return file.reader is not None and not isinstance(file.reader, _Copy)


def local_path(file: DataFile) -> str:
    """Where the engine finds a file: its own path, or that of its copy."""
    if file.reader is None:
        return file.path
    if isinstance(file.reader, _Copy):
        return str(file.reader.path)
    raise EngineError(f"there is no copy of {file.path!r}")


def brought_near(scan: FileScan, folder: Path) -> tuple[FileScan, FileScan]:
    """A scan of text files as the engine reads it, and with whole files, to look for rows in.

    Of files that are elsewhere, small ones and those that cannot be taken apart are copied into
    `folder`; others are cut into slices. They keep their names for messages. Raises StorageError.
    """
    far = [file for file in scan.files if is_elsewhere(file)]
    if not far:
        return scan, scan
    folder.mkdir(parents=True, exist_ok=True)
    is_small = sum(file.size_bytes for file in far) <= _SMALL_BYTES

    def near(file: DataFile) -> DataFile:
        return _copied(file, folder) if is_small or not _can_be_sliced(file, scan) else file

    with ThreadPoolExecutor(max_workers=_FILES_AT_ONCE) as pool:
        whole = list(pool.map(near, scan.files))
    read = [
        part for file in whole for part in (sliced(file, scan) if is_elsewhere(file) else [file])
    ]
    return msgspec.structs.replace(scan, files=read), msgspec.structs.replace(scan, files=whole)


def _can_be_sliced(file: DataFile, scan: FileScan) -> bool:
    if compression_of(file, scan.compression) is not None:
        return False
    if scan.format == "json":
        return scan.schema is not None  # else all of it is looked at now, and read once more later
    dialect = scan.dialect
    return not dialect.newlines_in_values and not has_quoted_newline(file, dialect, None)


def _copied(file: DataFile, folder: Path) -> DataFile:
    reader = file.reader
    if reader is None or isinstance(reader, _Copy):
        return file
    path = folder / uuid.uuid4().hex
    try:
        with path.open("wb") as copy:
            for piece in reader.read(file.path, 0, file.size_bytes):
                copy.write(piece)
    except OSError as error:
        raise storage_error(error, str(folder), "write") from error
    return msgspec.structs.replace(file, reader=_Copy(path))
