"""Streams, colours and what the environment says about them."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from aqueducts.cli.console import Console


class _Terminal(io.StringIO):
    encoding: Any = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def _open_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both streams on a terminal. No fixture: pytest changes the streams before the test."""
    monkeypatch.setattr(sys, "stdout", _Terminal())
    monkeypatch.setattr(sys, "stderr", _Terminal())


def test_terminals_get_colors_and_pipes_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stream is looked at on its own."""
    _open_terminal(monkeypatch)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert Console().messages.has_color
    assert not Console().results.has_color
    assert Console().result_width is None


@pytest.mark.parametrize(
    ("environment", "color", "has_color"),
    [
        ({"NO_COLOR": "1"}, "auto", False),
        ({"NO_COLOR": "1"}, "always", True),
        ({"NO_COLOR": ""}, "auto", True),
        ({"TERM": "dumb"}, "auto", False),
        ({}, "never", False),
    ],
)
def test_the_environment_and_the_flag_decide(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    color: Any,
    has_color: bool,
) -> None:
    """The flag wins over NO_COLOR, and an empty variable means nothing."""
    _open_terminal(monkeypatch)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Console(color=color).messages.has_color is has_color


def test_force_color_colors_pipes(monkeypatch: pytest.MonkeyPatch) -> None:
    """FORCE_COLOR is for logs that show colours; NO_COLOR wins over it."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert Console().messages.has_color
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Console().messages.has_color


def test_ci_has_no_live_display(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some CI systems offer a terminal and record every redraw."""
    _open_terminal(monkeypatch)
    assert Console().is_live_possible
    monkeypatch.setenv("CI", "true")
    assert not Console().is_live_possible


def test_streams_of_other_encodings_get_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No data makes the output fail."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    assert not Console().results.has_unicode
    Console().write_result("é 日")
    assert raw.getvalue() == b"\xe9 \\u65e5\n"


def test_closed_streams_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """`aqueducts ... >&-` leaves Python without a stream."""
    monkeypatch.setattr(sys, "stdout", None)
    console = Console()
    console.write_result("nobody hears")
    assert console.result_width is None
    assert not console.results.has_color
