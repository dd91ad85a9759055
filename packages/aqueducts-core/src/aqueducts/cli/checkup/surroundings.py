"""Text encodings, the terminal, and environment variables, of which only names are told."""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Collection
from typing import TextIO

from aqueducts.cli.console import Console
from aqueducts.cli.console.terminal import is_terminal
from aqueducts.diagnostics import nearest
from aqueducts.health import Fact, Health, HealthCheck

__all__ = ["surroundings_checks"]

_PREFIX = "AQUEDUCTS_"


def surroundings_checks(console: Console, variables: Collection[str]) -> list[HealthCheck]:
    """Checks of what surrounds the process; `variables` are those that options read."""
    return [
        HealthCheck("text", _text),
        HealthCheck("terminal", lambda: _terminal(console)),
        HealthCheck("environment", lambda: _environment(variables)),
    ]


def _text() -> Health:
    encodings = {
        "locale": locale.getpreferredencoding(do_setlocale=False),
        "file_names": sys.getfilesystemencoding(),
        "standard_output": getattr(sys.stdout, "encoding", None) or "none",
    }
    facts: dict[str, Fact] = dict(encodings)
    others = [name for name, found in encodings.items() if not _is_utf_8(found)]
    if others:
        names = ", ".join(name.replace("_", " ") for name in others)
        return Health(
            "warning",
            facts,
            f"not UTF-8: {names}; other characters than ASCII are shown as escapes",
            "export LC_ALL=C.UTF-8, or PYTHONUTF8=1",
        )
    return Health(facts=facts)


def _is_utf_8(encoding: str) -> bool:
    return encoding.lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig", "none")


def _terminal(console: Console) -> Health:
    facts: dict[str, Fact] = {
        "standard_output": _kind(sys.stdout),
        "standard_error": _kind(sys.stderr),
        "columns": console.message_size[0] if is_terminal(sys.stderr) else None,
        "colors": console.results.has_color,
        "live_display": console.is_live_possible,
    }
    return Health(facts=facts)


def _kind(stream: TextIO | None) -> str:
    return "terminal" if is_terminal(stream) else "no terminal"


def _environment(variables: Collection[str]) -> Health:
    names = sorted(name for name in os.environ if name.startswith(_PREFIX))
    facts: dict[str, Fact] = {"set": list(names)}
    unknown = [name for name in names if name not in variables and name != f"{_PREFIX}COMPLETE"]
    guesses = {name: nearest(name, variables) for name in unknown}
    misspelt = {name: guess for name, guess in guesses.items() if guess is not None}
    if misspelt:
        message = f"nothing reads {', '.join(misspelt)}"
        return Health("warning", facts, message, f"rename to {', '.join(misspelt.values())}")
    return Health(facts=facts)
