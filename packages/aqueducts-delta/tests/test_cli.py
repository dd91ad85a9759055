"""`aqueducts delta`, as it is run: what it prints, and what it leaves of a table."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from aqueducts.cli.group import cli

if TYPE_CHECKING:
    from conftest import Lake

ROWS = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["a", "b", "c"]})
APPEND = {"operation": "append"}


def _delta(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["delta", *arguments])


@pytest.fixture
def table(lake: Lake) -> Lake:
    """A table of three versions with a file each."""
    for _ in range(3):
        lake.write(ROWS, APPEND)
    return lake


def test_history_tells_versions_and_runs(table: Lake) -> None:
    """From the newest; as many as are asked for; all of it as JSON."""
    done = _delta("history", str(table.path), "--limit", "2")
    lines = done.output.splitlines()
    assert [line.split()[0] for line in lines] == ["version", "2", "1"]
    assert "write append" in lines[1]
    assert lines[1].split()[-4:-1] == ["3", "+1", "-0"]
    entries = json.loads(_delta("history", str(table.path), "--output", "json").output)
    assert [entry["version"] for entry in entries] == [2, 1, 0]
    assert lines[1].split()[-1] == entries[0]["aqueductsRunId"]


def test_optimize_puts_files_together(table: Lake) -> None:
    """The rows stay; a second time there is nothing to do."""
    done = _delta("optimize", str(table.path))
    assert done.output == "3 files became 1 in version 3\n"
    assert len(table.table().file_uris()) == 1
    assert len(table.rows()) == 9
    assert _delta("optimize", str(table.path)).output.startswith("nothing to do: version 3")


def test_optimize_orders_rows(table: Lake) -> None:
    """By columns that there are."""
    done = _delta("optimize", str(table.path), "--z-order", "id", "--target-size", "10")
    assert done.output == "3 files became 1 in version 3\n"
    failed = _delta("optimize", str(table.path), "--z-order", "nmae")
    assert "no column 'nmae'" in failed.output
    assert "did you mean 'name'?" in failed.output


def test_vacuum_removes_what_nobody_needs(table: Lake) -> None:
    """Only with leave where files are young; what is removed can be listed before."""
    _delta("optimize", str(table.path))
    assert _delta("vacuum", str(table.path)).output == "0 files removed\n"
    refused = _delta("vacuum", str(table.path), "--retention-hours", "0")
    assert "--allow-short-retention" in refused.output
    options = ("--retention-hours", "0", "--allow-short-retention")
    listed = _delta("vacuum", str(table.path), *options, "--dry-run").output.splitlines()
    assert listed[-1] == "3 files would be removed"
    assert len(table.data_files()) == 4
    assert _delta("vacuum", str(table.path), *options).output == "3 files removed\n"
    assert len(table.data_files()) == 1
    assert len(table.rows()) == 9


def test_a_place_without_a_table_is_told(lake: Lake) -> None:
    """By the command, with its exit code and without a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "aqueducts", "delta", "history", str(lake.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "there is no Delta table at" in done.stderr
    assert "Traceback" not in done.stderr
    assert "is not on this machine" in _delta("history", "s3://bucket/table").output
