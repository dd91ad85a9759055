"""Names of tables as users write them: `orders`, `sales.orders`, `"My Sales"."Orders 2024"`."""

from __future__ import annotations

import re

import msgspec

from aqueducts.errors import DestinationError

__all__ = ["NamePart", "TableName", "parse_table_name"]

_QUOTES = {'"': '"', "`": "`", "[": "]"}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$#@]*\Z")
_MOST_PARTS = 3


class NamePart(msgspec.Struct, frozen=True):
    """A schema or a table."""

    text: str
    is_quoted: bool = False
    """Whether it has to be taken letter by letter; other names databases fold to one case."""

    @property
    def is_plain(self) -> bool:
        """Whether SQL knows the name without quotes."""
        return not self.is_quoted and _PLAIN.match(self.text) is not None


class TableName(msgspec.Struct, frozen=True):
    """Where a table is."""

    parts: tuple[NamePart, ...]
    """The table last, before it its schema, before that its catalog, where they are given."""

    @property
    def table(self) -> NamePart:
        """The name of the table itself."""
        return self.parts[-1]

    @property
    def schema(self) -> NamePart | None:
        """The schema; None for the one that the connection is in."""
        return self.parts[-2] if len(self.parts) > 1 else None

    def __str__(self) -> str:
        return ".".join(part.text for part in self.parts)


def parse_table_name(text: str) -> TableName:
    """Take a name apart at its dots; quotes of any database hold a part together.

    Raises DestinationError.
    """
    parts: list[NamePart] = []
    place = 0
    while True:
        part, place = _part(text, place)
        parts.append(part)
        if place == len(text):
            break
        if text[place] != ".":
            raise _not_a_name(text)
        place += 1
    if len(parts) > _MOST_PARTS:
        raise _not_a_name(text)
    return TableName(tuple(parts))


def _part(text: str, place: int) -> tuple[NamePart, int]:
    end_quote = _QUOTES.get(text[place : place + 1])
    if end_quote is None:
        end = text.find(".", place)
        end = len(text) if end < 0 else end
        name = text[place:end].strip()
        if not name:
            raise _not_a_name(text)
        return NamePart(name), end
    found = re.compile(rf"((?:[^{re.escape(end_quote)}]|{re.escape(end_quote) * 2})+)").match(
        text, place + 1
    )
    if found is None or text[found.end() : found.end() + 1] != end_quote:
        raise _not_a_name(text)
    return NamePart(found[1].replace(end_quote * 2, end_quote), is_quoted=True), found.end() + 1


def _not_a_name(text: str) -> DestinationError:
    return DestinationError(
        f"{text!r} is no name of a table",
        hint='write it as table or schema.table; a part that holds a dot stands in quotes: "a.b"',
    )
