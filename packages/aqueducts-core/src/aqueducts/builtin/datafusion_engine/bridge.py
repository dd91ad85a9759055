"""Files on other machines for DataFusion, which knows only stores that are compiled into it.

A server for this process alone, on the loopback interface, gives the engine ranges of files through
their readers. DataFusion reaches it by its client of Google Cloud Storage: of those it has, this is
the one that takes nothing from the environment and speaks plain HTTP to an endpoint of ours. So
projections, filters and statistics work as for local files, whatever the store and its options are.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from datafusion import SessionContext
from datafusion.object_store import GoogleCloud

from aqueducts.relations import DataFile

__all__ = ["Bridge"]

_HOST = "127.0.0.1"
_PROXIES = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")


class Bridge:
    """Serves files to one session; started with the first of them."""

    def __init__(self, context: SessionContext, folder: Path) -> None:
        self._shelf = _Shelf()
        self._server = _Server((_HOST, 0), _Handler)
        self._server.shelf = self._shelf
        threading.Thread(
            target=self._server.serve_forever,
            name="aqueducts-bridge",
            daemon=True,
        ).start()
        bucket = self._shelf.bucket
        context.register_object_store("gs://", self._client(folder, bucket), host=bucket)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def serve(self, files: Mapping[str, DataFile]) -> str:
        """Give files by keys; returns the URL that the keys are below."""
        self._shelf.files.update(files)
        return f"gs://{self._shelf.bucket}/"

    def take_failure(self) -> Exception | None:
        """What reading raised, once: DataFusion hears only that a request failed."""
        failure, self._shelf.failure = self._shelf.failure, None
        return failure

    def close(self) -> None:
        """Serve nothing any more."""
        self._shelf.files.clear()
        self._server.end()

    def _client(self, folder: Path, bucket: str) -> GoogleCloud:
        """DataFusion's client; its endpoint is a part of what it calls an account."""
        account = {
            "gcs_base_url": f"http://{_HOST}:{self.port}",
            "disable_oauth": True,
            "client_email": "",
            "private_key": "",
            "private_key_id": "",
        }
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"bridge-{secrets.token_hex(4)}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(account))
        with _without_proxy():
            client = GoogleCloud(bucket, service_account_path=str(path))
        path.unlink()
        return client


class _Shelf:
    """What is served."""

    def __init__(self) -> None:
        self.bucket = f"aqueducts-{secrets.token_hex(16)}"
        """Nobody else on this machine can guess it, and so nobody else can read."""
        self.files: dict[str, DataFile] = {}
        self.failure: Exception | None = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    shelf: _Shelf

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the engine ends connections when it has enough."""

    def end(self) -> None:
        # Only told: whoever serves a request may wait for a store that hangs.
        threading.Thread(target=self.shutdown, daemon=True).start()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as it is called there
        """Say nothing."""

    def do_HEAD(self) -> None:
        file = self._file()
        if file is not None:
            self._begin(HTTPStatus.OK, file, file.size_bytes)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if unquote(parts.path).strip("/") == self.server.shelf.bucket:
            self._list(parse_qs(parts.query).get("prefix", [""])[0])
            return
        file = self._file()
        if file is not None:
            self._send(file)

    def _file(self) -> DataFile | None:
        bucket, _, key = unquote(urlsplit(self.path).path).lstrip("/").partition("/")
        shelf = self.server.shelf
        is_known = secrets.compare_digest(bucket.encode(), shelf.bucket.encode())
        file = shelf.files.get(key) if is_known else None
        if file is None:
            self._answer(HTTPStatus.NOT_FOUND, b"")
        return file

    def _send(self, file: DataFile) -> None:
        start, end = self._range(file)
        assert file.reader is not None  # noqa: S101 - only such files are served
        pieces: Iterator[memoryview] = iter(file.reader.read(file.path, start, end))
        try:
            first = next(pieces, memoryview(b""))
        except Exception as error:  # noqa: BLE001 - told by the engine's thread
            self.server.shelf.failure = error
            # The engine's client tries again what a server says of itself, and not this.
            self._answer(HTTPStatus.BAD_REQUEST, b"")
            return
        is_part = self.headers.get("Range") is not None
        self._begin(
            HTTPStatus.PARTIAL_CONTENT if is_part else HTTPStatus.OK,
            file,
            end - start,
            {"Content-Range": f"bytes {start}-{end - 1}/{file.size_bytes}"} if is_part else {},
        )
        self._send_pieces(first, pieces)

    def _send_pieces(self, first: memoryview, pieces: Iterator[memoryview]) -> None:
        try:
            self.wfile.write(first)
            for piece in pieces:
                self.wfile.write(piece)
        except OSError:
            self.close_connection = True  # the engine has enough
        except Exception as error:  # noqa: BLE001 - told by the engine's thread
            self.server.shelf.failure = error
            self.close_connection = True
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def _range(self, file: DataFile) -> tuple[int, int]:
        asked = self.headers.get("Range", "").removeprefix("bytes=")
        first, _, last = asked.partition("-")
        if not first:
            start = max(0, file.size_bytes - int(last)) if last else 0
            return start, file.size_bytes
        return int(first), min(int(last) + 1 if last else file.size_bytes, file.size_bytes)

    def _list(self, prefix: str) -> None:
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{file.size_bytes}</Size>"
            f"<LastModified>{_moment(file).isoformat()}</LastModified>"
            '<ETag>"1"</ETag></Contents>'
            for key, file in sorted(self.server.shelf.files.items())
            if key.startswith(prefix)
        )
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
        self._answer(HTTPStatus.OK, body.encode())

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(
        self,
        status: HTTPStatus,
        file: DataFile,
        length: int,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", _moment(file).strftime("%a, %d %b %Y %H:%M:%S GMT"))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()


def _moment(file: DataFile) -> datetime:
    return datetime.fromtimestamp(file.modified_at or 0, UTC)


@contextlib.contextmanager
def _without_proxy() -> Iterator[None]:
    """Keep a client that is made in here from asking a proxy for this very process.

    Where a proxy is set, what goes round it has to be said in the environment, for good: nobody
    wants this machine's own addresses to be asked of a proxy.
    """
    if any(os.environ.get(name) for name in _PROXIES):
        for name in ("no_proxy", "NO_PROXY"):
            around = os.environ.get(name, "")
            if around != "*" and _HOST not in around.split(","):
                os.environ[name] = f"{around},{_HOST}".lstrip(",")
    yield
