"""From bytes to text, where that is UTF-8; else what to do about it."""

from __future__ import annotations

import shlex
from pathlib import Path

from aqueducts.errors import SourceError
from aqueducts.sampling.pieces import Pieces

__all__ = ["decode", "has_byte_order_mark", "later_lines"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def has_byte_order_mark(pieces: Pieces) -> bool:
    """Whether the text begins with the mark that some programs put before UTF-8."""
    return pieces.head.startswith(_BYTE_ORDER_MARK)


def decode(pieces: Pieces) -> str:
    """The text of the beginning, without a byte order mark.

    Raises SourceError with the command that converts the file where it is not UTF-8.
    """
    if pieces.head.startswith(_UTF_16):
        raise SourceError(
            f"{pieces.shown!r} is UTF-16, and UTF-8 is what can be read",
            hint=f"convert it: {_conversion(pieces, 'UTF-16')}",
        )
    return _decode(pieces.head, pieces)


def later_lines(pieces: Pieces) -> list[str]:
    """The texts of the later pieces. Raises SourceError as `decode` does."""
    return [_decode(piece, pieces) for piece in pieces.later]


def _decode(content: bytes, pieces: Pieces) -> str:
    if b"\x00" in content:
        raise SourceError(
            f"{pieces.shown!r} is no text: there are NUL bytes in it",
            hint="CSV, JSON (one object per line) and Parquet can be read",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = f"the byte 0x{error.object[error.start]:02x}"
        if content is pieces.head:
            line = content.count(b"\n", 0, error.start) + 1
            place += f" in line {line}"
        raise SourceError(
            f"{pieces.shown!r} is not UTF-8: it has {place}",
            hint=f"convert it, for Western Europe with: {_conversion(pieces, 'WINDOWS-1252')}",
        ) from error


def _conversion(pieces: Pieces, encoding: str) -> str:
    """A command that makes a UTF-8 file beside the file."""
    programs = {"gzip": "zcat", "bzip2": "bzcat", "xz": "xzcat", "zstd": "zstdcat"}
    path = Path(pieces.shown)
    plain = path.with_suffix("") if pieces.compression else path
    target = shlex.quote(str(plain.with_name(f"{plain.stem}.utf8{plain.suffix}")))
    source = shlex.quote(pieces.shown)
    program = programs.get(pieces.compression or "")
    if program is None:
        return f"iconv -f {encoding} -t UTF-8 {source} > {target}"
    return f"{program} {source} | iconv -f {encoding} -t UTF-8 > {target}"
