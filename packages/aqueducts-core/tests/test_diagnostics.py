"""How problems look, and how they are ordered."""

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqueducts.diagnostics import Problem, nearest, render, sort_problems, to_json

TEXT = "sources:\n  - type: file\n    location: x\n    nam: orders\n"


def problem(line: int | None = 4, column: int | None = 5, length: int = 3) -> Problem:
    """A problem as a misspelt key gives."""
    return Problem(
        code="unknown-field",
        message="unknown key 'nam' in a source",
        file="pipeline.yml",
        line=line,
        column=column,
        length=length,
        help="did you mean 'name'?",
        path=("sources", 0, "nam"),
    )


def caret_line(text: str, column: int, length: int = 1) -> tuple[str, str]:
    """The excerpt of a one-line text and the line of carets under it."""
    drawn = render(Problem("code", "message", "f", 1, column, length=length), text).split("\n")
    return drawn[3][5:], drawn[4][5:]


def test_a_problem_is_drawn_with_an_excerpt() -> None:
    """The whole shape, once."""
    assert render(problem(), TEXT) == (
        "error[unknown-field]: unknown key 'nam' in a source\n"
        "  --> pipeline.yml:4:5\n"
        "   |\n"
        " 4 |     nam: orders\n"
        "   |     ^^^\n"
        "   = help: did you mean 'name'?"
    )


def test_notes_of_several_lines_and_wide_line_numbers_line_up() -> None:
    """The gutter grows with the number."""
    found = Problem("x", "y", "f", 12, 1, note="one\ntwo", severity="warning")
    assert render(found, "\n" * 11 + "abc") == (
        "warning[x]: y\n   --> f:12:1\n    |\n 12 | abc\n    | ^\n    = note: one\n            two"
    )


@pytest.mark.parametrize("text", [None, "only one line"])
def test_without_the_line_there_is_no_excerpt(text: str | None) -> None:
    """The place is still told."""
    assert render(problem(), text) == (
        "error[unknown-field]: unknown key 'nam' in a source\n"
        "  --> pipeline.yml:4:5\n"
        "   = help: did you mean 'name'?"
    )


def test_a_problem_without_a_place_is_a_sentence() -> None:
    """Such as one of a command-line flag."""
    assert render(Problem("x", "a flag is wrong"), TEXT) == "error[x]: a flag is wrong"


@pytest.mark.parametrize(
    ("text", "column", "length", "excerpt", "carets"),
    [
        ("\tab\tc", 2, 2, "    ab  c", "    ^^"),
        ("\tab\tc", 5, 1, "    ab  c", "        ^"),
        ("日本 x", 2, 1, "日本 x", "  ^^"),
        ("日本 x", 4, 1, "日本 x", "     ^"),
        ("e\u0301 x", 4, 1, "e\u0301 x", "  ^"),
        ("a\x1b[31mb", 8, 1, "a\ufffd[31mb", "      "),
        ("abc", 4, 5, "abc", "   ^"),
        ("abc", 2, 50, "abc", " ^^"),
        ("abc\r\ndef", 2, 9, "abc", " ^^"),
    ],
)
def test_carets_stand_under_what_they_mark(
    text: str, column: int, length: int, excerpt: str, carets: str
) -> None:
    """With tabs, wide and combining characters, control characters, and ends of lines."""
    shown, marked = caret_line(text, column, length)
    assert shown == excerpt
    assert marked.startswith(carets)
    assert len(marked) <= max(len(carets), column)


@pytest.mark.parametrize("column", [1, 50, 95, 101, 300, 480, 500, 501])
def test_long_lines_are_cut_around_the_caret(column: int) -> None:
    """The marked character stays in sight and over its caret."""
    text = "".join(chr(ord("a") + n % 26) for n in range(500))
    shown, marked = caret_line(text, column)
    assert len(shown) <= 106
    if column <= 500:
        assert shown[marked.index("^")] == text[column - 1]
    else:
        assert marked.index("^") == len(shown)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(max_size=300), st.integers(1, 310), st.integers(1, 400))
def test_any_text_can_be_drawn(text: str, column: int, length: int) -> None:
    """Nothing in a file can break the drawing or reach the terminal as a control character."""
    line = text.replace("\r", " ").replace("\n", " ")
    drawn = render(Problem("x", text, text, 1, column, length=length, note=text), line)
    assert not [c for c in drawn if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"]
    assert "^" in drawn


def test_problems_are_sorted_by_place() -> None:
    """Errors before warnings at one place; what has no place comes last."""
    a, b, c = problem(2, 9), problem(10, 1), problem(10, 3)
    warning = Problem("w", "m", "pipeline.yml", 10, 3, severity="warning")
    nowhere, other = Problem("n", "m"), Problem("o", "m", "z.yml", 1, 1)
    no_line = problem(None, None)
    ordered = [a, b, c, warning, no_line, other, nowhere]
    assert sort_problems(reversed(ordered)) == ordered


def test_the_same_facts_as_json() -> None:
    """Ready for json.dumps."""
    found = to_json(problem())
    assert json.loads(json.dumps(found)) == found
    assert found["path"] == ["sources", 0, "nam"]
    assert (found["file"], found["line"], found["column"]) == ("pipeline.yml", 4, 5)
    assert found["severity"] == "error"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("nam", "name"),
        ("Name", "name"),
        ("storage-config", "storage_config"),
        ("lcoation", "location"),
        ("zebra", None),
        ("", None),
    ],
)
def test_the_nearest_choice(word: str, expected: str | None) -> None:
    """Close enough to have been meant, or nothing."""
    assert nearest(word, ["name", "location", "storage_config", "type"]) == expected
