"""The fake of Google Cloud Storage keeps what its head says, so that it does not drift unseen."""

from __future__ import annotations

import http.client
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest

from servers.gcs import GcsServer, gcs_fake
from servers.processes import HOST

_PART = bytes(5 << 20)


class _Client:
    """A bucket, and requests to it."""

    def __init__(self, server: GcsServer) -> None:
        self.server, self.bucket = server, server.new_bucket()

    def ask(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection(HOST, self.server.port)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, f"/{self.bucket}{path}", body=body, headers=named)
        answer = connection.getresponse()
        told = answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}
        connection.close()
        return told

    def listed(self, query: str) -> tuple[list[str], list[str], str | None]:
        root = ET.fromstring(self.ask("GET", f"?list-type=2&{query}")[1])
        prefixes = [each.findtext("Prefix") or "" for each in root.iter("CommonPrefixes")]
        keys = [each.findtext("Key") or "" for each in root.iter("Contents")]
        return keys, prefixes, root.findtext("NextContinuationToken")

    def begin(self, key: str) -> str:
        name = ET.fromstring(self.ask("POST", f"/{key}?uploads")[1]).findtext("UploadId")
        assert name is not None
        return name

    def complete(self, key: str, upload: str, *numbers: int) -> tuple[int, bytes]:
        parts = "".join(f"<Part><PartNumber>{n}</PartNumber></Part>" for n in numbers)
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        return self.ask("POST", f"/{key}?uploadId={upload}", body)[:2]


@pytest.fixture
def client(gcs_server: GcsServer) -> _Client:
    """A new bucket."""
    return _Client(gcs_server)


def test_objects_have_an_etag_and_a_generation(client: _Client) -> None:
    """Both change with each write, and reads tell the same."""
    _, _, first = client.ask("PUT", "/a", b"one")
    _, _, second = client.ask("PUT", "/a", b"two")
    assert int(second["x-goog-generation"]) > int(first["x-goog-generation"])
    assert second["etag"] != first["etag"]
    status, body, told = client.ask("GET", "/a")
    assert (status, body, told["etag"]) == (200, b"two", second["etag"])
    status, body, told = client.ask("HEAD", "/a")
    assert (status, body, told["content-length"]) == (200, b"", "3")
    assert "last-modified" in told


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ("bytes=1-2", 206, b"12"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=8-100", 206, b"89"),
        ("bytes=10-", 416, None),
        ("bytes=3-1", 416, None),
        ("lines=1-2", 416, None),
    ],
)
def test_ranges(client: _Client, asked: str, status: int, body: bytes | None) -> None:
    """From the front, to the end, of the end; 416 for none."""
    client.ask("PUT", "/a", b"0123456789")
    found, content, headers = client.ask("GET", "/a", Range=asked)
    assert found == status
    if body is not None:
        assert content == body
        assert headers["content-range"].endswith("/10")


def test_conditions_of_reads(client: _Client) -> None:
    """If-Match and If-None-Match."""
    etag = client.ask("PUT", "/a", b"one")[2]["etag"]
    assert client.ask("GET", "/a", If_Match=etag)[0] == 200
    assert client.ask("GET", "/a", If_Match='"other"')[0] == 412
    assert client.ask("GET", "/a", If_None_Match=etag)[0] == 304


def test_conditions_of_writes(client: _Client) -> None:
    """Generation 0 means: not there yet."""
    create = {"x_goog_if_generation_match": "0"}
    status, _, made = client.ask("PUT", "/a", b"one", **create)
    assert status == 200
    assert client.ask("PUT", "/a", b"two", **create)[0] == 412
    fresh = {"x_goog_if_generation_match": made["x-goog-generation"]}
    assert client.ask("PUT", "/a", b"three", **fresh)[0] == 200
    assert client.ask("PUT", "/a", b"four", **fresh)[0] == 412
    assert client.ask("GET", "/a")[1] == b"three"


def test_copies(client: _Client) -> None:
    """Within the store; of what is not there 404."""
    client.ask("PUT", "/a%20b", b"one")
    source = f"{client.bucket}/a%20b"
    assert client.ask("PUT", "/c", x_goog_copy_source=source)[0] == 200
    assert client.ask("GET", "/c")[1] == b"one"
    assert client.ask("PUT", "/c", x_goog_copy_source=f"{client.bucket}/x")[0] == 404


