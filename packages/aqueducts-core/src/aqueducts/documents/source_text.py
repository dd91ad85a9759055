"""The text of one file: offsets to lines and columns, and problems at a place in it."""

from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from aqueducts.diagnostics import LINE_BREAK, Problem

__all__ = ["MAX_DEPTH", "Position", "SourceText", "Span", "Unreadable"]

MAX_DEPTH = 100
"""How deeply lists and mappings may nest, in every format."""


class Unreadable(Exception):
    """Carries the problems of a text from a reader up to `read_document`."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


class Position(msgspec.Struct, frozen=True, order=True):
    """A 1-based line and column, in characters."""

    line: int
    column: int


class Span(msgspec.Struct, frozen=True):
    """A range of a text: its offsets, and the positions of its start and of its end.

    The end is the place behind the last character.
    """

    start_offset: int
    end_offset: int
    start: Position
    end: Position

    @property
    def length(self) -> int:
        """How many characters it has, line ends included; at least 1, as a caret needs."""
        return max(self.end_offset - self.start_offset, 1)


class SourceText(msgspec.Struct):
    """A text, the name of its file, and an index of its lines that is made on first use."""

    text: str
    file: str
    _line_starts: list[int] = msgspec.field(default_factory=list)

    def position(self, offset: int) -> Position:
        """The line and column of an offset; offsets outside the text count as its ends."""
        if not self._line_starts:
            self._line_starts = [0, *(match.end() for match in LINE_BREAK.finditer(self.text))]
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def place(self, offset: int) -> str:
        """An offset as `file:line:column`."""
        position = self.position(offset)
        return f"{self.file}:{position.line}:{position.column}"

    def problem(
        self,
        span: tuple[int, int],
        code: str,
        message: str,
        *,
        help: str | None = None,  # noqa: A002 - the field's name
        note: str | None = None,
    ) -> Problem:
        """A problem at a range of offsets."""
        start, end = span
        position = self.position(start)
        return Problem(
            code=code,
            message=message,
            file=self.file,
            line=position.line,
            column=position.column,
            length=max(end - start, 1),
            help=help,
            note=note,
        )

    def duplicate_key(self, key: str, span: tuple[int, int], first: int) -> Problem:
        """The problem of a key that a mapping has twice; `first` is the other place."""
        return self.problem(
            span,
            "duplicate-key",
            f"the key '{key}' is given twice",
            note=f"it is first given at {self.place(first)}",
            help="remove or rename one of the two",
        )

    def too_deep(self, offset: int) -> Unreadable:
        """The error for a document that nests deeper than `MAX_DEPTH`."""
        message = f"lists and mappings are nested more than {MAX_DEPTH} levels deep"
        return Unreadable([self.problem((offset, offset + 1), "too-deep", message)])
