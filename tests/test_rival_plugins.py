"""Plugins that rival each other, are broken, or misspelt in a file: who is to blame is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Command

COUNTDOWN = """\
sources:
  - {type: countdown, name: c, start: 5000, batch_rows: 700}
stages:
  - - {name: s, query: "SELECT n, is_even FROM c WHERE n > 10 ORDER BY n", show: 1}
destination: {type: digest, name: d, location: digest.txt}
"""


def install(folder: Path, name: str, code: str) -> str:
    """Put a distribution with one plugin into a folder; returns the folder for PYTHONPATH."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[aqueducts]\n{name} = {name}_plugin\n")
    (folder / f"{name}_plugin.py").write_text(code)
    return str(folder)


RIVAL = """\
from aqueducts import hookimpl
from aqueducts_fixedwidth.countdown import Countdown


@hookimpl
def aqueducts_sources():
    return [type("Rival", (Countdown,), {})]
"""


def test_two_plugins_that_claim_one_name(aqueducts_command: Command) -> None:
    """Both distributions are named; nothing depends on which comes first."""
    path = install(aqueducts_command.folder / "site", "rival", RIVAL)
    aqueducts_command.write("p.yml", COUNTDOWN)
    for arguments in (["run", "p.yml"], ["plugins"]):
        result = aqueducts_command(*arguments, environment={"PYTHONPATH": path})
        assert result.returncode != 0
        assert "aqueducts-fixedwidth and rival" in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "code",
    [
        "import a_driver_that_is_not_there\n",
        "raise SystemError('half installed')\n",
        "def broken(:\n",
    ],
)
def test_a_broken_plugin_breaks_nothing_else(aqueducts_command: Command, code: str) -> None:
    """Others run; the list says what is wrong with it; so does an error that it may explain."""
    path = install(aqueducts_command.folder / "site", "broken", code)
    aqueducts_command.run(COUNTDOWN, PYTHONPATH=path)
    listed = aqueducts_command("plugins", environment={"PYTHONPATH": path})
    assert listed.returncode == 1
    assert "plugin broken of broken cannot be loaded" in listed.stderr
    aqueducts_command.write("p.yml", COUNTDOWN.replace("countdown", "countup"))
    result = aqueducts_command("run", "p.yml", environment={"PYTHONPATH": path})
    assert result.returncode == 2
    assert "could not be loaded: broken" in result.stderr


def test_a_plugin_that_offers_nonsense_is_named(aqueducts_command: Command) -> None:
    """And not only that something is wrong."""
    code = "from aqueducts import hookimpl\n@hookimpl\ndef aqueducts_sources(): return [3]\n"
    path = install(aqueducts_command.folder / "site", "odd", code)
    aqueducts_command.write("p.yml", COUNTDOWN)
    result = aqueducts_command("run", "p.yml", environment={"PYTHONPATH": path})
    assert result.returncode == 2
    assert "aqueducts_sources of odd gave 3, which is no source" in result.stderr


def test_a_mistake_in_a_plugins_own_keys_is_shown_at_its_place(aqueducts_command: Command) -> None:
    """As for built-in types."""
    aqueducts_command.write("p.yml", COUNTDOWN.replace("start: 5000", "strat: 5"))
    result = aqueducts_command("check", "p.yml")
    assert result.returncode == 2
    assert "did you mean 'start'?" in result.stderr
    assert "--> p.yml:2:" in result.stderr
