"""Pipelines as users break them, and what the command says about each.

`broken_pipelines/README.md` tells how to add one and how to write the golden files anew.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from aqueducts.cli.group import cli
from aqueducts.explanations import explained_codes

CORPUS = Path(__file__).with_name("broken_pipelines")
GOLDEN = sorted(CORPUS.joinpath("golden").glob("*.txt"))

MUST_UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
"""Whether golden files are written instead of compared."""


def transcript(golden: str, folder: Path) -> str:
    """The commands of a golden file, each with what it prints now and its exit code."""
    shown: list[str] = []
    for line in golden.splitlines():
        if not line.startswith("$ aqueducts "):
            continue
        result = CliRunner().invoke(cli, shlex.split(line)[2:], prog_name="aqueducts")
        output = result.output.replace(str(folder), "FOLDER")
        shown += [line, *output.splitlines(), f"[exit code {result.exit_code}]"]
    return "\n".join(shown) + "\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with all pipelines and their data."""
    for part in ("pipelines", "data"):
        target = tmp_path if part == "pipelines" else tmp_path / part
        shutil.copytree(CORPUS / part, target, dirs_exist_ok=True)
    for name in list(os.environ):
        if name.startswith("AQUEDUCTS_") or name in ("CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_broken_pipeline_is_explained(golden: Path, folder: Path) -> None:
    """What the command prints about a broken pipeline is what was reviewed."""
    expected = golden.read_text(encoding="utf-8")
    actual = transcript(expected, folder)
    if MUST_UPDATE:
        golden.write_text(actual, encoding="utf-8")
    assert actual == golden.read_text(encoding="utf-8")


def test_corpus_is_large() -> None:
    """There are many kinds of mistakes, and no pipeline without its golden file."""
    assert len(GOLDEN) >= 120
    named = {path.stem for path in GOLDEN}
    assert {path.stem for path in CORPUS.joinpath("pipelines").iterdir()} <= named


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_nothing_internal_is_shown(golden: Path) -> None:
    """No stack trace, no path of this machine, no internals of the engine; and no success."""
    text = golden.read_text(encoding="utf-8")
    for internal in _INTERNALS:
        assert internal not in text
    assert not re.search(r"\.rs:\d", text)
    if golden.stem not in _UNDERSTOOD:
        for output in text.split("\n[exit code ")[:-1]:
            assert re.search(r"(?i)^(error|warning)\b", output, re.MULTILINE)


_INTERNALS = (
    *("Traceback", "FOLDER", "/tmp/", "backtrace", "caused by", "internal error"),
    *("DataFusion error", "Error during planning", "datafusion.public", "?table?"),
    *("Utf8", "Int64", "Float64", "Date32"),
)

_UNDERSTOOD = {"yaml11-no-as-name", "yaml11-on-as-header", "yaml11-yes-flag"}
"""What other parsers take for something else, and is taken as it is meant here."""


def test_every_code_is_explained() -> None:
    """Whatever stands in brackets has a page."""
    text = "".join(path.read_text(encoding="utf-8") for path in GOLDEN)
    codes = set(re.findall(r"^(?:error|warning)\[([\w-]+)\]", text, re.MULTILINE))
    assert codes <= set(explained_codes())
    assert len(codes) >= 40
