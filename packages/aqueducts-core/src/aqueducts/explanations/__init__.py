"""What the codes of errors, warnings and notes mean: one page of text for each, `CODE.md` here.

The pages are what `aqueducts explain` prints and what the documents show.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

__all__ = ["Explanation", "explain", "explained_codes"]

_FOLDER = Path(__file__).parent


class Explanation(NamedTuple):
    """The page of one code."""

    code: str
    summary: str
    """One sentence."""
    text: str
    """The whole page in Markdown."""


def explained_codes() -> list[str]:
    """All codes, in alphabetical order."""
    return sorted(path.stem for path in _FOLDER.glob("*.md"))


def explain(wanted: str) -> Explanation | None:
    """The page of a code, or None for what is no code."""
    if wanted not in explained_codes():
        return None
    text = (_FOLDER / f"{wanted}.md").read_text(encoding="utf-8")
    summary = " ".join(text.split("\n\n")[1].split())
    return Explanation(wanted, summary, text)
