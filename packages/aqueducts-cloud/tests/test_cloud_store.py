"""The stores held to the contract, each against a server."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest
from servers.azurite_server import AzureServer
from servers.gcs import GcsServer
from servers.s3 import S3Server

from aqueducts.connectors import ObjectStoreType
from aqueducts.testing import ObjectStoreSuite
from aqueducts_cloud.store_types import AzureStoreType, GcsStoreType, S3StoreType


class _Server(Protocol):
    """What the checks need of a server."""

    @property
    def storage_config(self) -> dict[str, str]: ...

    def get(self, bucket: str, key: str) -> bytes: ...


class _CloudSuite(ObjectStoreSuite):
    """A bucket of a running server."""

    server: _Server
    bucket: str
    kind: type[ObjectStoreType]
    scheme: str

    def store_type(self) -> type[ObjectStoreType]:
        return self.kind

    def location(self, folder: Path) -> str:
        place = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        return f"{self.scheme}://{self.bucket}/{place}/a folder, ü%20"

    def options(self) -> Mapping[str, str]:
        return self.server.storage_config

    def read_file(self, path: str) -> bytes:
        return self.server.get(self.bucket, path.removeprefix(f"{self.scheme}://{self.bucket}/"))

    def bad_location(self) -> str:
        return f"{self.scheme}:///no-bucket.csv"


class TestS3(_CloudSuite):
    """moto."""

    kind, scheme = S3StoreType, "s3"

    @pytest.fixture(autouse=True)
    def a_bucket(self, moto_server: S3Server) -> None:
        """Of its own."""
        self.server, self.bucket = moto_server, moto_server.new_bucket()


class TestCeph(_CloudSuite):
    """The server that is no imitation."""

    kind, scheme = S3StoreType, "s3a"

    @pytest.fixture(autouse=True)
    def a_bucket(self, ceph_server: S3Server) -> None:
        """Of its own."""
        self.server, self.bucket = ceph_server, ceph_server.new_bucket()


class TestGcs(_CloudSuite):
    """Our own fake."""

    kind, scheme = GcsStoreType, "gs"

    @pytest.fixture(autouse=True)
    def a_bucket(self, gcs_server: GcsServer) -> None:
        """Of its own."""
        self.server, self.bucket = gcs_server, gcs_server.new_bucket()


class TestAzure(_CloudSuite):
    """Microsoft's emulator."""

    kind, scheme = AzureStoreType, "az"

    @pytest.fixture(autouse=True)
    def a_bucket(self, azure_server: AzureServer) -> None:
        """Of its own."""
        self.server, self.bucket = azure_server, azure_server.new_container()
