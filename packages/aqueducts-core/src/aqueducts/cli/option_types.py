"""Values of options that click has no type for."""

from __future__ import annotations

import re
from typing import Any

import click

__all__ = ["MEMORY", "PARAMETER", "MemorySize", "Parameter"]

_NAME = re.compile(r"[a-zA-Z0-9_]+")

_SIZE = re.compile(r"(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<unit>[a-z]*)", re.IGNORECASE)

_UNITS = {
    "": 1000**3,
    "b": 1,
    **{
        f"{letter}{ending}": 1000**power
        for power, letter in enumerate("kmgt", 1)
        for ending in ("", "b")
    },
    **{
        f"{letter}i{ending}": 1024**power
        for power, letter in enumerate("kmgt", 1)
        for ending in ("", "b")
    },
}

_LEAST_MEMORY_BYTES = 1_000_000


class Parameter(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """`NAME=VALUE` as a pair; everything behind the first `=` is the value."""

    name = "name=value"

    envvar_list_splitter = "\n"
    """Values may hold spaces, so a variable of the environment holds one pair per line."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Split a pair."""
        if isinstance(value, tuple):
            return value
        name, equals, text = value.partition("=")
        if not equals:
            self.fail(f"{value!r} is not of the form NAME=VALUE", param, ctx)
        if not _NAME.fullmatch(name):
            self.fail(
                f"{name!r} is no name of a parameter: letters, digits and '_' make one", param, ctx
            )
        return name, text


class MemorySize(click.ParamType):  # type: ignore[type-arg]  # as above
    """An amount of memory in bytes: `512MB`, `1.5GiB`; a plain number counts GB, 0 is no limit."""

    name = "size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | None:
        """Bytes, 0 for no limit, or None where nothing was asked for."""
        if value is None or isinstance(value, int):
            return value
        match = _SIZE.fullmatch(value.strip())
        unit = _UNITS.get(match["unit"].lower()) if match else None
        if match is None or unit is None:
            self.fail(f"{value!r} is no amount of memory, such as 512MB, 2GB or 1.5GiB", param, ctx)
        size_bytes = int(float(match["number"]) * unit)
        if 0 < size_bytes < _LEAST_MEMORY_BYTES:
            self.fail(f"{value!r} is less than 1MB: no run fits into that", param, ctx)
        return size_bytes


PARAMETER = Parameter()
MEMORY = MemorySize()
