"""JSON answers."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from aiohttp import web

from aqueducts.protocol import ErrorAnswer, encode
from aqueducts.protocol.limits import BUSY_RETRY_SECONDS

__all__ = ["answer", "error_answer"]


def answer(
    body: msgspec.Struct, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A body as JSON, which nobody keeps."""
    return web.Response(
        body=encode(body),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def error_answer(status: int, error: str) -> web.Response:
    """Something that is wrong, in words."""
    headers = {"Retry-After": str(BUSY_RETRY_SECONDS)} if status == 503 else None
    return answer(ErrorAnswer(error=error), status=status, headers=headers)
