"""What a YAML scalar means: the YAML 1.2 core rules, as Rust's serde_yaml applies them.

`yes`, `no`, `on`, `off`, dates and `12:30:00` are strings, and so is a number with leading
zeros (a postal code).
"""

import math
import re

__all__ = ["TAGS", "resolve_plain", "resolve_tagged"]

Scalar = str | int | float | bool | None

_TAG_PREFIX = "tag:yaml.org,2002:"

TAGS = frozenset(
    _TAG_PREFIX + name for name in ("str", "int", "float", "bool", "null", "seq", "map")
)
"""The tags that a document may write out."""

_WORDS: dict[str, Scalar] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    ".inf": math.inf,
    ".Inf": math.inf,
    ".INF": math.inf,
    "+.inf": math.inf,
    "+.Inf": math.inf,
    "+.INF": math.inf,
    "-.inf": -math.inf,
    "-.Inf": -math.inf,
    "-.INF": -math.inf,
    ".nan": math.nan,
    ".NaN": math.nan,
    ".NAN": math.nan,
}

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_RADIX_INTEGER = re.compile(r"([-+]?)0(?:x([0-9a-fA-F]+)|o([0-7]+)|b([01]+))")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_MAX_DIGITS = 1000
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")


def resolve_plain(text: str) -> Scalar:
    """The value of a scalar without quotes and tag."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or _LEADING_ZERO.fullmatch(text):
        return text
    if match := _RADIX_INTEGER.fullmatch(text):
        return _radix_integer(match)
    # More digits than any integer type holds are not a number either.
    if _INTEGER.fullmatch(text) and len(text) <= _MAX_DIGITS:
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def _radix_integer(match: re.Match[str]) -> int:
    sign, hexadecimal, octal, binary = match.groups()
    number = int(hexadecimal or octal or binary, 16 if hexadecimal else 8 if octal else 2)
    return -number if sign == "-" else number


def resolve_tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with one of `TAGS`; ValueError when the text does not fit it."""
    kind = tag.removeprefix(_TAG_PREFIX)
    if kind == "str":
        return text
    value = resolve_plain(text)
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    wanted = {"int": int, "float": float, "bool": bool, "null": type(None)}.get(kind)
    if wanted is None or type(value) is not wanted:
        raise ValueError(kind)
    return value
