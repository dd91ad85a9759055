"""The object stores that tests talk to."""

from __future__ import annotations

import pytest
from servers.fixtures import (
    azure_server,
    ceph_server,
    certificates,
    gcs_server,
    moto_server,
    moto_tls_server,
    signed_moto_server,
    web,
)
from servers.s3 import S3Server

__all__ = [
    "azure_server",
    "ceph_server",
    "certificates",
    "gcs_server",
    "moto_endpoint",
    "moto_server",
    "moto_tls_server",
    "signed_moto_server",
    "web",
]


@pytest.fixture(scope="session")
def moto_endpoint(moto_server: S3Server) -> str:
    """The address of the imitation of S3."""
    return moto_server.endpoint
