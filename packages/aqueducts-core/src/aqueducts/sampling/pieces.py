"""The beginning of a file, and pieces from further on, however large it is."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zlib
from typing import IO, cast

import msgspec

from aqueducts.errors import SourceError
from aqueducts.relations import DataFile

__all__ = ["Pieces", "read_pieces", "shown_path"]

_HEAD_BYTES = 1 << 20
_LEAST_HEAD_BYTES = 1 << 17
_PIECE_BYTES = 1 << 17
_PIECES = 8
"""All that is read of one file; where there are several, each has its share."""

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_ENDINGS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}


class Pieces(msgspec.Struct, frozen=True):
    """Some of a file's bytes, decompressed."""

    path: str
    head: bytes
    """The beginning, up to the end of a line; all of a small file."""
    later: tuple[bytes, ...] = ()
    """Whole lines from further on; of files that are not compressed only."""
    is_whole: bool = True
    """Whether `head` is all there is."""
    declared_compression: str | None = None
    """The option `compression` that the file needs, where its ending says something else."""
    compression: str | None = None

    @property
    def shown(self) -> str:
        """The path for messages and commands: as short as it can be here."""
        return shown_path(self.path)


def shown_path(path: str) -> str:
    """The path below the working directory, where it is there."""
    return os.path.relpath(path) if path.startswith(f"{os.getcwd()}/") else path  # noqa: PTH109


def read_pieces(file: DataFile, files: int = 1) -> Pieces:
    """Read a megabyte from the beginning of a file, and as much from further on.

    Of each of several files it is less, so that all together take no more memory than a few.

    Raises SourceError for a file that cannot be read.
    """
    head_bytes = max(_HEAD_BYTES // files, _LEAST_HEAD_BYTES)
    try:
        with open(file.path, "rb") as raw:  # noqa: PTH123 - a path as the store gave it
            compression = _compression(raw.read(8))
        with _open(file.path, compression) as stream:
            head = stream.read(head_bytes + 1)
        is_whole = len(head) <= head_bytes
        pieces = max(_PIECES // files, 1)
        later = () if is_whole or compression else tuple(_later(file, head_bytes, pieces))
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        hint = None if isinstance(error, PermissionError) else "was it copied to its end?"
        raise SourceError(
            f"cannot read {shown_path(file.path)!r}: {_reason(error)}", hint=hint
        ) from error
    by_ending = _ENDINGS.get("." + file.path.rpartition(".")[2].lower())
    return Pieces(
        path=file.path,
        head=head if is_whole else _whole_lines(head[:head_bytes], shown_path(file.path)),
        later=later,
        is_whole=is_whole,
        declared_compression=None if by_ending == compression else compression or "none",
        compression=compression,
    )


def _compression(start: bytes) -> str | None:
    return next((name for magic, name in _MAGIC.items() if start.startswith(magic)), None)


def _open(path: str, compression: str | None) -> IO[bytes]:
    match compression:
        case "gzip":
            return cast("IO[bytes]", gzip.open(path))
        case "bzip2":
            return cast("IO[bytes]", bz2.open(path))
        case "xz":
            return cast("IO[bytes]", lzma.open(path))
        case "zstd":
            import pyarrow as pa

            return cast("IO[bytes]", pa.input_stream(path, compression="zstd"))
        case _:
            return open(path, "rb")  # noqa: PTH123 - the caller closes it


def _later(file: DataFile, head_bytes: int, count: int) -> list[bytes]:
    """Lines at places that are spread over the rest of the file, and at its end."""
    rest = file.size_bytes - head_bytes - _PIECE_BYTES
    places = [head_bytes + rest * step // count for step in range(1, count + 1)]
    pieces = []
    with open(file.path, "rb") as raw:  # noqa: PTH123
        for place in places:
            raw.seek(max(place, head_bytes))
            piece = raw.read(_PIECE_BYTES)
            start, end = piece.find(b"\n"), piece.rfind(b"\n")
            if end > start:
                pieces.append(piece[start + 1 : end + 1])
    return pieces


def _whole_lines(head: bytes, path: str) -> bytes:
    if head.startswith(b"PAR1"):
        return head
    end = max(head.rfind(b"\n"), head.rfind(b"\r"))
    if end < 0:
        raise SourceError(
            f"{path!r} has no line end in its first {len(head):,} bytes: it is no table in text",
            hint="a file of one JSON array has to be turned into one object per line first: "
            "jq -c '.[]' OLD > NEW",
        )
    return head[: end + 1]


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
