"""Problems of a pipeline, by the path of a value in it, at their places in the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aqueducts.diagnostics import LINE_BREAK, Problem, Severity
from aqueducts.documents import Path, Position, Span
from aqueducts.template import Rendered

__all__ = ["Places", "dotted"]


class Places(msgspec.Struct, frozen=True):
    """Where the values of a validated pipeline stand in its file.

    Paths are those of the validated pipeline: canonical names, short forms written out. `moved`
    holds the path in the document for each that differs, and covers what is below it.
    """

    rendered: Rendered
    moved: Mapping[Path, Path] = msgspec.field(default_factory=dict)
    root: str = "the pipeline"
    """What the document as a whole is called in messages."""

    def written(self, path: Path) -> Path:
        """Return the path in the document of a path in the validated pipeline."""
        for length in range(len(path), 0, -1):
            if (start := self.moved.get(path[:length])) is not None:
                return start + path[length:]
        return path

    def problem(  # noqa: PLR0913 - one argument for each fact
        self,
        path: Path,
        message: str,
        *,
        code: str,
        help: str | None = None,  # noqa: A002 - the field's name
        note: str | None = None,
        severity: Severity = "error",
        span: tuple[int, int] | None = None,
        is_key: bool = False,
    ) -> Problem:
        """Return a problem at a value, at `span` (offset and length) inside it, or at its key.

        A path that is not in the file gets the place of what it is missing from.
        """
        written = self.written(path)
        place, length = self._place(written, span, is_key=is_key)
        problem = Problem(
            code=code,
            message=message,
            file=self.rendered.file,
            line=place.line,
            column=place.column,
            length=length,
            help=help,
            note=note,
            severity=severity,
            path=written,
        )
        return self.settle(problem)

    def settle(self, problem: Problem) -> Problem:
        """Return the problem as it can be shown: without a file, the path goes to the message."""
        if self.rendered.file:
            return problem
        where = f"{dotted(problem.path)}: " if problem.path else ""
        return Problem(
            code=problem.code,
            message=where + problem.message,
            help=problem.help,
            note=problem.note if problem.note and ":1:1" not in problem.note else None,
            severity=problem.severity,
            path=problem.path,
        )

    def value(self, path: Path) -> Any:
        """Return the value that stands in the file at a path, with its parameters filled in."""
        return value_at(self.rendered.value, self.written(path))

    def _place(
        self, written: Path, span: tuple[int, int] | None, *, is_key: bool
    ) -> tuple[Position, int]:
        rendered = self.rendered
        if span is not None and isinstance(value_at(rendered.value, written), str):
            start = rendered.position_inside(written, span[0])
            end = rendered.position_inside(written, span[0] + span[1])
            # A parameter's value is shorter or longer than its placeholder in the file.
            length = end.column - start.column if end.line == start.line else 0
            return start, length if length > 0 else max(span[1], 1)
        is_container = not isinstance(value_at(rendered.value, written), str | int | float)
        if is_key or is_container or written not in rendered:
            found = rendered.key_span(written)
        else:
            found = rendered.value_span(written)
        return found.start, self._length_on_line(found)

    def _length_on_line(self, span: Span) -> int:
        text = self.rendered.text[span.start_offset : span.end_offset]
        return max(len(LINE_BREAK.split(text, maxsplit=1)[0].rstrip()), 1)


def value_at(value: Any, path: Path) -> Any:
    """Return the value at a path in plain data, or None where there is nothing."""
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def dotted(path: Path) -> str:
    """Return a path as people write it: `sources[0].format`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
