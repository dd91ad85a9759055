"""Values as text that reads as the same values."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aqueducts.documents import read_document
from aqueducts.pipeline_tests.values import frozen
from aqueducts.pipeline_tests.yaml_text import flow_mapping, flow_text

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab:,#- "), inner),
    max_leaves=6,
)


def _read(text: str) -> Any:
    return read_document(text, file="", format="yaml").value


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_text_reads_as_the_value(value: Any) -> None:
    """In a list, in a mapping, and on a line of its own."""
    text = flow_text(value)
    assert "\n" not in text
    for written in (f"[{text}, 1]", f"- {text}\n", f"x: {text}  # why\n", f"{{x: {text}, y: 1}}"):
        found = _read(written)
        first = found["x"] if isinstance(found, dict) else found[0]
        assert frozen(first) == frozen(value)


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=10))
def test_other_programs_read_text_as_text(text: str) -> None:
    """What is a string here is no other thing in YAML 1.1, but for dates and numbers with `:`."""
    found = yaml.safe_load(flow_text(text))
    assert isinstance(found, str) or any(letter.isdigit() for letter in text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("United Air Lines Inc.", "United Air Lines Inc."),
        ("2024-01-31T12:30:00Z", "2024-01-31T12:30:00Z"),
        ("007", "007"),
        ("7", '"7"'),
        ("yes", '"yes"'),
        ("n", "n"),
        ("", '""'),
        ("a: b", '"a: b"'),
        ("a\nb", '"a\\nb"'),
        (Decimal("1.50"), "1.50"),
        (Decimal("123456789012345678.25"), '"123456789012345678.25"'),
        (math.nan, ".nan"),
        (-math.inf, "-.inf"),
        (0.1, "0.1"),
        (1, "1"),
    ],
)
def test_text_is_as_plain_as_can_be(value: Any, text: str) -> None:
    """Quotes are where they are needed."""
    assert flow_text(value) == text


def test_keys_are_text() -> None:
    """Whatever they look like."""
    assert _read(flow_mapping({"1": 1, "no: ": 2})) == {"1": 1, "no: ": 2}
