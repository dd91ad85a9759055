r"""The data types of pipeline files: `parse_type("list<int32>")`, and `str()` back.

A type is a name with parameters: `int64`, `decimal<10,2>`, `struct<id:int64,tags:list<string>>`.
Spaces around parameters do not count. Where the name of a struct's member holds one of `,:<>\`,
or begins or ends with a space, that character is written behind a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aqueducts.diagnostics import nearest
from aqueducts.models.data_type import DataType, DataTypeError, Member, Parameter
from aqueducts.models.type_parameters import SIGNATURES

__all__ = [
    "ALIASES",
    "TYPE_NAMES",
    "DataType",
    "DataTypeError",
    "Member",
    "Parameter",
    "parse_type",
]

_PLAIN = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float32", "float64", "string", "large_string", "binary", "large_binary"),
    *("date32", "date64"),
)

TYPE_NAMES = (*_PLAIN, *SIGNATURES)
"""Every canonical name."""

ALIASES = {
    "boolean": "bool",
    "int": "int32",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "utf8": "string",
    "large_utf8": "large_string",
    "date": "date32",
}
"""Other spellings, with the canonical name of each."""

_SPELLINGS = {name: name for name in _PLAIN} | ALIASES

_ELSEWHERE = {
    **dict.fromkeys(("text", "str", "varchar", "char"), "string"),
    **dict.fromkeys(("datetime", "datetime64"), "timestamp<microsecond>"),
    **dict.fromkeys(("numeric", "number"), "decimal<38,10>"),
    **dict.fromkeys(("bytes", "blob", "bytea"), "binary"),
    "bigint": "int64",
    "smallint": "int16",
    "tinyint": "int8",
    "real": "float32",
    "array": "list<string>",
    "time": "time64<microsecond>",
}
"""What other systems call these types, for the advice in errors."""

_MAX_DEPTH = 64
"""How deeply types may nest."""

_SEPARATOR = re.compile(r"\\[,:<>\\\s]|[,<>]")
_COLON = re.compile(r"\\[,:<>\\\s]|:")
_ESCAPED = re.compile(r"\\([,:<>\\\s])")


def parse_type(text: str) -> DataType:
    """Return the data type that a text names, in any of its spellings. Raises DataTypeError."""
    return _Parser(text).parse(0, len(text), depth=0)


class _Parser:
    """Reads ranges of one text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def text(self, start: int, end: int) -> str:
        return self._text[start:end]

    def error(self, start: int, end: int, message: str, hint: str | None = None) -> DataTypeError:
        return DataTypeError(message, offset=start, length=end - start, hint=hint)

    def parse(self, start: int, end: int, depth: int) -> DataType:
        start, end = self._strip(start, end)
        if depth > _MAX_DEPTH:
            raise self.error(start, start + 1, f"types nest more than {_MAX_DEPTH} levels deep")
        opening = self._text.find("<", start, end)
        if opening < 0:
            return self._parse_plain(start, end)
        name_end = self._strip(start, opening)[1]
        name = self._text[start:name_end]
        if name in _SPELLINGS:
            raise self.error(opening, end, f"the type '{name}' takes no parameters")
        if name not in SIGNATURES:
            raise self._unknown(start, name_end)
        closing = self._closing(opening, end)
        ranges = list(self._ranges(opening + 1, closing))
        parameters = SIGNATURES[name].read(self, (start, end), ranges, depth + 1)
        return DataType(name, parameters)

    def parse_member(self, start: int, end: int, depth: int) -> Member:
        for match in _COLON.finditer(self._text, start, end):
            if match[0] == ":":
                name = self._member_name(start, match.start())
                return Member(name, self.parse(match.end(), end, depth))
        message = f"'{self._text[start:end]}' is not of the form name:type"
        raise self.error(start, end, message)

    def _member_name(self, start: int, end: int) -> str:
        name_start, name_end = self._strip(start, end)
        name = self._text[name_start:name_end]
        if (len(name) - len(name.rstrip("\\"))) % 2:
            # A space behind a backslash belongs to the name.
            name = self._text[name_start : min(name_end + 1, end)]
        return _ESCAPED.sub(r"\1", name)

    def _parse_plain(self, start: int, end: int) -> DataType:
        name = self._text[start:end]
        if name in _SPELLINGS:
            return DataType(_SPELLINGS[name])
        if not name:
            raise self.error(start, end, "a data type is missing here", "such as string or int64")
        if signature := SIGNATURES.get(name):
            message = f"the type '{name}' needs parameters"
            raise self.error(start, end, message, f"such as {signature.example}")
        raise self._unknown(start, end)

    def _unknown(self, start: int, end: int) -> DataTypeError:
        name = self._text[start:end]
        closest = _ELSEWHERE.get(name.lower()) or nearest(name, [*_SPELLINGS, *SIGNATURES])
        if closest in SIGNATURES:
            closest = SIGNATURES[closest].example
        hint = f"did you mean '{closest}'?" if closest else f"the types are {', '.join(TYPE_NAMES)}"
        return self.error(start, end, f"unknown data type '{name}'", hint)

    def _strip(self, start: int, end: int) -> tuple[int, int]:
        while start < end and self._text[start].isspace():
            start += 1
        while end > start and self._text[end - 1].isspace():
            end -= 1
        return start, end

    def _closing(self, opening: int, end: int) -> int:
        """Find the '>' for the '<' at `opening`, which must be the last character."""
        depth = 0
        for match in _SEPARATOR.finditer(self._text, opening, end):
            depth += {"<": 1, ">": -1}.get(match[0], 0)
            if depth == 0 and match.end() < end:
                rest = self._strip(match.end(), end)[0]
                message = f"unexpected '{self._text[rest:end]}' behind the type"
                raise self.error(rest, end, message)
        if depth:
            raise self.error(opening, opening + 1, "this '<' is never closed", "add a '>'")
        return end - 1

    def _ranges(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Split at the commas of this level; what is empty is passed over."""
        depth = 0
        range_start = start
        for match in _SEPARATOR.finditer(self._text, start, end):
            depth += {"<": 1, ">": -1}.get(match[0], 0)
            if match[0] == "," and depth == 0:
                yield from self._filled(range_start, match.start())
                range_start = match.end()
        yield from self._filled(range_start, end)

    def _filled(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        start, end = self._strip(start, end)
        if start < end:
            yield start, end
