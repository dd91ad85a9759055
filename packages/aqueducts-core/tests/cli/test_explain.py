"""`aqueducts explain`."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

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
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == explained_codes()
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
