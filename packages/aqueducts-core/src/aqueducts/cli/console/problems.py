"""Problems of pipeline files as they are printed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from aqueducts.cli.console.quantities import count
from aqueducts.cli.console.terminal import Console, Style, Styler
from aqueducts.diagnostics import Problem, render, sort_problems, to_json
from aqueducts.errors import ProblemLike

__all__ = ["as_problems", "problem_list", "problems_as_json", "tally"]

_MOST_SHOWN = 20
"""More problems than this hardly help; the first ones are often the cause of the others."""

_HEAD = re.compile(r"(error|warning)\[[^\]]*\]")
_CARET = re.compile(r"(?P<margin>\s*\|\s*)(?P<caret>\^+)")
_GUTTER = re.compile(r"\s*(-->|\d* ?\||= (note|help):)")


def as_problems(problems: Iterable[ProblemLike]) -> list[Problem]:
    """The problems in the order of the file."""
    return sort_problems(_as_problem(each) for each in problems)


def _as_problem(problem: ProblemLike) -> Problem:
    if isinstance(problem, Problem):
        return problem
    return Problem(
        code="problem",
        message=problem.message,
        file=problem.file,
        line=problem.line,
        column=problem.column,
        help=problem.help,
    )


def problems_as_json(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """The problems as JSON values."""
    return [to_json(each) for each in problems]


def problem_list(problems: Sequence[Problem], console: Console, style: Styler | None = None) -> str:
    """All problems with an excerpt of their file each, as far as they help.

    `style` is that of standard error where nothing else is given.
    """
    style = style or console.messages
    texts = dict(console.texts)
    shown = []
    for problem in problems[:_MOST_SHOWN]:
        if problem.file is not None and problem.line and problem.file not in texts:
            texts[problem.file] = _read(problem.file)
        text = texts.get(problem.file) if problem.file is not None else None
        shown.append(_colored(render(problem, text or None), style))
    if len(problems) > _MOST_SHOWN:
        shown.append(f"... and {count(len(problems) - _MOST_SHOWN, 'more problem')}")
    return "\n\n".join(shown)


def tally(problems: Sequence[Problem]) -> str:
    """`2 problems in pipeline.yml`, and how to learn more about the first error."""
    files = sorted({problem.file for problem in problems if problem.file is not None})
    place = f" in {', '.join(files)}" if files else ""
    first = next((each for each in problems if each.severity == "error"), None)
    more = f"; more: aqueducts explain {first.code}" if first is not None else ""
    return f"{count(len(problems), 'problem')}{place}{more}"


def _read(file: str) -> str:
    try:
        return Path(file).read_bytes().decode("utf-8-sig", errors="replace")
    except (OSError, ValueError):
        return ""


def _colored(text: str, style: Styler) -> str:
    if not style.has_color:
        return text
    return "\n".join(_colored_line(line, style) for line in text.split("\n"))


def _colored_line(line: str, style: Styler) -> str:
    head = _HEAD.match(line)
    if head is not None:
        color: Style = "red bold" if head[1] == "error" else "yellow bold"
        return style(head[0], color) + style(line[head.end() :], "bold")
    caret = _CARET.fullmatch(line)
    if caret is not None:
        return style(caret["margin"], "cyan") + style(caret["caret"], "red bold")
    gutter = _GUTTER.match(line)
    if gutter is not None:
        return style(gutter[0], "cyan") + line[gutter.end() :]
    return line
