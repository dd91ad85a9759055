"""Types in the engine's messages as pipeline files call them."""

from __future__ import annotations

import re

__all__ = ["in_our_words"]

_UNITS = {
    "Second": "second",
    "Millisecond": "millisecond",
    "Microsecond": "microsecond",
    "Nanosecond": "nanosecond",
    "s": "second",
    "ms": "millisecond",
    "µs": "microsecond",
    "us": "microsecond",
    "ns": "nanosecond",
}
_PLAIN = {
    **{name: name.lower() for name in ("Int8", "Int16", "Int32", "Int64")},
    **{name: name.lower() for name in ("UInt8", "UInt16", "UInt32", "UInt64")},
    **{name: name.lower() for name in ("Float16", "Float32", "Float64", "Date32", "Date64")},
    **dict.fromkeys(("Utf8", "Utf8View", "LargeUtf8"), "string"),
    **dict.fromkeys(("Binary", "BinaryView", "LargeBinary"), "binary"),
    "Boolean": "bool",
    "Null": "null",
}
_NAMED = re.compile(r"\b(?:" + "|".join(sorted(_PLAIN, key=len, reverse=True)) + r")\b")
_TIMESTAMP = re.compile(r"\bTimestamp\((\w+)(?:, (?:None|Some\(\"([^\"]+)\"\)|\"([^\"]+)\"))?\)")
_WITH_UNIT = re.compile(r"\b(Time32|Time64|Duration)\((\w+)\)")
_INTERVAL = re.compile(r"\bInterval\((\w+)\)")
_DECIMAL = re.compile(r"\bDecimal(128|256)\((\d+), (-?\d+)\)")
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def in_our_words(text: str) -> str:
    """A text of the engine with the names of its types replaced."""
    text = _TIMESTAMP.sub(_timestamp, text)
    text = _WITH_UNIT.sub(lambda match: f"{match[1].lower()}<{_unit(match[2])}>", text)
    text = _INTERVAL.sub(lambda match: f"interval<{_CAPITAL.sub('_', match[1]).lower()}>", text)
    text = _DECIMAL.sub(
        lambda match: f"decimal{'' if match[1] == '128' else '256'}<{match[2]},{match[3]}>", text
    )
    return _NAMED.sub(lambda match: _PLAIN[match[0]], text)


def _timestamp(match: re.Match[str]) -> str:
    zone = match[2] or match[3]
    return f"timestamp<{_unit(match[1])}{',' + zone if zone else ''}>"


def _unit(name: str) -> str:
    return _UNITS.get(name, name)
