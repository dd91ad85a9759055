"""Resolving `${secret:SCHEME:REF}`, and keeping what was resolved out of everything shown."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, quote_plus

import msgspec
from pydantic import BaseModel, SecretStr

from aqueducts.access import UNLIMITED, Access
from aqueducts.errors import AqueductsError, PipelineError, SecretError
from aqueducts.models.fields import SECRET_REFERENCE

if TYPE_CHECKING:
    from aqueducts.connectors import SecretResolver
    from aqueducts.events import Event
    from aqueducts.plugins import Plugins

__all__ = ["MASK", "SecretVault"]

EventT = TypeVar("EventT", bound="Event")

MASK = "***"
"""What is shown in the place of a secret."""

_SHORTEST_INSIDE_WORDS = 4
"""Shorter secrets are masked only where they stand alone, or half of all text would be."""

_SHORTEST_LINE = 8
"""Lines of a secret of several lines, such as a private key, are secrets from this length on."""

_NEVER_SECRET = frozenset({"", "true", "false", "yes", "no", "on", "off", "null", "none"})
"""Options of stores are kept as secrets one and all; these are switches."""

_KEYWORDS = frozenset({"code", "kind", "path", "run_id", "severity", "step"})
"""Fields of events and problems that hold words of ours, which programs compare."""


class SecretVault:
    """The secrets of one run: resolves references once, and masks every value it has seen.

    May be used from several threads at once.
    """

    def __init__(self, plugins: Plugins, access: Access = UNLIMITED) -> None:
        self._plugins = plugins
        self.access = access
        self._lock = RLock()
        self._resolvers: dict[str, SecretResolver] = {}
        self._resolved: dict[str, str] = {}
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def reveal(self, value: str | SecretStr) -> str:
        """Return a text with its references resolved. Never store, log or show the result.

        Raises SecretError for what cannot be resolved.
        """
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        revealed = SECRET_REFERENCE.sub(self._resolve, text)
        if isinstance(value, SecretStr):
            self._remember([revealed])
        return revealed

    def remember(self, value: Any) -> None:
        """Mask from now on every SecretStr in a value: in a model, mapping, list, or itself."""
        texts = [each.get_secret_value() for each in _secrets_in(value)]
        # A text with references is remembered once they are resolved.
        self._remember(text for text in texts if SECRET_REFERENCE.search(text) is None)

    def mask(self, text: str) -> str:
        """Return a text with every known secret replaced, also where it is written encoded."""
        pattern = self._pattern
        return text if pattern is None else pattern.sub(MASK, text)

    def mask_error(self, error: BaseException) -> None:
        """Take every known secret out of an error, its problems and the errors that caused it."""
        seen: set[int] = set()
        cause: BaseException | None = error
        while cause is not None and id(cause) not in seen:
            seen.add(id(cause))
            cause.args = self._mask_parts(cause.args)
            if isinstance(cause, OSError):  # whose text is made of these
                cause.filename = self._mask_parts(cause.filename)
                cause.filename2 = self._mask_parts(cause.filename2)
            if isinstance(cause, AqueductsError):
                cause.message, cause.hint = self.mask(cause.message), self._mask_parts(cause.hint)
                cause.note = self._mask_parts(cause.note)
            if isinstance(cause, PipelineError):
                cause.problems = self._mask_parts(cause.problems)
            cause = cause.__cause__ or cause.__context__

    def mask_event(self, event: EventT) -> EventT:
        """Return an event with every known secret replaced in all its texts."""
        return event if self._pattern is None else self._mask_parts(event)

    def _mask_parts(self, value: Any) -> Any:
        match value:
            case str():
                return self.mask(value)
            case tuple():
                return tuple(self._mask_parts(item) for item in value)
            case msgspec.Struct():
                texts = {
                    name: self._mask_parts(getattr(value, name))
                    for name in value.__struct_fields__
                    if name not in _KEYWORDS
                }
                return msgspec.structs.replace(value, **texts)
            case _:
                return value

    def __repr__(self) -> str:
        return f"<SecretVault of {len(self._values)} secrets>"

    def _resolve(self, match: re.Match[str]) -> str:
        reference, scheme, name = match[0], match[1], match[2]
        with self._lock:
            if reference not in self._resolved:
                self.access.check_secret(scheme, name)
                value = self._resolver(scheme, reference).resolve(name)
                self._resolved[reference] = value
                self._remember([value])
            return self._resolved[reference]

    def _resolver(self, scheme: str, reference: str) -> SecretResolver:
        if scheme not in self._resolvers:
            offer = self._plugins.secret_resolvers
            if scheme not in offer:
                error = self._plugins.missing(offer, scheme)
                message = f"{reference} cannot be resolved: {error.message}"
                raise SecretError(message, hint=error.hint) from error
            self._resolvers[scheme] = offer[scheme]()
        return self._resolvers[scheme]

    def _remember(self, values: Iterable[str]) -> None:
        with self._lock:
            known = len(self._values)
            self._values.update(each for value in values for each in _secret_parts(value))
            if len(self._values) > known:
                self._pattern = _pattern_of(self._values)


def _secrets_in(value: Any) -> Iterator[SecretStr]:
    match value:
        case SecretStr():
            yield value
        case BaseModel():
            yield from _secrets_in([item for _, item in value])
            yield from _secrets_in(value.model_extra or {})
        case Mapping():
            yield from _secrets_in(list(value.values()))
        case list() | tuple() | set() | frozenset():
            for item in value:
                yield from _secrets_in(item)


def _secret_parts(value: str) -> Iterator[str]:
    if value.strip().lower() in _NEVER_SECRET:
        return
    yield value
    lines = value.splitlines()
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= _SHORTEST_LINE)


def _pattern_of(values: Iterable[str]) -> re.Pattern[str]:
    """Return what finds all values in all their forms, the longest that fits at each place."""
    inside: set[str] = set()
    alone: set[str] = set()
    for value in values:
        if len(value) < _SHORTEST_INSIDE_WORDS:
            alone.add(value)
        else:
            inside.update(_forms(value))
    words = [(len(form), re.escape(form)) for form in inside]
    words += [(len(form), rf"(?<!\w){re.escape(form)}(?!\w)") for form in alone]
    return re.compile("|".join(form for _, form in sorted(words, reverse=True)))


def _forms(value: str) -> Iterator[str]:
    """Yield the ways in which messages, URLs and logs write a value."""
    yield value
    for encoded in (quote(value, safe=""), quote(value), quote_plus(value)):
        yield encoded
        yield re.sub("%..", lambda match: match[0].lower(), encoded)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]
    yield from _base64_forms(value.encode("utf-8", "surrogatepass"))


def _base64_forms(data: bytes) -> Iterator[str]:
    """Yield what base64 makes of the bytes, alone and as a part of longer data.

    Three bytes become four characters; what stands before the secret shifts it by 0 to 2 bytes,
    and its first and last character then depend on its neighbours.
    """
    for shift in range(3):
        padded = b"\0" * shift + data
        first = -(-shift * 8 // 6)
        last = len(padded) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            part = encode(padded).decode()[first:last]
            if len(part) >= _SHORTEST_INSIDE_WORDS:
                yield part
    yield base64.b64encode(data).decode()
    yield base64.urlsafe_b64encode(data).decode()
