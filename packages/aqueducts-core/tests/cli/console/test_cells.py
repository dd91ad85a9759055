"""Text measured in cells."""

from __future__ import annotations

import pytest

from aqueducts.cli.console.cells import cell_width, pad, shorten, visible, visible_block


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcode", "plain ünïcode"),
        ("two\nlines\r\tend", "two\\nlines\\r\\tend"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("right-to-left \N{RIGHT-TO-LEFT OVERRIDE}", "right-to-left \\u202e"),
        ("lone \udc80", "lone \\udc80"),
        ("family 👨\N{ZERO WIDTH JOINER}👩", "family 👨\N{ZERO WIDTH JOINER}👩"),
    ],
)
def test_control_characters_are_spelled_out(text: str, shown: str) -> None:
    """Data cannot move the cursor or colour the terminal."""
    assert visible(text) == shown


def test_a_block_keeps_its_lines() -> None:
    """Query plans have lines and indents, and still no escape codes."""
    assert visible_block("a\n\tb\x1b[0m") == "a\n    b\\x1b[0m"


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("日本", 4), ("e\N{COMBINING ACUTE ACCENT}", 1), ("🚰", 2)]
)
def test_width_counts_cells(text: str, width: int) -> None:
    """Wide characters take two cells and combining ones none."""
    assert cell_width(text) == width


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [("abcdef", 6, "abcdef"), ("abcdef", 4, "abc…"), ("日本語", 4, "日…"), ("ab", 1, "…")],
)
def test_shortening_never_exceeds_the_width(text: str, width: int, shown: str) -> None:
    """A wide character that fits by half only is left out."""
    assert shorten(text, width) == shown


def test_padding_fills_up_cells() -> None:
    """Columns with wide characters stay aligned."""
    assert pad("日", 4) == "日  "
    assert pad("7", 3, is_right_aligned=True) == "  7"
