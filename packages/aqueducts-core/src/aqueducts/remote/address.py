"""Where an executor is."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from aqueducts.protocol.limits import DEFAULT_PORT, WEBSOCKET_PATH

__all__ = ["Address"]

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_HAS_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True)
class Address:
    """The address of an executor, from `HOST:PORT`, `HOST` or a URL."""

    url: str
    """`http://host:port`, or with a path below which the executor answers; no slash at the end."""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address. Raises ValueError with words for the user."""
        has_scheme = _HAS_SCHEME.match(text) is not None
        parts = urlsplit(text if has_scheme else f"http://{text}")
        scheme = _SCHEMES.get(parts.scheme.lower())
        if scheme is None:
            raise ValueError(f"an executor is not spoken to by {parts.scheme}://; give http, https")
        if parts.username is not None or parts.password is not None:
            raise ValueError("an address holds no name and password; the key is an option")
        if parts.query or parts.fragment:
            raise ValueError("an address ends with the path; ? and # have no meaning in it")
        host, port = _host_and_port(parts, text)
        if port is None and not has_scheme:
            port = DEFAULT_PORT
        shown = f"[{host}]" if ":" in host else host
        place = shown if port is None else f"{shown}:{port}"
        path = parts.path.rstrip("/").removesuffix(WEBSOCKET_PATH)
        return cls(f"{scheme}://{place}{path}")

    def __str__(self) -> str:
        return self.url

    @property
    def name(self) -> str:
        """The address as people say it: without the scheme where that is the usual one."""
        return self.url.removeprefix("http://")

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine, where no proxy has anything to do."""
        host = urlsplit(self.url).hostname or ""
        if host == "localhost" or host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def http(self, path: str) -> str:
        """The URL of a path of the API."""
        return f"{self.url}{path}"


def _host_and_port(parts: SplitResult, text: str) -> tuple[str, int | None]:
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"{text!r} has no port between 0 and 65535") from None
    if not host or any(character.isspace() for character in host):
        raise ValueError(f"{text!r} names no host; give HOST:PORT or a URL")
    return host, port
