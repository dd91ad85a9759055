"""What a data type of a pipeline file is, once it is read."""

from __future__ import annotations

import re
from typing import TypeAlias

import msgspec

__all__ = ["DataType", "DataTypeError", "Member", "Parameter"]

_SPECIAL = re.compile(r"[,:<>\\]|^\s|\s$")

_MAY_BE_EMPTY = ("struct", "union")


class DataType(msgspec.Struct, frozen=True):
    """A type by its canonical name, with its parameters in the order they are written in."""

    name: str
    parameters: tuple[Parameter, ...] = ()

    def __str__(self) -> str:
        if not self.parameters and self.name not in _MAY_BE_EMPTY:
            return self.name
        return f"{self.name}<{','.join(str(each) for each in self.parameters)}>"


class Member(msgspec.Struct, frozen=True):
    """A named part of a struct or union."""

    name: str
    data_type: DataType

    def __str__(self) -> str:
        return f"{_SPECIAL.sub(_escape, self.name)}:{self.data_type}"


Parameter: TypeAlias = DataType | Member | int | str


class DataTypeError(ValueError):
    """A text that is not a data type; `offset` and `length` tell where in the text."""

    def __init__(
        self, message: str, *, offset: int = 0, length: int = 1, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.length = max(length, 1)
        self.hint = hint


def _escape(match: re.Match[str]) -> str:
    return "\\" + match[0]
