"""For each character of a parsed YAML string: where it is written.

The scalar's text is folded once more, the way YAML 1.1 processors do it, this time keeping
offsets. The result counts only when it equals the parsed value, so that a difference between
the two can make a position coarse but never wrong.
"""

import re

__all__ = ["read_offsets"]

_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_BLANKS = re.compile(r"[ \t]*")
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_ESCAPES = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}

_Written = list[tuple[str, int]]
"""Characters of a value, each with its offset in the text."""


def read_offsets(text: str, start: int, end: int, string: str) -> list[int] | None:
    """The offset of every character of `string` and of its end; see `OffsetReader`."""
    indicator = text[start : start + 1]
    if indicator in ("|", ">"):
        return _block_offsets(text, start, string)
    if indicator in ("'", '"') and end - start >= len("''"):
        return _checked(_fold(text, start + 1, end - 1, indicator), end - 1, string)
    return _checked(_fold(text, start, end, ""), end, string)


def _checked(written: _Written, end: int, string: str) -> list[int] | None:
    if "".join(character for character, _ in written) != string:
        return None
    return [*(offset for _, offset in written), end]


def _line_break(text: str, position: int, end: int) -> tuple[str, int] | None:
    """The character that a line break stands for, and where the break ends."""
    match = _BREAK.match(text, position, end)
    if match is None:
        return None
    # YAML 1.1 keeps these two as they are and takes every other break for a line feed.
    return match[0] if match[0] in "\u2028\u2029" else "\n", match.end()


# --- plain and quoted scalars ---


def _fold(text: str, start: int, end: int, quote: str) -> _Written:
    written: _Written = []
    position = start
    while position < end:
        character = text[position]
        if character in " \t" or _line_break(text, position, end):
            position = _fold_gap(text, position, end, written)
        elif quote == '"' and character == "\\":
            position = _unescape(text, position, end, written)
        else:
            written.append((character, position))
            position += 2 if quote == "'" and text.startswith("''", position) else 1
    return written


def _fold_gap(text: str, start: int, end: int, written: _Written) -> int:
    """Take blanks and line breaks: one break is a space, n breaks are n-1 line feeds."""
    breaks, position = _breaks(text, start, end)
    if not breaks:
        written.extend((text[offset], offset) for offset in range(start, position))
        return position
    first, *others = breaks
    if first[0] != "\n":
        written.append(first)
    elif not others:
        written.append((" ", first[1]))
    written.extend(others)
    return position


def _breaks(text: str, start: int, end: int) -> tuple[_Written, int]:
    """The line breaks in a run of breaks and blanks, and where the run ends."""
    breaks: _Written = []
    position = start
    while True:
        blanks = _BLANKS.match(text, position, end)
        position = blanks.end() if blanks else position
        line_break = _line_break(text, position, end)
        if line_break is None:
            return breaks, position
        breaks.append((line_break[0], position))
        position = line_break[1]


def _unescape(text: str, start: int, end: int, written: _Written) -> int:
    """Take one backslash escape of a double-quoted scalar."""
    if line_break := _line_break(text, start + 1, end):
        breaks, position = _breaks(text, line_break[1], end)
        written.extend(breaks)
        return position
    letter = text[start + 1 : start + 2]
    if digits := _HEX_DIGITS.get(letter):
        code = text[start + 2 : start + 2 + digits]
        written.append((chr(int(code, 16)), start))
        return start + 2 + digits
    written.append((_ESCAPES.get(letter, letter), start))
    return start + 2


# --- block scalars ---


def _block_offsets(text: str, start: int, string: str) -> list[int] | None:
    header = re.compile(r"[|>]([-+0-9]*)[^\r\n\x85\u2028\u2029]*").match(text, start)
    if header is None:
        return None
    line_break = _line_break(text, header.end(), len(text))
    if line_break is None:
        return _checked([], header.end(), string)
    chomping = "-" if "-" in header[1] else "+" if "+" in header[1] else ""
    for indent in _indents(text, line_break[1], string):
        block = _Block(text, indent, is_folded=text[start] == ">")
        block.read(line_break[1], chomping)
        if offsets := _checked(block.written, block.end, string):
            return offsets
    return None


def _indents(text: str, start: int, string: str) -> list[int]:
    """Indentations to try: the one that the value's first words tell, or any that may be."""
    value_line = re.compile(r"(?m)^( *)[^ \n\u2028\u2029]").search(string)
    text_line = re.compile(r"(?:[ ]*(?:\r\n|[\r\n\x85\u2028\u2029]))*([ ]*)").match(text, start)
    if value_line is not None and text_line is not None:
        return [len(text_line[1]) - len(value_line[1])]
    # Only blanks and breaks: most often lines without content, else blanks behind some indent.
    lines = _BREAK.split(text[start : start + 4 * len(string) + 200])
    longest = max((len(line) for line in lines if not line.strip(" ")), default=0)
    return [len(text), *range(longest, -1, -1)]


class _Block:
    """Reads the lines of a literal or folded block at a known indentation."""

    def __init__(self, text: str, indent: int, *, is_folded: bool) -> None:
        self.written: _Written = []
        self.end = 0
        self._text = text
        self._indent = indent
        self._is_folded = is_folded

    def read(self, start: int, chomping: str) -> None:
        """Take all lines from `start` on; ends at the first that is indented less."""
        text = self._text
        leading: _Written = []
        was_blank = False
        trailing, position = self._blank_lines(start)
        self.end = position
        while self._has_content(position):
            is_blank = text[position] in " \t"
            is_fold = self._is_folded and bool(leading) and leading[0][0] == "\n"
            if is_fold and not was_blank and not is_blank:
                self.written += trailing or [(" ", leading[0][1])]
            else:
                self.written += leading + trailing
            was_blank = is_blank
            line_end = _BREAK.search(text, position)
            self.end = line_end.start() if line_end else len(text)
            self.written += [(text[i], i) for i in range(position, self.end)]
            leading, position = [], self.end
            if line_break := _line_break(text, position, len(text)):
                leading, position = [(line_break[0], position)], line_break[1]
            trailing, position = self._blank_lines(position)
        if chomping != "-":
            self.written += leading
        if chomping == "+":
            self.written += trailing
        if self.written and (last := self.written[-1][1]) >= self.end:
            self.end = last + (len("\r\n") if text.startswith("\r\n", last) else 1)

    def _has_content(self, position: int) -> bool:
        line_start = position - self._indent
        return (
            line_start >= 0
            and position < len(self._text)
            and self._text[line_start:position] == " " * self._indent
            and (line_start == 0 or _BREAK.match(self._text, line_start - 1) is not None)
        )

    def _blank_lines(self, start: int) -> tuple[_Written, int]:
        """Line breaks of lines with no more than the indentation, and where content begins."""
        breaks: _Written = []
        position = start
        while True:
            line_start = position
            while position < line_start + self._indent and self._text.startswith(" ", position):
                position += 1
            line_break = _line_break(self._text, position, len(self._text))
            if line_break is None:
                return breaks, position
            breaks.append((line_break[0], position))
            position = line_break[1]
