"""Compression of text files: its names in pipeline files, endings, and reading through it."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Annotated, Literal, TypeAlias, cast

from pydantic import BeforeValidator

from aqueducts.data_files import open_file
from aqueducts.relations import DataFile

__all__ = ["COMPRESSION_ENDINGS", "Compression", "compression_of", "ending_of", "open_binary"]

COMPRESSION_ENDINGS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}
"""File name endings that tell a compression."""

_ALIASES = {"gz": "gzip", "bz2": "bzip2", "zst": "zstd"}


def _canonical(value: object) -> object:
    return _ALIASES.get(value, value) if isinstance(value, str) else value


Compression: TypeAlias = Annotated[
    Literal["gzip", "bzip2", "xz", "zstd", "none"], BeforeValidator(_canonical)
]
"""Compression as pipeline files name it."""


def compression_of(file_name: str) -> str | None:
    """The compression that a file's ending tells, or None."""
    lowered = file_name.lower()
    for ending, name in COMPRESSION_ENDINGS.items():
        if lowered.endswith(ending):
            return name
    return None


def ending_of(compression: str | None) -> str:
    """The ending for a compression; empty for plain files."""
    for ending, name in COMPRESSION_ENDINGS.items():
        if name == compression:
            return ending
    return ""


def open_binary(file: DataFile | Path, compression: str | None) -> IO[bytes]:
    """The decompressed bytes of a file."""
    path = file if isinstance(file, Path) else Path(file.path)
    elsewhere = file if isinstance(file, DataFile) and file.reader is not None else None
    if compression in (None, "none"):
        return path.open("rb", buffering=0) if elsewhere is None else open_file(elsewhere)
    source = str(path) if elsewhere is None else open_file(elsewhere)
    if compression == "xz":
        import lzma

        return lzma.open(source)
    import pyarrow as pa

    codec = "bz2" if compression == "bzip2" else compression
    # pyarrow decompresses members that follow each other, as parallel writers make them.
    return cast("IO[bytes]", pa.input_stream(source, compression=codec))
