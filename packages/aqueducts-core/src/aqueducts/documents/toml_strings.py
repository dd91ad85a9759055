"""TOML strings: where they end, what they say, and where each character is written."""

import re

__all__ = ["PLACEHOLDER", "read_offsets", "string_end", "unquote"]

PLACEHOLDER = re.compile(r"\$\{(?:\w+|secret:[^{}\s\"']+)\}", re.ASCII)
"""A template placeholder, which may stand for a value without quotes."""

_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}
_LINE_CONTINUATION = re.compile(r"\\[ \t]*\r?\n[ \t\r\n]*")
_DELIMITERS = {
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*"""(?:"(?!")|""(?!"))?', re.DOTALL),
    "'''": re.compile(r"(?:[^']|'(?!''))*'''(?:'(?!')|''(?!'))?", re.DOTALL),
    '"': re.compile(r'(?:[^"\\\r\n]|\\.)*"'),
    "'": re.compile(r"[^'\r\n]*'"),
}


def string_end(text: str, start: int) -> int | None:
    """Where the string that begins at `start` ends, or None when there is no such string."""
    for delimiter, content in _DELIMITERS.items():
        if text.startswith(delimiter, start):
            match = content.match(text, start + len(delimiter))
            return match.end() if match else None
    return None


def unquote(text: str, start: int, end: int) -> str:
    """What the string between two offsets says."""
    return "".join(character for character, _ in _written(text, start, end))


def read_offsets(text: str, start: int, end: int, string: str) -> list[int] | None:
    """The offset of every character of `string` and of its end; see `OffsetReader`."""
    if text[start : start + 1] not in ("'", '"'):
        # A bare key, a placeholder or a date.
        return list(range(start, end + 1)) if text[start:end] == string else None
    written = _written(text, start, end)
    if "".join(character for character, _ in written) != string:
        return None
    return [*(offset for _, offset in written), end - len(_delimiter(text, start))]


def _delimiter(text: str, start: int) -> str:
    return next(delimiter for delimiter in _DELIMITERS if text.startswith(delimiter, start))


def _written(text: str, start: int, end: int) -> list[tuple[str, int]]:
    delimiter = _delimiter(text, start)
    position, end = start + len(delimiter), end - len(delimiter)
    if len(delimiter) > 1:
        # The first line break of a multi-line string does not count.
        position += len("\r\n") if text.startswith("\r\n", position) else 0
        position += 1 if position == start + len(delimiter) and text[position] == "\n" else 0
    written: list[tuple[str, int]] = []
    while position < end:
        if text[position] == "\\" and delimiter[0] == '"':
            position = _unescape(text, position, written)
        elif text.startswith("\r\n", position):
            written.append(("\n", position))
            position += len("\r\n")
        else:
            written.append((text[position], position))
            position += 1
    return written


def _unescape(text: str, start: int, written: list[tuple[str, int]]) -> int:
    if continuation := _LINE_CONTINUATION.match(text, start):
        return continuation.end()
    letter = text[start + 1]
    if digits := _HEX_DIGITS.get(letter):
        written.append((_character(text[start + 2 : start + 2 + digits]), start))
        return start + 2 + digits
    written.append((_ESCAPES.get(letter, letter), start))
    return start + 2


def _character(digits: str) -> str:
    try:
        return chr(int(digits, 16))
    except (ValueError, OverflowError):  # seen only in a text that the TOML parser refuses
        return "\N{REPLACEMENT CHARACTER}"
