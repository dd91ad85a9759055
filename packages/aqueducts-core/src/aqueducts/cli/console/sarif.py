"""Problems as SARIF 2.1.0, which code scanners and editors read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aqueducts import __version__
from aqueducts.diagnostics import Problem
from aqueducts.explanations import explain

__all__ = ["sarif"]

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def sarif(problems: Sequence[Problem]) -> dict[str, Any]:
    """One log with one run, also where there is no problem."""
    codes = sorted({problem.code for problem in problems})
    driver = {
        "name": "aqueducts",
        "semanticVersion": __version__,
        "rules": [_rule(code) for code in codes],
    }
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(problem, codes) for problem in problems],
            }
        ],
    }


def _rule(code: str) -> dict[str, Any]:
    page = explain(code)
    if page is None:  # of a plugin
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": page.summary},
        "help": {"text": page.text, "markdown": page.text},
    }


def _result(problem: Problem, codes: Sequence[str]) -> dict[str, Any]:
    parts = [problem.message, problem.note and f"note: {problem.note}"]
    parts.append(problem.help and f"help: {problem.help}")
    result: dict[str, Any] = {
        "ruleId": problem.code,
        "ruleIndex": codes.index(problem.code),
        "level": problem.severity,
        "message": {"text": "\n".join(part for part in parts if part)},
    }
    if problem.file is not None:
        result["locations"] = [{"physicalLocation": _location(problem, problem.file)}]
    return result


def _location(problem: Problem, file: str) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
    if problem.line is not None:
        region = {"startLine": problem.line}
        if problem.column is not None:
            region["startColumn"] = problem.column
            region["endColumn"] = problem.column + problem.length
        location["region"] = region
    return location


def _uri(file: str) -> str:
    """A path as a URI reference: relative ones stay relative to where the command was run."""
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
