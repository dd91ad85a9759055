"""The live region, and what stays of it."""

from __future__ import annotations

import io
import re
import sys
import time
from typing import Any

import pytest

from aqueducts.cli.console import Console
from aqueducts.cli.console.live import LiveProgress
from aqueducts.events import Progress, RunCompleted, RunStarted, SourceRegistered

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"

_STARTED = RunStarted(run_id="r", sources=("a",), stages=(("s",),), destination="out")


class _Terminal(io.StringIO):
    encoding: Any = "utf-8"

    def isatty(self) -> bool:
        return True


def _await(terminal: io.StringIO, words: str) -> str:
    deadline = time.monotonic() + 20
    while words not in _ESCAPES.sub("", terminal.getvalue()):
        assert time.monotonic() < deadline, terminal.getvalue()
        time.sleep(0.02)
    return terminal.getvalue()


@pytest.fixture(autouse=True)
def _small_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm-256color")


def test_the_region_follows_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps are redrawn, results are printed above, and the final lines stay."""
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    live = LiveProgress(Console(color="never"), delay_seconds=0)
    _await(terminal, "loading, ")
    live.tell(_STARTED)
    _await(terminal, "· destination  out")
    live.tell(SourceRegistered(name="a", files=1, size_bytes=10))
    live.tell(Progress(step="source", name="a", rows=123_456))
    assert _await(terminal, "123,456 rows").count(_HIDE) == 1
    live.print_above(lambda: print("a result", file=terminal))
    before, _, after = terminal.getvalue().partition("a result\n")
    assert before.count(_SHOW) == before.count(_HIDE) == 1
    assert before.endswith("\x1b[2K")
    assert _HIDE in after
    live.tell(RunCompleted(duration_ms=1))
    live.stop()
    live.stop()
    end = terminal.getvalue()
    assert end.count(_SHOW) == end.count(_HIDE) == 2
    last = _ESCAPES.sub("", end[end.rindex(_SHOW) :]).strip().splitlines()
    assert [line[:14] for line in last] == ["✓ source      ", "✓ stage       ", "✓ destination "]


def test_short_runs_are_not_redrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their final lines are printed once."""
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    live = LiveProgress(Console(color="never"), delay_seconds=60)
    live.tell(_STARTED)
    live.print_above(lambda: print("a result", file=terminal))
    live.stop()
    assert (
        terminal.getvalue() == "a result\n· source       a\n· stage        s\n· destination  out\n"
    )
