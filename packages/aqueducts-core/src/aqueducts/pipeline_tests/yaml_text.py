"""Values as a test file writes them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from aqueducts.documents.yaml_scalars import resolve_plain

__all__ = ["flow_mapping", "flow_sequence", "flow_text"]

_PLAIN = re.compile(r"[^\W_][^\n\t,\[\]{}#:&*!|>'\"%@`]*(?::[^\s,\[\]{}#:&*!|>'\"%@`]+)*")
_ELSEWHERE = re.compile(r"(?i:yes|no|on|off)")
"""Words that other programs take for true or false."""

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def flow_text(value: Any) -> str:
    """Return a value on one line, such that reading it gives the value again."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return _float(value)
        case Decimal():
            return _decimal(value)
        case str():
            return _string(value)
        case list() | tuple():
            return flow_sequence(value)
        case dict():
            return flow_mapping(value)
        case _:
            return str(value)


def flow_mapping(value: Mapping[str, Any]) -> str:
    """Return `{key: value, ...}`."""
    items = (f"{_string(key)}: {flow_text(item)}" for key, item in value.items())
    return "{" + ", ".join(items) + "}"


def flow_sequence(value: Sequence[Any]) -> str:
    """Return `[value, ...]`."""
    return "[" + ", ".join(map(flow_text, value)) + "]"


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    return repr(value)


def _decimal(value: Decimal) -> str:
    """A number where a reader's floating point keeps all digits, else its text in quotes."""
    text = f"{value:f}"
    is_kept = Decimal(repr(float(text))) == value
    return text if is_kept else f'"{text}"'


def _string(text: str) -> str:
    is_plain = (
        _PLAIN.fullmatch(text) is not None
        and text.isprintable()
        and text == text.strip()
        and not text.endswith(":")
        and _ELSEWHERE.fullmatch(text) is None
        and isinstance(resolve_plain(text), str)
    )
    return text if is_plain else f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
