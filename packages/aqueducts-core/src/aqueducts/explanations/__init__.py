"""What the codes of errors, warnings and notes mean: one page of text for each.

The pages of core are the files `CODE.md` here; plugins bring those of their own codes. They are
what `aqueducts explain` prints and what the documents show.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

__all__ = ["Explanation", "explain", "explained_codes", "read_explanations"]

_FOLDER = Path(__file__).parent


class Explanation(NamedTuple):
    """The page of one code of an error, a warning or a note."""

    code: str
    """What the error class has as its `code`: words in lower case, joined by hyphens."""
    summary: str
    """One sentence."""
    text: str
    """The whole page in Markdown: the code as its heading, then the sentence, then the rest."""


def read_explanations(folder: Path) -> list[Explanation]:
    """The pages in the files `CODE.md` of a folder, in alphabetical order."""
    return [_read(path) for path in sorted(folder.glob("*.md"))]


def explained_codes() -> list[str]:
    """All codes of core, in alphabetical order."""
    return sorted(path.stem for path in _FOLDER.glob("*.md"))


def explain(wanted: str) -> Explanation | None:
    """The page of a code of core, or None for what is none."""
    if wanted not in explained_codes():
        return None
    return _read(_FOLDER / f"{wanted}.md")


def _read(path: Path) -> Explanation:
    text = path.read_text(encoding="utf-8")
    summary = " ".join(text.split("\n\n")[1].split())
    return Explanation(path.stem, summary, text)
