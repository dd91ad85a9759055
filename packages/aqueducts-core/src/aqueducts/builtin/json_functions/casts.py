"""Types that the result of `json_get` is cast to: each has a function that gives it at once."""

from __future__ import annotations

from collections.abc import Sequence

from aqueducts.builtin.json_functions.tokens import Token

__all__ = ["function_for", "type_ahead"]

_DROPPED = {
    **dict.fromkeys(("BOOL", "BOOLEAN"), "json_get_bool"),
    **dict.fromkeys(("BIGINT", "INT", "INT4", "INT8", "INTEGER"), "json_get_int"),
    **dict.fromkeys(("DOUBLE", "FLOAT", "FLOAT4", "FLOAT8", "REAL"), "json_get_float"),
    **dict.fromkeys(("CHAR", "CHARACTER", "STRING", "TEXT", "VARCHAR"), "json_get_str"),
}
"""Types for which the function's own takes the place of the cast: bool, int64, float64, string."""

_KEPT = {
    **dict.fromkeys(("INT2", "SMALLINT", "TINYINT", "UNSIGNED"), "json_get_int"),
    **dict.fromkeys(("DEC", "DECIMAL", "NUMERIC"), "json_get_float"),
}


def function_for(type_tokens: Sequence[Token]) -> tuple[str, bool]:
    """The function to call for a type, and whether its result is still to be cast.

    Types of other kinds, such as dates, are cast from text.
    """
    word = type_tokens[0].upper
    if any(token.upper == "UNSIGNED" for token in type_tokens):
        return "json_get_int", True
    if word in _DROPPED:
        return _DROPPED[word], False
    return _KEPT.get(word, "json_as_text"), True


def type_ahead(tokens: Sequence[Token], place: int) -> Sequence[Token]:
    """The tokens of the type that begins at a place; none where it is one of arrays."""
    end = place
    while (
        end < len(tokens)
        and tokens[end].kind == "word"
        and (end == place or tokens[end].upper in ("PRECISION", "UNSIGNED", "VARYING"))
    ):
        end += 1
    if end == place:
        return ()
    if end < len(tokens) and tokens[end].text == "(":
        while end < len(tokens) and tokens[end].text != ")":
            end += 1
        end += 1
    is_array = end < len(tokens) and tokens[end].text == "["
    return () if is_array else tokens[place:end]
