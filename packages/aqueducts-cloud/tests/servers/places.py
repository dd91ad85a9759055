"""A bucket of any server, as a pipeline and a test see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from servers.azurite_server import AzureServer
from servers.gcs import GcsServer
from servers.s3 import S3Server

__all__ = ["Place", "place_of"]


@dataclass(frozen=True)
class Place:
    """An empty bucket or container, and the server that has it."""

    server: S3Server | AzureServer | GcsServer
    scheme: str
    bucket: str
    storage_config: Mapping[str, str]

    def url(self, key: str = "") -> str:
        """The address of an object."""
        return f"{self.scheme}://{self.bucket}/{key}"

    def put(self, key: str, body: bytes) -> None:
        """Store an object, by other means than ours."""
        self.server.put(self.bucket, key, body)

    def get(self, key: str) -> bytes:
        """Read an object, by other means than ours."""
        return self.server.get(self.bucket, key)

    def names(self) -> list[str]:
        """The names of all objects, in order."""
        return self.server.keys(self.bucket)

    def unfinished_uploads(self) -> list[str]:
        """The names of what was begun to be uploaded; nobody sees such blobs of Azure."""
        if isinstance(self.server, AzureServer):
            return []
        return self.server.unfinished_uploads(self.bucket)

    def at(self, key: str = "", **options: str) -> dict[str, Any]:
        """The part of a source or destination that says where it is."""
        return {"location": self.url(key), "storage_config": {**self.storage_config, **options}}

    def through(self, url: str) -> Self:
        """The same bucket by way of a proxy, for pipelines; tests go straight to it."""
        if isinstance(self.server, AzureServer):
            endpoint = f"{url}/{self.server.account}"
            return replace(self, storage_config={**self.storage_config, "endpoint": endpoint})
        return replace(self, storage_config=self.server.through(url).storage_config)


def place_of(server: S3Server | AzureServer | GcsServer) -> Place:
    """A new, empty bucket."""
    if isinstance(server, AzureServer):
        return Place(server, "az", server.new_container(), server.storage_config)
    scheme = "gs" if isinstance(server, GcsServer) else "s3"
    return Place(server, scheme, server.new_bucket(), server.storage_config)
