"""Whether a request has the key."""

from __future__ import annotations

import hashlib
import hmac

from aiohttp import web

from aqueducts.protocol.limits import API_KEY_HEADER

__all__ = ["Keys", "not_authenticated"]


class Keys:
    """The keys that clients may send; kept as hashes, compared in constant time."""

    def __init__(self, *keys: str) -> None:
        self._hashes = [_hash(key) for key in keys]

    def accept(self, request: web.Request) -> bool:
        """Whether exactly one key was sent, and is one of these."""
        given = request.headers.getall(API_KEY_HEADER, [])
        hashed = _hash(given[0] if len(given) == 1 else "")
        # All are compared, whichever fits.
        fits = [hmac.compare_digest(hashed, each) for each in self._hashes]
        return any(fits) and len(given) == 1


def not_authenticated() -> web.Response:
    """The same bytes, whatever is wrong with the key."""
    return web.Response(
        body=b'{"error": "Authentication failed"}',
        status=401,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
