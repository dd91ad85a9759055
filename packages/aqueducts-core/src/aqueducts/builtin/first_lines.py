"""The first lines of a text file that was written once, for a look at its columns."""

from __future__ import annotations

import io
from typing import cast

from aqueducts.builtin.compression import open_binary
from aqueducts.relations import DataFile

__all__ = ["first_lines"]

_LONGEST_LINE_BYTES = 1 << 20


def first_lines(file: DataFile, compression: str | None, most: int) -> list[str] | None:
    """Up to `most` lines without their ends; None where they cannot be read as text."""
    import lzma

    lines: list[str] = []
    try:
        with open_binary(file, compression) as stream:
            buffered = io.BufferedReader(cast("io.RawIOBase", stream))
            while len(lines) < most and (line := buffered.readline(_LONGEST_LINE_BYTES)):
                lines.append(line.decode("utf-8-sig").rstrip("\r\n"))
    except (OSError, EOFError, ValueError, lzma.LZMAError):
        return None
    return lines
