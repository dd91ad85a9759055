"""Copies of files that are on other machines, for what has to be read from end to end anyway."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from aqueducts.builtin.os_errors import storage_error
from aqueducts.errors import EngineError
from aqueducts.relations import DataFile, FileReader, FileScan

__all__ = ["copied", "is_elsewhere", "local_path"]

_PIECE_BYTES = 1 << 20
_FILES_AT_ONCE = 4


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


def copied(scan: FileScan, folder: Path) -> FileScan:
    """The scan with copies, below `folder`, of those of its files that are elsewhere.

    They keep their names for messages. Raises StorageError.
    """
    if all(file.reader is None for file in scan.files):
        return scan
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=_FILES_AT_ONCE) as pool:
        files = list(pool.map(lambda file: _copied(file, folder), scan.files))
    return msgspec.structs.replace(scan, files=files)


def _copied(file: DataFile, folder: Path) -> DataFile:
    reader: FileReader | None = file.reader
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
