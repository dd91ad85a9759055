"""Text measured in the cells of a terminal."""

from __future__ import annotations

import unicodedata

__all__ = ["cell_width", "pad", "shorten", "visible", "visible_block"]

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

_JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
"""Format characters that emoji and scripts need; all others (such as bidi marks) are escaped."""

_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def visible(text: str) -> str:
    """The text on one line, with control characters spelled out: data must not drive a terminal."""
    if text.isprintable():
        return text
    return "".join(map(_visible_character, text))


def visible_block(text: str) -> str:
    """The text with its line breaks kept, tabs as spaces, and other control characters escaped."""
    return "\n".join(visible(line.expandtabs(4)) for line in text.splitlines())


def _visible_character(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN or character in _JOINERS:
        return character
    known = _ESCAPES.get(character)
    if known is not None:
        return known
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cell_width(text: str) -> int:
    """How many cells of a terminal the text takes."""
    return len(text) if text.isascii() else sum(map(_character_width, text))


def _character_width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shorten(text: str, width: int, *, mark: str = "…") -> str:
    """The text if it fits into `width` cells, else its beginning and `mark`."""
    if cell_width(text) <= width:
        return text
    room = max(width - cell_width(mark), 0)
    used = 0
    for place, character in enumerate(text):
        used += _character_width(character)
        if used > room:
            return text[:place] + mark
    return text


def pad(text: str, width: int, *, is_right_aligned: bool = False) -> str:
    """The text filled up with spaces to `width` cells."""
    spaces = " " * max(width - cell_width(text), 0)
    return spaces + text if is_right_aligned else text + spaces
