"""Bodies of requests: bounded in bytes, in time and in depth."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from aqueducts.protocol.limits import MAX_BODY_BYTES, MAX_DEPTH

__all__ = ["BadRequestError", "check_depth", "read_body"]

BodyT = TypeVar("BodyT")

_BODY_SECONDS = 30.0
_MOST_VALUES = 100_000
"""Of one body; what has more would only take long to refuse."""
_LARGE_BYTES = 64 << 10
"""Bodies above it are looked at in a thread."""


class BadRequestError(Exception):
    """What is wrong with a request, and the status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


async def read_body(
    request: web.Request, kind: type[BodyT], *, default: BodyT | None = None
) -> BodyT:
    """The JSON body of a request; `default` where there is none. Raises BadRequestError."""
    content = await _read(request)
    if not content.strip() and default is not None:
        return default
    if request.content_type != "application/json":
        raise BadRequestError(415, "The body has to be JSON: send Content-Type: application/json")
    if len(content) > _LARGE_BYTES:
        return await asyncio.to_thread(_decode, content, kind)
    return _decode(content, kind)


def check_depth(content: bytes | str) -> None:
    """Refuse JSON that is no JSON, nested too deep, or has too many values (BadRequestError)."""
    try:
        value = msgspec.json.decode(content)
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise BadRequestError(400, f"This is not JSON: {error}") from None
    count, depth = 1, 0
    level = [value] if isinstance(value, dict | list) else []
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _too_deep()
        below: list[Any] = []
        for each in level:
            inner = each.values() if isinstance(each, dict) else each
            count += len(each)
            below.extend(part for part in inner if isinstance(part, dict | list))
        if count > _MOST_VALUES:
            raise BadRequestError(400, f"The JSON has more than {_MOST_VALUES:,} values")
        level = below


async def _read(request: web.Request) -> bytes:
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise _too_large()
    parts, size = [], 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for part in request.content.iter_any():
                size += len(part)
                if size > MAX_BODY_BYTES:
                    raise _too_large()
                parts.append(part)
    except TimeoutError:
        raise BadRequestError(408, f"The body took more than {_BODY_SECONDS:g} seconds") from None
    return b"".join(parts)


def _decode(content: bytes, kind: type[BodyT]) -> BodyT:
    check_depth(content)
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise BadRequestError(400, f"The body is not as it should be: {error}") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise BadRequestError(400, f"This is not JSON: {error}") from None


def _too_large() -> BadRequestError:
    return BadRequestError(413, f"The body is larger than {MAX_BODY_BYTES >> 20} MiB")


def _too_deep() -> BadRequestError:
    return BadRequestError(400, f"The JSON is nested more than {MAX_DEPTH} levels deep")
