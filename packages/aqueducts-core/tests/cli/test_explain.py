"""`aqueducts explain`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aqueducts.explanations import explained_codes


def test_a_code_is_explained(invoke: Any) -> None:
    """The page as text: blocks are indented, backticks around them are gone."""
    result = invoke("explain", "no-stages")
    assert result.exit_code == 0
    assert result.stdout.startswith("no-stages\n\nThere is a destination")
    assert "\n    sources:\n" in result.stdout
    assert "```" not in result.stdout
    assert invoke("explain", "error[no-stages]").stdout == result.stdout


def test_all_codes_are_listed(invoke: Any) -> None:
    """Each with its summary, none wider than the terminal."""
    lines = invoke("explain").stdout.splitlines()
    listed = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert set(listed) >= set(explained_codes())
    assert listed == sorted(listed)
    assert max(map(len, lines)) <= 100


def test_an_unknown_code_is_a_mistake_in_the_command(invoke: Any) -> None:
    """The nearest one is named, or where to look."""
    result = invoke("explain", "no-stage")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "There is no code 'no-stage'. Did you mean no-stages?" in result.stderr
    assert "See: aqueducts explain" in invoke("explain", "xyzzy").stderr


def test_nothing_heavy_is_imported() -> None:
    """Codes are explained at once."""
    code = (
        "import sys; from aqueducts.cli import main\n"
        "import atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "sys.argv = ['aqueducts', 'explain', 'no-stages']; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(done.stderr.split())
    unwanted = {"aqueducts.models", "aqueducts.plugins", "datafusion", "msgspec", "pyarrow"}
    assert not imported & {*unwanted, "pydantic", "sqlglot", "yaml"}


def test_codes_are_completed(run_process: Any) -> None:
    """The shell offers them."""
    done = run_process(
        _AQUEDUCTS_COMPLETE="bash_complete", COMP_WORDS="aqueducts explain no-", COMP_CWORD="2"
    )
    assert "no-stages" in done.stdout


_PLUGIN = """
import aqueducts
from aqueducts.explanations import Explanation


@aqueducts.hookimpl
def aqueducts_explanations():
    return [
        Explanation("quota", "No more today.", "# quota\\n\\nNo more today.\\n"),
        Explanation("storage", "Mine.", "# storage\\n\\nMine.\\n"),
    ]
"""


def test_plugins_explain_their_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside those of core, which they cannot change."""
    entry = tmp_path / "fake-1.dist-info"
    entry.mkdir()
    (entry / "METADATA").write_text("Metadata-Version: 2.1\nName: fake\nVersion: 1\n")
    (entry / "entry_points.txt").write_text("[aqueducts]\nfake = fake_explaining_plugin\n")
    (tmp_path / "fake_explaining_plugin.py").write_text(_PLUGIN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)

    def explain(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "aqueducts", "explain", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert explain("quota").stdout == "quota\n\nNo more today.\n"
    assert "Mine" not in explain("storage").stdout
    listed = explain().stdout
    assert "\nquota " in listed
    assert "Mine" not in listed
    assert "Did you mean quota?" in explain("quot").stderr
