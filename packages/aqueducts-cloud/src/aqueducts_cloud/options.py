"""`storage_config` as a store takes it: names settled, values checked, defaults filled in."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

import msgspec

from aqueducts.errors import StorageError
from aqueducts_cloud import __version__
from aqueducts_cloud.addresses import Provider
from aqueducts_cloud.keys import Option, environment_names, find_option

__all__ = ["CONNECT_TIMEOUT", "MAX_RETRIES", "TIMEOUT", "StoreOptions", "read_options"]

CONNECT_TIMEOUT = timedelta(seconds=5)
"""For a connection to be made."""
TIMEOUT = timedelta(seconds=60)
"""For one request with its answer, and for all attempts at it to begin."""
MAX_RETRIES = 10

_TRUE = frozenset({"true", "1", "yes", "y", "on", "t"})
_FALSE = frozenset({"false", "0", "no", "n", "off", "f"})
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)\s*")
_UNIT_SECONDS = {
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("", "s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}


class StoreOptions(msgspec.Struct, frozen=True):
    """What a store is made with. Shows no values."""

    store: Mapping[str, str]
    """Of the store itself, by obstore's names."""
    client: Mapping[str, Any]
    retry: Mapping[str, Any]
    profile: str | None = None
    table: Mapping[str, str] = {}
    """Of Delta tables alone."""

    def __repr__(self) -> str:
        return f"StoreOptions({', '.join(sorted([*self.store, *self.client, *self.retry]))})"


def read_options(provider: Provider | Literal["http"], given: Mapping[str, str]) -> StoreOptions:
    """The options for a provider.

    Raises StorageError, without values, for a key that is unknown or there twice, and for a value
    that is no switch, number or time.
    """
    found = _from_environment(provider)
    named: set[str] = set()
    for key, value in given.items():
        option = find_option(provider, key)
        if option.kind == "bucket":
            raise StorageError(
                f"storage_config has a key {key!r}: the location names it",
                hint="leave it out; one location is in one bucket",
            )
        if option.name in named:
            raise StorageError(
                f"storage_config has {found[option.name][0]!r} and {key!r}, which are one option",
                hint="leave one of them out",
            )
        named.add(option.name)
        found[option.name] = (key, option, value.strip())
    return _settled(found)


def _from_environment(
    provider: Provider | Literal["http"],
) -> dict[str, tuple[str, Option, str]]:
    """Options of the client and of retries; obstore takes those of the store itself from there."""
    found: dict[str, tuple[str, Option, str]] = {}
    for option, variable in environment_names(provider):
        value = os.environ.get(variable, "").strip()
        if value:
            found.setdefault(option.name, (variable, option, value))
    return found


def _settled(found: Mapping[str, tuple[str, Option, str]]) -> StoreOptions:
    kinds: dict[str, dict[str, Any]] = {"store": {}, "client": {}, "retry": {}, "table": {}}
    profile: str | None = None
    for name, (key, option, text) in found.items():
        if option.kind == "profile":
            profile = text
        else:
            kinds[option.kind][name] = _value(key, option, text)
    client: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT, "timeout": TIMEOUT}
    client["user_agent"] = f"aqueducts/{__version__}"
    return StoreOptions(
        store=kinds["store"],
        client={**client, **kinds["client"]},
        retry=_retries(kinds["retry"]),
        profile=profile,
        table=kinds["table"],
    )


def _retries(given: Mapping[str, Any]) -> dict[str, Any]:
    backoff = {name: given[name] for name in ("init_backoff", "max_backoff") if name in given}
    if "base" in given:
        backoff["base"] = float(given["base"])
    retry: dict[str, Any] = {
        "max_retries": given.get("max_retries", MAX_RETRIES),
        "retry_timeout": given.get("retry_timeout", TIMEOUT),
    }
    if backoff:
        retry["backoff"] = {
            "init_backoff": timedelta(milliseconds=100),
            "max_backoff": timedelta(seconds=15),
            "base": 2,
            **backoff,
        }
    return retry


def _value(key: str, option: Option, text: str) -> Any:
    if option.is_flag:
        return _flag(key, option, text)
    if option.is_duration:
        return _duration(key, text)
    if option.is_count:
        if not text.isdecimal():
            raise _bad_value(key, "a number such as 3")
        return int(text) if option.kind == "retry" else text
    if option.name == "base":
        try:
            float(text)
        except ValueError:
            raise _bad_value(key, "a number such as 2") from None
    return text


def _flag(key: str, option: Option, text: str) -> Any:
    lowered = text.lower()
    if lowered not in _TRUE | _FALSE:
        raise _bad_value(key, "true or false")
    value = lowered in _TRUE
    return value if option.kind == "client" else str(value).lower()


def _duration(key: str, text: str) -> timedelta:
    lowered = text.lower()
    seconds = 0.0
    end = 0
    for span in _SPAN.finditer(lowered):
        if span.start() != end or span[2] not in _UNIT_SECONDS:
            break
        seconds += float(span[1]) * _UNIT_SECONDS[span[2]]
        end = span.end()
    if not lowered or end != len(lowered) or seconds <= 0:
        raise _bad_value(key, "a time such as 30s or 2min")
    return timedelta(seconds=seconds)


def _bad_value(key: str, wanted: str) -> StorageError:
    return StorageError(f"the value of {key!r} is not {wanted}", hint=f"write {wanted}")
