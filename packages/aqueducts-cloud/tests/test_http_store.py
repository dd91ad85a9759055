"""Files of web servers."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from servers.certificates import Certificates
from servers.web import WebServer, web_server

from aqueducts.connectors import Listing
from aqueducts.data_files import open_file
from aqueducts.errors import StorageError
from aqueducts_cloud.http_store import open_http_store


def _find(location: str, **options: str) -> Listing:
    return open_http_store(location, options).find((".csv",))


def _read(location: str, **options: str) -> bytes:
    [file] = _find(location, **options).files
    with open_file(file) as opened:
        return opened.read()


@pytest.fixture
def plain_server(tmp_path: Path) -> Iterator[str]:
    """Python's own server, which gives no ranges."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    handler = partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_file(web: WebServer) -> None:
    """By ranges, with its time."""
    web.folder.joinpath("a b.csv").write_bytes(b"x" * 100_000)
    listing = _find(f"{web.endpoint}/a%20b.csv")
    [file] = listing.files
    assert (file.size_bytes, listing.is_directory) == (100_000, False)
    assert file.modified_at is not None
    with open_file(file) as opened:
        opened.seek(99_990)
        assert opened.read() == b"x" * 10


def test_an_empty_file(web: WebServer) -> None:
    """Of no bytes."""
    web.folder.joinpath("empty.csv").touch()
    assert _read(f"{web.endpoint}/empty.csv") == b""


def test_a_server_without_ranges(plain_server: str, tmp_path: Path) -> None:
    """Is read once."""
    content = bytes(range(256)) * 9000
    tmp_path.joinpath("a.csv").write_bytes(content)
    [file] = _find(f"{plain_server}/a.csv").files
    tmp_path.joinpath("a.csv").unlink()
    with open_file(file) as opened:
        assert opened.read() == content
        opened.seek(1_000_000)
        assert opened.read(3) == content[1_000_000:1_000_003]


def test_queries_are_sent_and_not_shown(web: WebServer) -> None:
    """They may be signatures."""
    web.folder.joinpath("a.csv").write_text("id\n")
    [file] = _find(f"{web.endpoint}/a.csv?sig=hunter2").files
    assert file.path == f"{web.endpoint}/a.csv"
    with pytest.raises(StorageError, match="it does not exist") as caught:
        _find(f"{web.endpoint}/missing.csv?sig=hunter2")
    assert "hunter2" not in str(caught.value)


def test_a_file_that_changes(web: WebServer) -> None:
    """Is told."""
    path = web.folder / "a.csv"
    path.write_bytes(b"a" * 1000)
    [file] = _find(f"{web.endpoint}/a.csv").files
    path.write_bytes(b"b" * 1001)
    with open_file(file) as opened, pytest.raises(StorageError, match="replaced meanwhile"):
        opened.read()


def test_a_server_that_wants_a_login(web: WebServer) -> None:
    """Is told as one."""
    web.folder.joinpath("a.csv").touch()
    web.required_headers["Authorization"] = "Bearer x"
    with pytest.raises(StorageError, match=r"the credentials are refused"):
        _find(f"{web.endpoint}/a.csv")


def test_a_server_that_tells_no_length(web: WebServer) -> None:
    """Cannot be read."""
    web.folder.joinpath("a.csv").write_text("id\n")
    web.is_chunked = True
    with pytest.raises(StorageError, match="cannot read"):
        _find(f"{web.endpoint}/a.csv")


@pytest.mark.parametrize("path", ["/", "", "/folder/", "/*.csv"])
def test_folders_and_globs_are_refused(web: WebServer, path: str) -> None:
    """Nothing lists them."""
    with pytest.raises(StorageError, match="which web servers do not list"):
        _find(f"{web.endpoint}{path}")


def test_nothing_is_written(web: WebServer) -> None:
    """By a pipeline."""
    store = open_http_store(f"{web.endpoint}/out.csv", {})
    with pytest.raises(StorageError, match="http and https are read only"):
        store.check_target(is_single_file=True, extensions=(".csv",))


@pytest.mark.parametrize("location", ["http:///a.csv", "https://u:hunter2@host/a.csv"])
def test_bad_locations(location: str) -> None:
    """Without a host, and with a password."""
    with pytest.raises(StorageError) as caught:
        open_http_store(location, {})
    assert "hunter2" not in str(caught.value)


def test_certificates_are_checked(tmp_path: Path, certificates: Certificates) -> None:
    """And trusted where an option says so."""
    tmp_path.joinpath("a.csv").write_text("id\n")
    with web_server(tmp_path, certificates) as server:
        location = f"{server.endpoint}/a.csv"
        with pytest.raises(StorageError, match="certificate is not trusted"):
            _find(location, max_retries="0")
        authority = Path(certificates.authority).read_text()
        assert _read(location, root_certificate=authority) == b"id\n"
