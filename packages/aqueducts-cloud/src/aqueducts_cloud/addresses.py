"""What the URLs of object stores name: a provider, a bucket, a key."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

import msgspec

from aqueducts.errors import StorageError

__all__ = ["Address", "Provider", "parse_address", "provider_of"]

Provider: TypeAlias = Literal["s3", "gcs", "azure"]

_PROVIDERS: dict[str, Provider] = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gcs",
    "gcs": "gcs",
    "az": "azure",
    "azure": "azure",
    "abfs": "azure",
    "abfss": "azure",
}
_AZURE_HOST = re.compile(
    r"(?P<account>[a-z0-9-]{1,63})\.(?P<kind>dfs|blob)\.(?P<zone>[a-z0-9.-]+)", re.IGNORECASE
)
_FABRIC_ZONE = "fabric.microsoft.com"
_PUBLIC_ZONE = "core.windows.net"
_EXAMPLES: dict[Provider, str] = {
    "s3": "s3://bucket/folder/file.csv",
    "gcs": "gs://bucket/folder/file.csv",
    "azure": "az://container/folder/file.csv, or abfss://container@account.dfs.core.windows.net/...",
}
_USER_INFO = re.compile(r"//[^/@]*:[^/@]*@")


class Address(msgspec.Struct, frozen=True):
    """One place in a bucket. Keys are as they are: nothing in a location is decoded."""

    provider: Provider
    scheme: str
    authority: str
    """What stands between scheme and key: `container@account.dfs.core.windows.net`."""
    bucket: str
    """Azure calls it a container."""
    key: str
    """Without a slash at its beginning or end; empty for the whole bucket."""
    is_folder: bool
    """Whether the location ends in a slash, or names nothing but the bucket."""
    account: str | None = None
    """Azure's account, where the location names it."""
    endpoint: str | None = None
    """Azure's endpoint, where the location names one that is not the usual."""
    is_fabric: bool = False
    """Whether it is a place in Microsoft Fabric."""

    @property
    def base(self) -> str:
        """The URL of the bucket, with a slash at its end."""
        return f"{self.scheme}://{self.authority}/"

    @property
    def shown(self) -> str:
        """The location, for messages."""
        slash = "/" if self.is_folder and self.key else ""
        return f"{self.base}{self.key}{slash}"

    def url(self, key: str) -> str:
        """The URL of a key in the same bucket."""
        return f"{self.base}{key}"

    def key_of(self, url: str) -> str:
        """The key of a URL that `url` gave."""
        return url.removeprefix(self.base)


def provider_of(scheme: str) -> Provider:
    """Whose scheme it is."""
    return _PROVIDERS[scheme]


def parse_address(location: str) -> Address:
    """The parts of a location. Raises StorageError for one that names no bucket."""
    scheme, _, rest = location.partition("://")
    provider = _PROVIDERS[scheme.lower()]
    if _USER_INFO.search(location):
        raise StorageError(
            f"a {scheme}:// location holds no user and password",
            hint="put credentials into storage_config",
        )
    authority, _, key = rest.partition("/")
    place = _Place(bucket=authority)
    if provider == "azure" and "@" in authority:
        place = _azure_place(location, authority)
    if not place.bucket or key.startswith("/") or "//" in key or {".", ".."} & set(key.split("/")):
        raise StorageError(
            f"{location!r} is no location in a bucket",
            hint=f"write it like {_EXAMPLES[provider]}, without empty names, '.' and '..'",
        )
    return Address(
        provider=provider,
        scheme=scheme.lower(),
        authority=authority,
        bucket=place.bucket,
        key=key.rstrip("/"),
        is_folder=not key or key.endswith("/"),
        account=place.account,
        endpoint=place.endpoint,
        is_fabric=place.is_fabric,
    )


class _Place(msgspec.Struct, frozen=True):
    bucket: str
    account: str | None = None
    endpoint: str | None = None
    is_fabric: bool = False


def _azure_place(location: str, authority: str) -> _Place:
    bucket, _, host = authority.partition("@")
    match = _AZURE_HOST.fullmatch(host)
    if match is None:
        raise StorageError(
            f"{location!r} names no account of Azure",
            hint=f"write it like {_EXAMPLES['azure']}",
        )
    zone = match["zone"].lower()
    is_usual = zone in (_PUBLIC_ZONE, _FABRIC_ZONE)
    return _Place(
        bucket=bucket,
        account=match["account"].lower(),
        endpoint=None if is_usual else f"https://{match['account']}.blob.{zone}",
        is_fabric=zone == _FABRIC_ZONE,
    )
