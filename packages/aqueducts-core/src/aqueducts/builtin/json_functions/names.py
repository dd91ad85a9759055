"""What the functions are called; nothing is imported to know it."""

from __future__ import annotations

__all__ = ["ALIASES", "ALL_NAMES", "BY_COLUMN", "FUNCTION_NAMES", "UNNEST"]

FUNCTION_NAMES = (
    "json_as_text",
    "json_contains",
    "json_get",
    "json_get_array",
    "json_get_bool",
    "json_get_float",
    "json_get_int",
    "json_get_json",
    "json_get_str",
    "json_length",
    "json_object_keys",
)
"""Functions of a document and a path."""

UNNEST = "unnest_json_array"

ALIASES = {"json_keys": "json_object_keys", "json_len": "json_length"}

ALL_NAMES = (*FUNCTION_NAMES, *ALIASES, UNNEST)

BY_COLUMN = "__by_column"
"""Behind a function's name: the one that takes its key from a column."""
