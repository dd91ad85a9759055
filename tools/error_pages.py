"""Write the pages of error codes into the documents: `python tools/error_pages.py`.

Their text is that of `aqueducts explain`; a test compares the two.
"""

from pathlib import Path

from aqueducts.explanations import read_explanations

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "errors"

_HEAD = """\
# Errors

Every error, warning and note carries a code, which stands in brackets: `error[missing-field]`. In a
terminal `aqueducts explain missing-field` prints the page of a code.

| code | meaning |
|---|---|
"""


def pages() -> dict[str, str]:
    """Return all pages by file name."""
    found = sorted(
        page
        for folder in ROOT.glob("packages/*/src/*/explanations")
        for page in read_explanations(folder)
    )
    rows = "".join(f"| [`{page.code}`]({page.code}.md) | {page.summary} |\n" for page in found)
    return {"index.md": _HEAD + rows} | {f"{page.code}.md": page.text for page in found}


def main() -> None:
    """Write all pages, and remove those of codes that are gone."""
    FOLDER.mkdir(exist_ok=True)
    written = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in written:
            path.unlink()
    for name, text in written.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
