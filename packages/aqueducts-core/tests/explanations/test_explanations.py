"""Every code that can be met has a page, and every page is of a code that can be met."""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import aqueducts
from aqueducts import errors
from aqueducts.cli.group import cli
from aqueducts.explanations import explain, explained_codes

SOURCES = sorted(Path(aqueducts.__file__).parent.rglob("*.py"))
DATA = Path(__file__).parent.parent / "broken_pipelines" / "data"

_BLOCK = re.compile(r"^```(yaml|json|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"[a-z]+(?:-[a-z0-9]+)*\Z")
_NAMES = ("code", "problem_code")


def codes_in_the_sources() -> set[str]:
    """Codes that the product gives to problems, errors and notes.

    Those of error classes, and whatever is handed to a parameter called `code`.
    """
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
    everywhere = {
        name: at
        for tree in trees.values()
        for name, at in _positions(tree)
        if not name.startswith("_")
    }
    found = {
        each.code
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.AqueductsError)
    }
    for tree in trees.values():
        own = {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}
        positions = {name: at for name, at in everywhere.items() if name not in own}
        positions |= dict(_positions(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                found.update(_given(node, positions))
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                for key, value in pairs:
                    if isinstance(key, ast.Constant) and key.value in _NAMES:
                        found.update(_constants(value))
    return found - {""}


def _positions(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Functions with a parameter for a code, and which of their arguments it is."""
    yield "Problem", 0
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [each.arg for each in node.args.posonlyargs + node.args.args]
            names = [name for name in names if name not in ("self", "cls")]
            yield from ((node.name, names.index(each)) for each in _NAMES if each in names)


def _given(call: ast.Call, positions: dict[str, int]) -> Iterator[str]:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    named = [keyword.value for keyword in call.keywords if keyword.arg in _NAMES]
    for value in named:
        yield from _constants(value)
    if not named and name in positions and len(call.args) > positions[name]:
        yield from _constants(call.args[positions[name]])


def _constants(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.IfExp):
        yield from _constants(value.body)
        yield from _constants(value.orelse)
    elif isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value


def test_every_code_has_a_page_and_no_page_is_for_nothing() -> None:
    """To add a code, add `explanations/CODE.md` and run `python tools/error_pages.py`."""
    assert codes_in_the_sources() == set(explained_codes())


@pytest.mark.parametrize("code", explained_codes())
def test_pages_have_one_form(code: str) -> None:
    """A heading, a summary of one sentence or two, and what to do."""
    page = explain(code)
    assert page is not None
    assert _CODE.match(code)
    assert page.text.startswith(f"# {code}\n\n{page.summary[:20]}")
    assert page.summary.endswith(".")
    assert len(page.summary) <= 120
    assert "\n## What to do\n\n" in page.text
    assert max(map(len, page.text.splitlines())) <= 100


def _examples() -> Iterator[tuple[str, str, str, bool]]:
    for code in explained_codes():
        page = explain(code)
        assert page is not None
        before, _, after = page.text.partition("\n## What to do\n")
        for part, is_broken in ((before, True), (after, False)):
            for ending, text in _BLOCK.findall(part):
                yield code, ending, text, is_broken


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the data that examples read."""
    shutil.copytree(DATA, tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("code", "ending", "text", "is_broken"),
    [pytest.param(*each, id=f"{each[0]}-{each[3]}") for each in _examples()],
)
def test_examples_are_what_pages_say(
    code: str, ending: str, text: str, is_broken: bool, folder: Path
) -> None:
    """The example of a mistake gives its code, in a check or in a run; the other one does not."""
    file = folder / f"pipeline.{ending}"
    file.write_text(text)
    checked = CliRunner().invoke(cli, ["check", file.name, "--output", "json"])
    codes = {problem["code"] for problem in json.loads(checked.stdout)}
    if not codes:
        ran = CliRunner().invoke(cli, ["run", file.name, "--output", "json", "--quiet"])
        report = json.loads(ran.stdout)
        error = report.get("error", {})
        codes = {problem["code"] for problem in error.get("problems", ())} | {error.get("code")}
    assert (code in codes) is is_broken, codes


def test_most_pages_have_an_example() -> None:
    """Those without are of what no pipeline alone can show."""
    shown = {code for code, _, _, is_broken in _examples() if is_broken}
    assert len(shown) >= 35
