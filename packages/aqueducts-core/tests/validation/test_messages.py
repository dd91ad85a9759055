"""Sentences for what pydantic finds."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic_core import core_schema

from aqueducts.validation.messages import advice, expectation, found, sentence

_OF_CODE = {
    *("no_such_attribute", "json_invalid", "json_type", "needs_python_object"),
    *("recursion_loop", "get_attribute_error", "callable_type", "is_instance_of"),
    *("is_subclass_of", "missing_sentinel_error", "unexpected_positional_argument"),
    *("missing_positional_only_argument", "multiple_argument_values", "default_factory_not_called"),
    *("ellipsis_error", "recursion_depth_exceeded"),
    *("frozen_field", "frozen_instance", "invalid_key", "mixed_type"),
}
"""Errors that no plain value in a file can cause."""

_CONTEXT = [
    *("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern", "expected"),
    *("expected_schemes", "max_digits", "decimal_places", "whole_digits", "expected_tags"),
]


@pytest.mark.parametrize("kind", sorted(get_args(core_schema.ErrorType)))
def test_every_kind_of_error_that_a_file_can_cause_has_a_sentence(kind: str) -> None:
    """Pydantic's own words are for programmers."""
    context: dict[str, Any] = dict.fromkeys(_CONTEXT, "C") | {"error": "must be E"}

    text = sentence(kind, "key", context, "PYDANTIC", "null")

    if kind not in _OF_CODE:
        assert "PYDANTIC" not in text
        assert "'key'" in text


def test_an_unknown_kind_keeps_its_words() -> None:
    """Plugins may have kinds of their own."""
    assert sentence("theirs", "key", {}, "their words", "null") == "their words"
    assert expectation("theirs", {}) is None


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("must be odd", "'key' must be odd"),
        ("cannot be here", "'key' cannot be here"),
        ("a and b are the same", "a and b are the same"),
    ],
)
def test_words_of_a_validator(message: str, expected: str) -> None:
    """A half sentence gets its subject."""
    assert sentence("value_error", "key", {"error": ValueError(message)}, "", "") == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (3, "the number 3"),
        (1.5, "the number 1.5"),
        ("abc", "the text 'abc'"),
        ("a\nb", "this text"),
        ("x" * 41, "this text"),
        ([], "a list"),
        ({}, "a mapping"),
    ],
)
def test_values_in_words(value: Any, words: str) -> None:
    """Short ones are repeated."""
    assert found(value, is_hidden=False) == words


@pytest.mark.parametrize(("value", "words"), [("pw", "this text"), (3, "a number"), (None, "null")])
def test_hidden_values_are_only_named_by_kind(value: Any, words: str) -> None:
    """They may be secrets."""
    assert found(value, is_hidden=True) == words


@pytest.mark.parametrize(
    ("kind", "context", "value", "expected"),
    [
        ("string_type", {}, 3, "put it in quotes: '3'"),
        ("string_type", {}, [], None),
        (
            "literal_error",
            {"expected": "'auto', 'always' or 'never'"},
            "nevr",
            "did you mean 'never'?",
        ),
        ("literal_error", {"expected": "'auto'"}, "xyz", None),
        ("int_type", {}, None, "write a value, or leave the key out"),
        ("int_type", {"help": "theirs"}, 3, "theirs"),
        ("int_type", {}, [], None),
    ],
)
def test_advice(kind: str, context: dict[str, Any], value: Any, expected: str | None) -> None:
    """Only where there is more to say than what is wrong."""
    assert advice(kind, context, value) == expected
