"""Problems found in pipeline files, and how people and programs see them.

A problem is plain data. `render` draws it with an excerpt of the file and a caret under the
place, `to_json` gives the same facts to programs.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

__all__ = ["LINE_BREAK", "Problem", "Severity", "nearest", "render", "sort_problems", "to_json"]

LINE_BREAK = re.compile(r"\r\n|\n|\r")
"""What ends a line: lines are counted the way editors count them, in every format."""

Severity = Literal["error", "warning"]

_EXCERPT_WIDTH = 100
"""Cells of a source line that an excerpt shows; longer lines are cut around the caret."""

_TAB_WIDTH = 4

_CUT = "..."


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong in a pipeline file or in what was given with it.

    `line` and `column` are 1-based and count characters; `length` is how many characters of
    that line the caret marks. `path` is the place in the data, such as
    `("sources", 0, "name")`.
    """

    code: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    help: str | None = None
    note: str | None = None
    severity: Severity = "error"
    length: int = 1
    path: tuple[str | int, ...] = ()

    @property
    def place(self) -> str:
        """`file:line:column` as far as it is known, or an empty string."""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)


def sort_problems(problems: Iterable[Problem]) -> list[Problem]:
    """The problems by file, line and column; those without a place come last."""
    return sorted(problems, key=_sort_key)


def _sort_key(problem: Problem) -> tuple[bool, str, bool, int, int, bool]:
    return (
        problem.file is None,
        problem.file or "",
        problem.line is None,
        problem.line or 0,
        problem.column or 0,
        problem.severity != "error",
    )


def to_json(problem: Problem) -> dict[str, Any]:
    """The problem as a plain mapping of JSON values."""
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "length": problem.length,
        "path": list(problem.path),
        "note": problem.note,
        "help": problem.help,
    }


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that was most likely meant by `word`, or None when nothing is close.

    Case and the difference between `-` and `_` do not count.
    """
    import difflib  # only ever needed for what is wrong

    by_plain_form = {_plain_form(choice): choice for choice in choices}
    matches = difflib.get_close_matches(_plain_form(word), by_plain_form, n=1, cutoff=0.6)
    return by_plain_form[matches[0]] if matches else None


def _plain_form(word: str) -> str:
    return word.casefold().replace("-", "_")


def render(problem: Problem, text: str | None) -> str:
    """The problem as plain text with an excerpt of `text`, the content of its file.

    Without `text`, or where the problem has no line, the excerpt is left out.
    """
    width = len(str(problem.line)) if problem.line else 1
    margin = " " * (width + 1)
    lines = [f"{problem.severity}[{problem.code}]: {_visible(problem.message)}"]
    if problem.place:
        lines.append(f"{margin}--> {_visible(problem.place)}")
    lines += _excerpt(problem, text, margin)
    for label, words in (("note", problem.note), ("help", problem.help)):
        if words:
            lines += _labelled(label, words, margin)
    return "\n".join(lines)


def _labelled(label: str, words: str, margin: str) -> list[str]:
    first, *rest = words.splitlines()
    indent = " " * len(f"= {label}: ")
    return [
        f"{margin} = {label}: {_visible(first)}",
        *(f"{margin} {indent}{_visible(line)}".rstrip() for line in rest),
    ]


def _excerpt(problem: Problem, text: str | None, margin: str) -> list[str]:
    if text is None or problem.line is None:
        return []
    lines = LINE_BREAK.split(text)
    if not 1 <= problem.line <= len(lines):
        return []
    line = lines[problem.line - 1]
    start = max((problem.column or 1) - 1, 0)
    cells = _cells(line)
    # A place just behind the line (such as a missing value) still gets its caret.
    caret_at = sum(len(cell) + extra for cell, extra in cells[:start])
    marked = cells[start : start + max(problem.length, 1)]
    caret_length = max(sum(len(cell) + extra for cell, extra in marked), 1)
    shown, caret_at, caret_length = _trimmed(cells, caret_at, caret_length)
    number = str(problem.line).rjust(len(margin))
    bare = f"{margin} |"
    marker = f"{bare} {' ' * caret_at}{'^' * caret_length}" if problem.column else bare
    return [bare, f"{number} | {shown}".rstrip(), marker]


def _cells(line: str) -> list[tuple[str, int]]:
    """For each character of the line: what is shown, and how many cells it takes beyond that."""
    cells: list[tuple[str, int]] = []
    column = 0
    for character in line:
        shown, extra = _cell(character, column)
        cells.append((shown, extra))
        column += len(shown) + extra
    return cells


def _cell(character: str, column: int) -> tuple[str, int]:
    if " " <= character <= "~":
        return character, 0
    if character == "\t":
        return " " * (_TAB_WIDTH - column % _TAB_WIDTH), 0
    if unicodedata.combining(character):
        return character, -1
    if unicodedata.east_asian_width(character) in "WF":
        return character, 1
    return _visible(character), 0


def _visible(words: str) -> str:
    """The words without control characters: a file must not drive a terminal."""
    if words.isprintable():
        return words
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in ("Cc", "Cf", "Cs") else c
        for c in words
    )


def _trimmed(
    cells: Sequence[tuple[str, int]], caret_at: int, caret_length: int
) -> tuple[str, int, int]:
    """The part of a line that fits around the caret, and the caret's place and length."""
    total = sum(len(cell) + extra for cell, extra in cells)
    caret_length = min(caret_length, _EXCERPT_WIDTH // 2)
    if max(total, caret_at + caret_length) <= _EXCERPT_WIDTH:
        return "".join(cell for cell, _ in cells), caret_at, caret_length
    first = max(0, caret_at + caret_length // 2 - _EXCERPT_WIDTH // 2)
    first = min(first, max(total, caret_at + 1) - _EXCERPT_WIDTH)
    shown: list[str] = []
    column = 0
    dropped = 0
    for cell, extra in cells:
        if column < first:
            dropped = column + len(cell) + extra
        elif column < first + _EXCERPT_WIDTH:
            shown.append(cell)
        column += len(cell) + extra
    head = _CUT if dropped else ""
    tail = _CUT if column > first + _EXCERPT_WIDTH else ""
    return head + "".join(shown) + tail, caret_at - dropped + len(head), caret_length