def test_deleting(client: _Client) -> None:
    """Once."""
    client.ask("PUT", "/a", b"one")
    assert client.ask("DELETE", "/a")[0] == 204
    assert client.ask("DELETE", "/a")[0] == 404
    assert client.ask("GET", "/a")[0] == 404


def test_missing_buckets(client: _Client) -> None:
    """Are an error of their own."""
    client.bucket = "missing"
    status, body, _ = client.ask("GET", "?list-type=2")
    assert (status, b"NoSuchBucket" in body) == (404, True)
    assert client.ask("PUT", "/a", b"one")[0] == 404


def test_listings(client: _Client) -> None:
    """Of a prefix, of a folder, after a key, in pages that hold each entry once."""
    for key in ("a/1", "a/2", "a/b/3", "b&<", "c/d/4"):
        client.server.put(client.bucket, key, b"")
    assert client.listed("prefix=a/")[0] == ["a/1", "a/2", "a/b/3"]
    assert client.listed("delimiter=/") == (["b&<"], ["a/", "c/"], None)
    assert client.listed("prefix=a/&delimiter=/") == (["a/1", "a/2"], ["a/b/"], None)
    assert client.listed("start-after=a/2")[0] == ["a/b/3", "b&<", "c/d/4"]
    seen: list[str] = []
    token: str | None = ""
    while token is not None and len(seen) < 9:
        keys, prefixes, token = client.listed(
            f"delimiter=/&max-keys=1&continuation-token={quote(token)}"
        )
        assert len(keys + prefixes) == 1
        seen += keys + prefixes
    assert seen == ["a/", "b&<", "c/"]


def test_uploads_in_parts(client: _Client) -> None:
    """The object is there after completion only, in the order of the parts."""
    upload = client.begin("a")
    client.ask("PUT", f"/a?partNumber=2&uploadId={upload}", b"end")
    client.ask("PUT", f"/a?partNumber=1&uploadId={upload}", _PART)
    assert client.ask("GET", "/a")[0] == 404
    assert client.server.unfinished_uploads(client.bucket) == ["a"]
    assert client.complete("a", upload, 1, 2)[0] == 200
    assert client.ask("GET", "/a")[1] == _PART + b"end"
    assert client.server.unfinished_uploads(client.bucket) == []


def test_what_uploads_refuse(client: _Client) -> None:
    """Small parts before the last, parts that are not there, uploads that are over."""
    upload = client.begin("a")
    client.ask("PUT", f"/a?partNumber=1&uploadId={upload}", b"small")
    client.ask("PUT", f"/a?partNumber=2&uploadId={upload}", b"end")
    assert b"EntityTooSmall" in client.complete("a", upload, 1, 2)[1]
    assert b"InvalidPart" in client.complete("a", upload, 1, 3)[1]
    assert client.ask("DELETE", f"/a?uploadId={upload}")[0] == 204
    assert client.complete("a", upload, 1)[0] == 404
    assert client.ask("GET", "/a")[0] == 404


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[GcsServer]:
    """A fake that asks for a token."""
    with gcs_fake(tmp_path, "token-of-test") as server:
        yield server


def test_tokens(guarded: GcsServer) -> None:
    """The machine's metadata server gives one, and nothing goes without it."""
    client = _Client(guarded)
    assert client.ask("GET", "?list-type=2")[0] == 401
    assert client.ask("GET", "?list-type=2", Authorization="Bearer token-of-test")[0] == 200
    connection = http.client.HTTPConnection(HOST, guarded.port)
    path = "/computeMetadata/v1/instance/service-accounts/default/token"
    connection.request("GET", path, headers={"Metadata-Flavor": "Google"})
    assert b"token-of-test" in connection.getresponse().read()
    connection.close()


def test_errors_reach_the_tests(gcs_server: GcsServer) -> None:
    """What a test asks for in vain is an exception."""
    with pytest.raises(urllib.error.HTTPError, match="404"):
        gcs_server.get("missing", "a")
