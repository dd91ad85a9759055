"""What the proxy does to a client and a server that know nothing of it."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from aqueducts.testing import FaultProxy, Faults

_LARGE = bytes(range(256)) * 4096


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bodies: list[bytes]

    def do_GET(self) -> None:
        self._answer(_LARGE if self.path == "/large" else b"hello")

    def do_PUT(self) -> None:
        self.bodies.append(self._body())
        self._answer(b"stored")

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Clients that are gone are what is tested."""


class _Server:
    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        handler = type("Handler", (_Handler,), {"bodies": self.bodies})
        self._server = _QuietServer(("127.0.0.1", 0), handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[_Server]:
    """A server of HTTP."""
    made = _Server()
    yield made
    made.close()


@pytest.fixture
def proxy(server: _Server) -> Iterator[FaultProxy]:
    """A proxy in front of it."""
    with FaultProxy("127.0.0.1", server.port, speaks_http=True) as made:
        yield made


def _read_all(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(1000), b""))


def _get(proxy: FaultProxy, path: str = "/", timeout: float = 60) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(proxy.host, proxy.port, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_nothing_is_changed_without_faults(proxy: FaultProxy, server: _Server) -> None:
    """Bodies of both kinds go to the server, large answers come back, one connection serves all."""
    connection = http.client.HTTPConnection(proxy.host, proxy.port)
    connection.request("PUT", "/a", body=_LARGE)
    assert connection.getresponse().read() == b"stored"
    chunks = iter([b"one", b"two" * 1000])
    connection.request("PUT", "/b", body=chunks, encode_chunked=True)
    assert connection.getresponse().read() == b"stored"
    connection.request("GET", "/large")
    assert connection.getresponse().read() == _LARGE
    connection.close()
    assert server.bodies == [_LARGE, b"one" + b"two" * 1000]
    assert proxy.requests == ["PUT /a", "PUT /b", "GET /large"]
    assert (proxy.connections, proxy.disturbed) == (1, 0)


def test_any_protocol_goes_through_where_it_need_not_be_known(server: _Server) -> None:
    """A client that ends its side gets the answer nevertheless."""
    with (
        FaultProxy("127.0.0.1", server.port) as proxy,
        socket.create_connection((proxy.host, proxy.port)) as client,
    ):
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        assert _read_all(client).endswith(b"hello")


def test_a_black_hole_answers_nothing_until_it_ends(proxy: FaultProxy) -> None:
    """What was sent meanwhile comes through afterwards."""
    proxy.faults = Faults(is_black_hole=True)
    with socket.create_connection((proxy.host, proxy.port)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(60)
        proxy.faults = Faults()
        assert client.recv(1) == b"H"


def test_a_black_hole_swallows_open_connections(proxy: FaultProxy) -> None:
    """It holds from the moment it is set."""
    connection = http.client.HTTPConnection(proxy.host, proxy.port, timeout=0.2)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"hello"
    proxy.faults = Faults(is_black_hole=True)
    connection.request("GET", "/")
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()


def test_connections_are_reset(proxy: FaultProxy) -> None:
    """Those that are open and those that come."""
    with socket.create_connection((proxy.host, proxy.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(1) == b"H"
        proxy.faults = Faults(is_reset=True)
        with pytest.raises(ConnectionResetError):
            _read_all(client)
    with pytest.raises(ConnectionError):
        _get(proxy)


def test_answers_are_cut(proxy: FaultProxy) -> None:
    """After as many bytes as said, as often as said."""
    proxy.faults = Faults(cut_after_bytes=100_000, times=1)
    with pytest.raises((ConnectionError, http.client.IncompleteRead)):
        _get(proxy, "/large")
    assert _get(proxy, "/large") == (200, _LARGE)
    assert proxy.disturbed == 1


def test_latency_delays_both_ways(proxy: FaultProxy) -> None:
    """A client that waits less long gives up, one that waits gets its answer."""
    proxy.faults = Faults(latency_seconds=0.4)
    with pytest.raises(TimeoutError):
        _get(proxy, timeout=0.2)
    assert _get(proxy) == (200, b"hello")


def test_a_share_of_requests_is_unavailable(proxy: FaultProxy, server: _Server) -> None:
    """The server never sees them; the same seed gives the same ones."""
    proxy.faults = Faults(unavailable_share=0.3)
    statuses = [_get(proxy)[0] for _ in range(60)]
    assert set(statuses) == {200, 503}
    assert proxy.disturbed == statuses.count(503)
    with FaultProxy("127.0.0.1", server.port, speaks_http=True) as again:
        again.faults = Faults(unavailable_share=0.3)
        assert [_get(again)[0] for _ in range(60)] == statuses


def test_a_refused_body_is_read(proxy: FaultProxy, server: _Server) -> None:
    """The client gets its 503 instead of a broken pipe."""
    proxy.faults = Faults(unavailable_share=1.0, times=1)
    connection = http.client.HTTPConnection(proxy.host, proxy.port)
    connection.request("PUT", "/a", body=_LARGE)
    assert connection.getresponse().status == 503
    connection.close()
    assert server.bodies == []


def test_an_answer_is_lost(proxy: FaultProxy, server: _Server) -> None:
    """The server has done what was asked, and the client does not know it."""
    proxy.faults = Faults(lost_answers="^PUT /a")
    assert _get(proxy) == (200, b"hello")
    connection = http.client.HTTPConnection(proxy.host, proxy.port)
    connection.request("PUT", "/a", body=b"once")
    with pytest.raises(ConnectionError):
        connection.getresponse()
    connection.close()
    assert server.bodies == [b"once"]


def test_other_protocols_follow_an_upgrade(proxy: FaultProxy) -> None:
    """A WebSocket's frames are no requests."""
    with socket.create_connection((proxy.host, proxy.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n")
        assert client.recv(1) == b"H"
        client.sendall(b"GET /second HTTP/1.0\r\n\r\n")
        _read_all(client)
    assert proxy.requests == ["GET /"]


def test_faults_of_requests_need_http(server: _Server) -> None:
    """A proxy that only passes bytes on says so."""
    with (
        FaultProxy("127.0.0.1", server.port) as proxy,
        pytest.raises(ValueError, match="speaks_http=True"),
    ):
        proxy.faults = Faults(unavailable_share=0.1)


def test_a_missing_server_resets(server: _Server) -> None:
    """As a server that is gone does."""
    server.close()
    with FaultProxy("127.0.0.1", server.port) as proxy, pytest.raises(ConnectionError):
        _get(proxy)


def test_closing_ends_everything(proxy: FaultProxy) -> None:
    """Open connections too, and nothing listens any more."""
    with socket.create_connection((proxy.host, proxy.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(1) == b"H"
        proxy.close()
        with pytest.raises(ConnectionResetError):
            _read_all(client)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((proxy.host, proxy.port))
