"""`aqueducts init --plugin`: what it writes, and what it refuses."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_distribution_is_written(invoke: Any) -> None:
    """In a folder of its own, with an entry point and a range of core's versions."""
    shown = invoke("init", "--plugin", "sqlite", "--kind", "source,destination").stdout
    assert "cd aqueducts-sqlite" in shown
    project = tomllib.loads(Path("aqueducts-sqlite/pyproject.toml").read_text())["project"]
    assert project["dependencies"] == ["aqueducts-core>=0.1,<0.2"]
    assert project["entry-points"] == {"aqueducts": {"sqlite": "aqueducts_sqlite.plugin"}}
    package = Path("aqueducts-sqlite/src/aqueducts_sqlite")
    assert {path.name for path in package.iterdir()} == {
        *("__init__.py", "py.typed", "plugin.py", "source.py", "destination.py")
    }
    readme = Path("aqueducts-sqlite/README.md").read_text()
    assert "- source `sqlite`\n- destination `sqlite`\n" in readme


def test_a_source_is_what_is_meant(invoke: Any) -> None:
    """Without `--kind`; into another folder where one is named."""
    assert invoke("init", "here", "--plugin", "my-api").exit_code == 0
    text = Path("here/src/aqueducts_my_api/plugin.py").read_text()
    assert "from aqueducts_my_api.source import MyApiSource" in text
    assert "@" not in text.replace("@hookimpl", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--plugin", "SQLite"], "'SQLite' cannot be the name of a plugin"),
        (["--plugin", "a" * 25], "cannot be the name of a plugin"),
        (["--plugin", "x", "--kind", "source,sink"], "'sink' is no kind; there are source,"),
        (["--plugin", "x", "--kind", ","], "--kind names nothing"),
        (["--plugin", "x", "--from", "a.csv"], "use one of them"),
        (["--kind", "source"], "--kind says what a plugin offers"),
    ],
)
def test_mistakes_are_told(invoke: Any, arguments: list[str], words: str) -> None:
    """With the exit code of a wrong command; nothing is written."""
    result = invoke("init", *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert list(Path().iterdir()) == []


def test_nothing_is_overwritten(invoke: Any) -> None:
    """A folder with one of the files stays as it is."""
    Path("aqueducts-x").mkdir()
    Path("aqueducts-x/README.md").write_text("mine")
    result = invoke("init", "--plugin", "x")
    assert result.exit_code == 1
    assert "README.md" in result.stderr
    assert [path.name for path in Path("aqueducts-x").iterdir()] == ["README.md"]
