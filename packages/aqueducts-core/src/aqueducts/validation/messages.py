"""What pydantic finds wrong with a value, in the words of pipeline files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aqueducts.diagnostics import nearest

__all__ = ["advice", "expectation", "found", "sentence"]

_INTEGER = "a whole number"
_NUMBER = "a number"
_TEXT = "text"
_LIST = "a list"
_MAPPING = "a mapping"
_DATE = "a date, such as 2024-01-31"
_TIME = "a time, such as 12:30:00"
_MOMENT = "a date and time, such as 2024-01-31T12:30:00Z"
_DURATION = "a duration, such as PT1H30M"
_URL = "a URL"

_EXPECTED = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), _INTEGER),
    "int_parsing_size": "a smaller number",
    **dict.fromkeys(
        (
            *("float_type", "float_parsing", "decimal_type", "decimal_parsing"),
            *("fraction_type", "fraction_parsing"),
        ),
        _NUMBER,
    ),
    "finite_number": "a finite number",
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(
        ("string_type", "string_sub_type", "bytes_type", "bytes_invalid_encoding"), _TEXT
    ),
    "string_unicode": "text in UTF-8",
    **dict.fromkeys(
        (
            *("list_type", "tuple_type", "set_type", "frozen_set_type"),
            *("iterable_type", "iteration_error", "arguments_type"),
            *("deque_type", "named_tuple_type"),
        ),
        _LIST,
    ),
    **dict.fromkeys(
        (
            *("dict_type", "mapping_type", "model_type", "model_attributes_type"),
            *("dataclass_type", "dataclass_exact_type"),
            *("counter_type", "frozen_dict_type", "ordered_dict_type"),
        ),
        _MAPPING,
    ),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), _DATE),
    "date_from_datetime_inexact": _DATE,
    **dict.fromkeys(("time_type", "time_parsing"), _TIME),
    **dict.fromkeys(
        (
            *("datetime_type", "datetime_parsing", "datetime_object_invalid"),
            "datetime_from_date_parsing",
        ),
        _MOMENT,
    ),
    **dict.fromkeys(("time_delta_type", "time_delta_parsing"), _DURATION),
    **dict.fromkeys(("url_type", "url_parsing", "url_syntax_violation"), _URL),
    **dict.fromkeys(("uuid_type", "uuid_parsing", "uuid_version"), "a UUID"),
    **dict.fromkeys(("complex_type", "complex_str_parsing"), "a complex number"),
    "none_required": "null",
    "timezone_aware": "a date and time with its offset, such as 2024-01-31T12:30:00Z",
    "timezone_offset": "a date and time with another offset",
    "timezone_naive": "a date and time without an offset, such as 2024-01-31T12:30:00",
    "date_past": "a date in the past",
    "date_future": "a date in the future",
    "datetime_past": "a date and time in the past",
    "datetime_future": "a date and time in the future",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "multiple_of": "a multiple of {multiple_of}",
    "string_too_short": "text of at least {min_length} characters",
    "string_too_long": "text of at most {max_length} characters",
    "string_pattern_mismatch": "text of the form {pattern}",
    "string_not_ascii": "text in ASCII",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "bytes_too_short": "text of at least {min_length} bytes",
    "bytes_too_long": "text of at most {max_length} bytes",
    "url_too_long": "a URL of at most {max_length} characters",
    "url_scheme": "a URL that begins with {expected_schemes}",
    "decimal_max_digits": "a number of at most {max_digits} digits",
    "decimal_max_places": "a number with at most {decimal_places} decimal places",
    "decimal_whole_digits": "a number with at most {whole_digits} digits before the point",
    "literal_error": "one of {expected}",
    "enum": "one of {expected}",
    "set_item_not_hashable": "a plain value",
    "union_tag_invalid": "one of {expected_tags}",
}
"""What a value should be, by pydantic's type of error; it continues "must be"."""

_SENTENCES = {
    "union_tag_not_found": "'{name}' has no type",
    "extra_forbidden": "unknown key '{name}'",
    "unexpected_keyword_argument": "unknown key '{name}'",
    "missing": "'{name}' is missing",
    "missing_argument": "'{name}' is missing",
    "missing_keyword_only_argument": "'{name}' is missing",
}

_LONGEST = 40
"""How much of a text is repeated in a message."""


def sentence(kind: str, name: str, context: Mapping[str, Any], message: str, value: str) -> str:
    """Return what is wrong with the value at `name`; `value` is what is found there, in words.

    `kind`, `context` and `message` are pydantic's.
    """
    if kind in ("value_error", "assertion_error"):
        message = str(context.get("error", message))
        return f"'{name}' {message}" if message.startswith(("must ", "cannot ")) else message
    if kind in _SENTENCES:
        return _SENTENCES[kind].format(name=name)
    wanted = expectation(kind, context)
    return message if wanted is None else f"'{name}' must be {wanted}, not {value}"


def expectation(kind: str, context: Mapping[str, Any]) -> str | None:
    """Return what should be there, for the kinds of errors that are about that."""
    template = _EXPECTED.get(kind)
    if template is None:
        return None
    # A limit of 2.0 is written as 2.
    plain = {key: f"{each:g}" if isinstance(each, float) else each for key, each in context.items()}
    return template.format_map(plain)


def found(value: Any, *, is_hidden: bool) -> str:
    """Return a value in words; of a hidden one only the kind."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number" if is_hidden else f"the number {value}"
        case str():
            is_short = len(value) <= _LONGEST and value.isprintable()
            return f"the text '{value}'" if is_short and not is_hidden else "this text"
        case list() | tuple():
            return "a list"
        case _:
            return "a mapping"


def advice(kind: str, context: Mapping[str, Any], value: Any) -> str | None:
    """Return what to do about an error, where more can be said than what is wrong."""
    if isinstance(context.get("help"), str):
        return str(context["help"])
    if kind == "string_type" and isinstance(value, bool | int | float):
        is_number = not isinstance(value, bool)
        return f"put it in quotes: '{value}'" if is_number else "put it in quotes"
    if kind == "literal_error" and isinstance(value, str):
        choices = [word.strip("'") for word in _words(str(context.get("expected", "")))]
        guess = nearest(value, choices)
        return f"did you mean '{guess}'?" if guess else None
    if value is None:
        return "write a value, or leave the key out"
    return None


def _words(expected: str) -> list[str]:
    return expected.replace(" or ", ", ").split(", ")
