"""ODBC connection strings: `Driver={PostgreSQL Unicode};Server=db;PWD={a;b}`.

What is not changed keeps the very words of the user: drivers differ in what they take. Braces
around a value let it hold `;`, and a closing brace inside of them is doubled (SQLDriverConnect in
the documents of ODBC).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

__all__ = ["ConnectionString", "ConnectionStringError", "quoted_value"]

_PASSWORD_KEYS = ("pwd", "password")
_USER_KEYS = ("uid", "user", "username", "user id")
_SECRET_KEY = re.compile(r"pwd|pass(word|wd|phrase)|secret|token|key$|credential", re.IGNORECASE)
_NEEDS_BRACES = re.compile(r"[;{}\[\]()?*!@,=]|^\s|\s$")


class ConnectionStringError(ValueError):
    """A connection string that cannot be understood; its message shows none of it but keywords."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class _Pair(msgspec.Struct, frozen=True):
    key: str
    value: str
    text: str


class ConnectionString:
    """The keywords of a connection string. Shows no values."""

    def __init__(self, text: str) -> None:
        """Take it apart. Raises ConnectionStringError."""
        self._pairs = tuple(_pairs(text))

    def __repr__(self) -> str:
        return f"<ConnectionString with {', '.join(pair.key for pair in self._pairs)}>"

    def get(self, *keys: str) -> str | None:
        """The value of the first of these keywords that is there; keywords have no case."""
        wanted = [key.lower() for key in keys]
        found = (pair.value for pair in self._pairs if pair.key.lower() in wanted)
        return next(found, None)

    @property
    def password(self) -> str | None:
        """The password in it."""
        return self.get(*_PASSWORD_KEYS)

    @property
    def user(self) -> str | None:
        """The user in it."""
        return self.get(*_USER_KEYS)

    @property
    def secrets(self) -> frozenset[str]:
        """Every value that is not to be shown."""
        return frozenset(
            pair.value for pair in self._pairs if _SECRET_KEY.search(pair.key) and pair.value
        )

    def has(self, key: str) -> bool:
        """Whether the user set this keyword."""
        return any(pair.key.lower() == key.lower() for pair in self._pairs)

    def text(
        self,
        *,
        user: str | None = None,
        password: str | None = None,
        defaults: Mapping[str, str] | None = None,
    ) -> str:
        """The string to connect with: other credentials, and keywords that were not set yet.

        Raises ConnectionStringError for a value that no connection string can hold.
        """
        left_out = {
            *(_USER_KEYS if user is not None else ()),
            *(_PASSWORD_KEYS if password is not None else ()),
        }
        parts = [pair.text for pair in self._pairs if pair.key.lower() not in left_out]
        if user is not None:
            parts.append(f"UID={quoted_value(user)}")
        if password is not None:
            parts.append(f"PWD={quoted_value(password)}")
        for key, value in (defaults or {}).items():
            if not self.has(key):
                parts.append(f"{key}={quoted_value(value)}")
        return "".join(f"{part};" for part in parts)

    def keys(self) -> Iterable[str]:
        """All keywords, as they were written."""
        return [pair.key for pair in self._pairs]


def quoted_value(value: str) -> str:
    """A value as it stands in a connection string, in braces where it needs them."""
    if "\0" in value:
        raise ConnectionStringError(
            "a user or password holds a NUL character, which ends a connection string"
        )
    if not _NEEDS_BRACES.search(value):
        return value
    return "{" + value.replace("}", "}}") + "}"


def _pairs(text: str) -> Iterable[_Pair]:
    place = 0
    while place < len(text):
        if text[place] in "; \t\r\n":
            place += 1
            continue
        equals = text.find("=", place)
        end = text.find(";", place)
        if equals < 0 or 0 <= end < equals:
            raise _not_understood(text, place)
        key = text[place:equals].strip()
        if not key:
            raise _not_understood(text, place)
        value, stop = _value(text, equals + 1, key)
        yield _Pair(key=key, value=value, text=text[place:stop].strip())
        place = stop


def _value(text: str, start: int, key: str) -> tuple[str, int]:
    """A value from here on, and where it ends."""
    while start < len(text) and text[start] in " \t":
        start += 1
    if not text.startswith("{", start):
        end = text.find(";", start)
        end = len(text) if end < 0 else end
        return text[start:end].strip(), end
    braced = re.compile(r"\{((?:[^}]|\}\})*)\}[ \t\r\n]*(?=;|$)").match(text, start)
    if braced is None:
        raise ConnectionStringError(
            f"the value of {key!r} in the connection string begins with a brace and has no end",
            hint="write a value that holds ; in braces, and a closing brace in it twice: {a;b}}c}",
        )
    return braced[1].replace("}}", "}"), braced.end()


def _not_understood(text: str, place: int) -> ConnectionStringError:
    if re.match(r"\s*[a-z0-9+]+://", text, re.IGNORECASE):
        return ConnectionStringError(
            "the connection string is a URL, and ODBC takes none",
            hint="such as Driver={PostgreSQL Unicode};Server=db.example.org;Database=shop",
        )
    number = text[:place].count(";") + 1
    return ConnectionStringError(
        f"part {number} of the connection string is no keyword with a value",
        hint="parts are KEY=VALUE with ; between them; a value that holds ; is written in braces: "
        "PWD={a;b}",
    )
