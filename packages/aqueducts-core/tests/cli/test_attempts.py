"""Attempts at one run: nothing is written twice, whatever the destination is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

PLUGIN = """\
from typing import ClassVar, Literal

import pluggy
from aqueducts.connectors import Destination, WriteReport
from aqueducts.models.fields import Name, PipelineModel

hookimpl = pluggy.HookimplMarker("aqueducts")

class Config(PipelineModel):
    type: Literal["ledger", "silent_ledger", "known_ledger"]
    name: Name
    location: str

class Ledger(Destination[Config]):
    type = "ledger"
    config_model = Config
    restarts = "before_commit"

    def write(self, frame, context):
        with frame.stream() as reader:
            rows = sum(batch.num_rows for batch in reader)
        if self.restarts == "before_commit":
            context.committing()
        with open(self.config.location, "a+") as file:
            file.seek(0)
            lines = file.readlines()
            file.write(context.run_id + "\\n")
        if len(lines) == 0:
            hold = []
            while True:
                hold.append(b"x" * 1_000_000)
        return WriteReport(rows=rows)

class SilentLedger(Ledger):
    type = "silent_ledger"
    restarts = "before_write"

class KnownLedger(Ledger):
    type = "known_ledger"
    restarts = "any_time"

@hookimpl
def aqueducts_destinations():
    return [Ledger, SilentLedger, KnownLedger]
"""


class Ending(msgspec.Struct, frozen=True):
    """How the command ended, and what is in the ledger."""

    code: int
    stdout: str
    stderr: str
    written: list[str]


def run(home: Path, kind: str) -> Ending:
    """Run a pipeline whose destination takes all memory after its first commit."""
    plugins = home / "plugins"
    about = plugins / "ledger-1.0.dist-info"
    about.mkdir(parents=True)
    (plugins / "ledger.py").write_text(PLUGIN)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ledger\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[aqueducts]\nledger = ledger\n")
    (home / "rows.csv").write_text("a\n1\n2\n")
    (home / "p.yml").write_text(
        "sources:\n"
        "  - {type: file, name: rows, format: {type: csv}, location: rows.csv}\n"
        "stages:\n"
        "  - - {name: all, query: SELECT * FROM rows}\n"
        f"destination: {{type: {kind}, name: out, location: ledger.txt}}\n"
    )
    options = ("--max-memory", "240MB", "--output", "json", "--log-format", "json")
    ended = subprocess.run(
        [sys.executable, "-m", "aqueducts", "run", "p.yml", *options],
        cwd=home,
        env=os.environ | {"PYTHONPATH": str(plugins)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    written = (home / "ledger.txt").read_text().splitlines()
    return Ending(ended.returncode, ended.stdout, ended.stderr, written)


@pytest.mark.parametrize("kind", ["ledger", "silent_ledger"])
def test_a_run_does_not_begin_again_after_its_commit_began(tmp_path: Path, kind: str) -> None:
    """It says that the target must be looked at; the run has an id to look it up by."""
    ending = run(tmp_path, kind)
    assert ending.code == 1, ending.stderr
    assert len(ending.written) == 1
    error = json.loads(ending.stdout)["error"]
    assert error["code"] == "commit-unknown"
    assert f"'out' had begun to commit run {ending.written[0]}" in error["message"]
    assert "look at the target" in error["help"]
    assert "nothing was written" not in ending.stderr
    events = [json.loads(line)["event"] for line in ending.stderr.splitlines()]
    assert "destination_committing" in events
    assert "replanned" not in events


def test_attempts_have_the_same_run_id(tmp_path: Path) -> None:
    """A destination that knows its runs sees the second one come."""
    ending = run(tmp_path, "known_ledger")
    assert ending.code == 0, ending.stderr
    first, second = ending.written
    assert first == second == json.loads(ending.stdout)["run_id"]
    events = [json.loads(line)["event"] for line in ending.stderr.splitlines()]
    assert "destination_committing" not in events
    assert "replanned" in events
