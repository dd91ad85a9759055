"""Paths as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqueducts.builtin.json_functions.paths import JsonPath, parse_path, path_text


@given(st.lists(st.text(max_size=8) | st.integers(-(10**12), 10**12), max_size=5).map(tuple))
def test_text_stands_for_its_path(path: JsonPath) -> None:
    """Whatever the keys are, the text leads to them again."""
    assert parse_path(path_text(path)) == path


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("name",), "name"),
        ((), "$"),
        (("items", 0, "a b"), '$.items[0]["a b"]'),
        (("$",), '$["$"]'),
        ((-1,), "$[-1]"),
    ],
)
def test_text_is_for_people(path: JsonPath, text: str) -> None:
    """It is what plans show; a single key is itself."""
    assert path_text(path) == text


@pytest.mark.parametrize("text", ["$x", "$.", "$[a]", "$[1", '$["a]'])
def test_other_text_is_no_path(text: str) -> None:
    """What begins like a path goes on like one."""
    with pytest.raises(ValueError, match="not a path"):
        parse_path(text)
