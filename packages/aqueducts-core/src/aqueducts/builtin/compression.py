"""Compression of text files: its names in pipeline files, endings, and reading through it."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Annotated, Literal, TypeAlias, cast

from pydantic import BeforeValidator

if TYPE_CHECKING:
    from pathlib import Path

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


def open_binary(path: Path, compression: str | None) -> IO[bytes]:
    """The decompressed bytes of a file."""
    if compression == "xz":
        import lzma

        return lzma.open(path)
    import pyarrow as pa

    if compression in (None, "none"):
        return path.open("rb", buffering=0)
    codec = "bz2" if compression == "bzip2" else compression
    # pyarrow decompresses members that follow each other, as parallel writers make them.
    return cast("IO[bytes]", pa.input_stream(str(path), compression=codec))
