"""A run that is killed at any moment leaves the old target or the new one, never a part."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aqueducts.builtin.local_store import LocalStoreType

_ROUNDS = int(os.environ.get("AQUEDUCTS_KILL_ROUNDS", "40"))
"""More with `AQUEDUCTS_KILL_ROUNDS=500 pytest -k killed`."""
_PARTS = 4
_LINES = 5000


class _Writers:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._requests, self._answers = process.stdin, process.stdout

    def write_and_kill(self, kind: str, target: Path, seconds: float) -> None:
        self._requests.write(f"{kind} {target}\n")
        self._requests.flush()
        child = int(self._answers.readline())
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        assert self._answers.readline() == "dead\n"


@pytest.fixture(scope="module")
def writers() -> Iterator[_Writers]:
    """Start the process that forks writers."""
    script = Path(__file__).with_name("killed_writer.py")
    with subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield _Writers(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.parametrize("kind", ["file", "folder", "renames"])
def test_killed(tmp_path: Path, context: Any, writers: _Writers, kind: str) -> None:
    """The next run finds a whole version, and sweeps what is left of the dead one."""
    target = tmp_path / ("out.csv" if kind == "file" else "out")
    chance = random.Random(7)
    versions: list[str] = []
    left_behind = missing = 0
    for _ in range(_ROUNDS):
        writers.write_and_kill(kind, target, chance.uniform(0, 0.06))
        left_behind += len(_names(tmp_path)) > 1
        missing += not target.exists() and bool(versions) and versions[-1] != ""
        if kind != "renames":
            versions.append(_version(target))
        store = LocalStoreType().open(str(target), {})
        store.check_target(is_single_file=kind == "file", extensions=(".csv",))
        versions.append(_version(target))
        left = [name for name in _names(tmp_path) if name != target.name]
        assert left == []

    assert len(set(versions)) > 2, "writers were killed before they wrote anything"
    assert left_behind > 0, "writers were killed between writes only"
    assert missing == 0 or kind == "renames"


def _version(target: Path) -> str:
    """The one version that a target holds; empty before the first."""
    if not target.exists():
        return ""
    paths = [target] if target.is_file() else sorted(target.rglob("*.csv"))
    assert len(paths) == (1 if target.is_file() else _PARTS)
    texts = {path.read_text() for path in paths}
    assert len(texts) == 1
    lines = texts.pop().splitlines()
    assert len(lines) == _LINES
    assert len(set(lines)) == 1
    return lines[0]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
