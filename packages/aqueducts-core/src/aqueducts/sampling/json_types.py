"""What values in JSON are, united over many of them as the engine does."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["JsonType", "MixedKindsError"]

_INT64 = range(-(2**63), 2**63)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")


class MixedKindsError(ValueError):
    """Values of one key that cannot be in one column."""


class JsonType:
    """The type of one key's values, as far as they have been added."""

    def __init__(self) -> None:
        self._kind: str | None = None
        self._is_whole = True
        self._is_long = False
        self._are_dates = self._are_timestamps = True
        self._fields: dict[str, JsonType] = {}
        self._items: JsonType | None = None

    def add(self, value: Any) -> None:
        """Take a value into account. Raises MixedKindsError where it does not fit the others."""
        if value is None:
            return
        kind = _kind_of(value)
        if self._kind is not None and kind != self._kind:
            raise MixedKindsError(f"{_article(kind)} here and {_article(self._kind)} before")
        self._kind = kind
        if kind == "number":
            self._is_whole &= isinstance(value, int)
            self._is_long |= isinstance(value, int) and value not in _INT64
        elif kind == "text":
            self._are_dates &= _DATE.fullmatch(value) is not None
            self._are_timestamps &= _TIMESTAMP.fullmatch(value) is not None
        elif kind == "object":
            for key, part in value.items():
                self._fields.setdefault(key, JsonType()).add(part)
        elif kind == "array":
            self._items = self._items or JsonType()
            for part in value:
                self._items.add(part)

    @property
    def name(self) -> str:
        """What pipeline files call the type."""
        if self._kind == "number":
            return "int64" if self._is_whole and not self._is_long else "float64"
        if self._kind == "boolean":
            return "bool"
        if self._kind == "object":
            return f"struct<{','.join(f'{key}:{part.name}' for key, part in self._fields.items())}>"
        if self._kind == "array":
            return f"list<{self._items.name if self._items is not None else 'string'}>"
        return "string"

    @property
    def remark(self) -> str:
        """What is worth knowing about the values."""
        if self._kind is None:
            return "null in all rows that were looked at"
        if self._kind == "number" and self._is_long:
            return "whole numbers too long for 64 bits become floating-point numbers"
        if self._kind == "text" and self._are_dates:
            return "dates: CAST(… AS DATE) makes them so"
        if self._kind == "text" and self._are_timestamps:
            return "timestamps: CAST(… AS TIMESTAMP) makes them so"
        return ""

    @property
    def has_empty_object(self) -> bool:
        """Whether there is an object without any key in it, on any level."""
        if self._kind == "object":
            return not self._fields or any(each.has_empty_object for each in self._fields.values())
        return self._items is not None and self._items.has_empty_object


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "array" if isinstance(value, list) else "object"


def _article(kind: str) -> str:
    return {"text": "text", "array": "an array", "object": "an object"}.get(kind, f"a {kind}")
