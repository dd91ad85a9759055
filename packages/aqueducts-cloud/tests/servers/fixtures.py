"""The servers as fixtures of a session: each starts when the first test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.azurite_server import AzureServer, azurite
from servers.ceph_server import ceph, missing_programs
from servers.certificates import Certificates, make_certificates
from servers.gcs import GcsServer, gcs_fake
from servers.moto_server import moto
from servers.processes import is_missing_allowed
from servers.s3 import S3Server
from servers.web import WebServer, web_server

__all__ = [
    "azure_server",
    "ceph_server",
    "certificates",
    "gcs_server",
    "moto_server",
    "moto_tls_server",
    "signed_moto_server",
    "web",
]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates that only a client that is told to trusts."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An imitation of S3 that believes every key."""
    with moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def signed_moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An imitation of S3 that checks signatures."""
    with moto(tmp_path_factory.mktemp("moto"), checks_signatures=True) as server:
        yield server


@pytest.fixture(scope="session")
def moto_tls_server(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[S3Server]:
    """An imitation of S3 behind TLS."""
    with moto(tmp_path_factory.mktemp("moto"), certificates=certificates) as server:
        yield server


@pytest.fixture(scope="session")
def ceph_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server."""
    missing = missing_programs()
    if missing:
        told = f"install Ceph for this test: apt-get install {' '.join(missing)}"
        if is_missing_allowed():
            pytest.skip(told)
        pytest.fail(told)
    # A short name: paths of sockets in it have to fit into 107 bytes.
    with ceph(tmp_path_factory.mktemp("c")) as server:
        yield server


@pytest.fixture(scope="session")
def azure_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureServer]:
    """Microsoft's emulator of Azure's storage; clients find it by AZURITE_BLOB_STORAGE_URL too."""
    with (
        azurite(tmp_path_factory.mktemp("azurite")) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("AZURITE_BLOB_STORAGE_URL", server.endpoint)
        yield server


@pytest.fixture(scope="session")
def gcs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsServer]:
    """Our own fake of Google Cloud Storage."""
    with gcs_fake(tmp_path_factory.mktemp("gcs")) as server:
        yield server


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebServer]:
    """A web server over a folder of this test."""
    folder = tmp_path / "web"
    folder.mkdir()
    with web_server(folder) as server:
        yield server
