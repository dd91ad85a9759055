"""What a run may reach: files, hosts and secrets. Asked before anything is opened.

A run in the shell of its author has no limits. One that was sent to an executor has those of the
executor: a pipeline is code, and whoever may submit one need not be allowed to read the machine.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from aqueducts.errors import AccessError

__all__ = ["UNLIMITED", "Access", "LimitedAccess"]


class Access:
    """No limits: what a class below it limits, it overrides.

    Methods raise AccessError, and may be called from any thread.
    """

    is_limited = False
    """Whether anything is refused; where not, there is no need to ask."""

    def __repr__(self) -> str:
        return "UNLIMITED"

    def check_path(self, path: str) -> None:
        """Refuse a file or folder of this machine that is not to be read or written.

        Symbolic links are followed, whether the end of the path exists or not.
        """

    def check_location(self, location: str, options: Mapping[str, str]) -> None:
        """Refuse a URL, or an option of its store, that leads where the run may not go.

        Paths are for `check_path`.
        """

    def check_host(self, host: str, port: int | None = None) -> None:
        """Refuse a host of an address that the pipeline chose."""

    def check_secret(self, scheme: str, reference: str) -> None:
        """Refuse a secret that is not for pipelines."""

    def check_commit(self, proof: str | None) -> None:
        """Refuse to let what was written take the target's place, which comes next.

        Returns once that may be, and never where the run is being stopped. `proof` is what
        `Store.has_committed` knows the write by.
        """


UNLIMITED = Access()
"""What a run has that nobody limits."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_NAMES_HOST = re.compile(r"endpoint|url|uri|proxy|host", re.IGNORECASE)
_NAMES_FILE = re.compile(r"(^|_)(file|path|dir|directory)$", re.IGNORECASE)
_ASKS_MACHINE = re.compile(r"imds|metadata|container_credentials", re.IGNORECASE)
"""Options with which a store asks the machine's cloud who it is."""
_FROM_HOSTS = frozenset({"http", "https", "ws", "wss", "ftp", "hdfs"})
"""Schemes whose URLs name a host; in others there is a bucket or an account."""


@dataclass(frozen=True)
class LimitedAccess(Access):
    """Files below some folders, hosts that are public, and secrets with some names."""

    roots: Sequence[str] = ()
    """Folders whose content may be read and written."""
    hidden: Sequence[str] = ()
    """Folders and files in them that may not."""
    endpoints: Sequence[str] = ()
    """Hosts that may be reached though they are not public: names with `*`, networks such as
    `10.0.0.0/8`, each with `:PORT` or without. `*` is all."""
    secrets: Sequence[str] = ()
    """Secrets that may be used, as `SCHEME:REFERENCE` with `*`."""
    resolve: Callable[[str], Sequence[str]] | None = None
    """Tells the addresses of a host; None asks the system."""

    is_limited = True

    def check_path(self, path: str) -> None:
        """Only what is below a root, wherever links lead, and is not hidden."""
        if "\x00" in path:
            raise AccessError("a path holds a NUL character")
        real = os.path.realpath(path)
        if any(_is_below(real, os.path.realpath(each)) for each in self.hidden):
            raise AccessError(f"{path!r} is not for pipelines")
        if not any(_is_below(real, os.path.realpath(root)) for root in self.roots):
            leads = "" if real == path else f" leads to {real!r}, which"
            raise AccessError(
                f"{path!r}{leads} is outside of the folders that pipelines may use",
                hint="use a path below one of the data roots: " + ", ".join(self.roots),
            )

    def check_location(self, location: str, options: Mapping[str, str]) -> None:
        """Hosts in the URL and the options, files in the options, and what asks the machine."""
        scheme = location.partition("://")[0].lower()
        if scheme in _FROM_HOSTS and _URL.match(location):
            self._check_url(location)
        for key, value in options.items():
            if _ASKS_MACHINE.search(key):
                raise AccessError(
                    f"the option {key!r} is not for pipelines",
                    hint="it has a store ask the machine that it runs on for credentials",
                )
            if value.lower() in ("", "true", "false"):
                continue
            if _URL.match(value):
                self._check_url(value)
            elif _NAMES_FILE.search(key):
                self.check_path(value)
            elif _NAMES_HOST.search(key):
                self._check_url(f"//{value}")

    def check_host(self, host: str, port: int | None = None) -> None:
        """Public addresses only, unless the host is among `endpoints`."""
        name = host.strip("[]").rstrip(".").lower()
        if any(_endpoint_fits(each, name, port, ()) for each in self.endpoints):
            return
        addresses = (self.resolve or _addresses)(name)
        for address in addresses:
            found = _plain(address)
            if any(_endpoint_fits(each, name, port, (found,)) for each in self.endpoints):
                continue
            if not found.is_global or found.is_multicast:
                raise AccessError(
                    f"the host {host!r} is at {found}, which is not a public address",
                    hint="who runs the executor can allow it: --allow-endpoint",
                )
        if not addresses:
            raise AccessError(f"the host {host!r} cannot be found")

    def check_secret(self, scheme: str, reference: str) -> None:
        """Names that fit one of `secrets`; those of files only where no `..` or link leads out."""
        name = f"{scheme}:{reference}"
        fits = [each for each in self.secrets if fnmatch.fnmatchcase(name, each)]
        if scheme == "file":
            fits = [each for each in fits if _stays_inside(each.partition(":")[2], reference)]
        if not fits:
            raise AccessError(
                f"the secret {name!r} is not for pipelines",
                hint="who runs the executor can allow it: --allow-secret",
            )

    def _check_url(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host:
            raise AccessError("the address of a store names no host")
        self.check_host(host, port)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _stays_inside(pattern: str, path: str) -> bool:
    """Whether the file is, links followed, where the part of the pattern before any `*` is."""
    fixed = re.split(r"[*?\[]", pattern, maxsplit=1)[0]
    is_whole = fixed == pattern
    folder = fixed if is_whole else fixed.rpartition("/")[0]
    if not folder.startswith("/") or ".." in path.split("/"):
        return False
    return is_whole or _is_below(os.path.realpath(path), os.path.realpath(folder))


def _addresses(host: str) -> Sequence[str]:
    try:
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return ()
    return sorted({str(each[4][0]) for each in found})


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses as networks of IPv6 only reach them."""


def _plain(address: str) -> _Address:
    """The address that is meant: one of IPv4 may be inside one of IPv6."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv4Address):
        return found
    inside = found.ipv4_mapped or found.sixtofour
    if inside is None and found in _TRANSLATED:
        inside = ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
    return inside or found


def _endpoint_fits(
    pattern: str, host: str, port: int | None, addresses: Sequence[_Address]
) -> bool:
    """Whether an allowed endpoint is this host, or holds the address."""
    allowed, _, allowed_port = (
        pattern.partition(":") if pattern.count(":") == 1 else (pattern, "", "")
    )
    if allowed_port and allowed_port != str(port or ""):
        return False
    allowed = allowed.strip("[]").lower()
    if not addresses:
        return fnmatch.fnmatchcase(host, allowed)
    try:
        network = ipaddress.ip_network(allowed, strict=False)
    except ValueError:
        return False
    return all(address in network for address in addresses)
