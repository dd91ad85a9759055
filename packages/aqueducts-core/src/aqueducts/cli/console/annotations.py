"""Problems as GitHub shows them beside the lines of a file: workflow commands."""

from __future__ import annotations

from collections.abc import Iterable

from aqueducts.diagnostics import Problem

__all__ = ["github_annotations"]


def github_annotations(problems: Iterable[Problem]) -> str:
    """One workflow command per problem and line; an empty text where there is no problem."""
    return "\n".join(map(_annotation, problems))


def _annotation(problem: Problem) -> str:
    properties = {
        "file": problem.file,
        "line": problem.line,
        "col": problem.column,
        "endColumn": None if problem.column is None else problem.column + problem.length,
        "title": problem.code,
    }
    # Columns mean nothing without a line.
    shown = {name: value for name, value in properties.items() if value is not None}
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in shown.items())
    parts = [problem.message, problem.note and f"note: {problem.note}"]
    parts.append(problem.help and f"help: {problem.help}")
    text = "\n".join(part for part in parts if part)
    return f"::{problem.severity} {listed}::{_message(text)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
