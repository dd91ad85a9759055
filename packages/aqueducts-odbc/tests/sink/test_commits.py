"""The answer to a COMMIT is lost: what is known then, by a proxy before a real PostgreSQL."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa
import pytest

from aqueducts.errors import CommitLostError, DestinationError, RunError
from aqueducts.testing import Bench, ScriptedFrame

if TYPE_CHECKING:
    from conftest import Database

ROWS = pa.table({"id": pa.array([1, 2, 3], pa.int32())})


class Proxy:
    """Forwards connections to a server, until a COMMIT comes by."""

    def __init__(self, port: int, *, forwards_commit: bool, comes_back: bool) -> None:
        self._server_port = port
        self._forwards_commit = forwards_commit
        self._comes_back = comes_back
        self._is_cut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept nobody any more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut and not self._comes_back:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._server_port))
            threading.Thread(target=self._up, args=(client, server), daemon=True).start()
            threading.Thread(target=_pump, args=(server, client), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        """From the client to the server."""
        with contextlib.suppress(OSError):
            while sent := client.recv(65536):
                if b"COMMIT\0" in sent.upper() and not self._is_cut:
                    self._is_cut = True
                    client.shutdown(socket.SHUT_RDWR)
                    if self._forwards_commit:
                        server.sendall(sent)
                        _wait_for_end(server)
                    break
                server.sendall(sent)
        for each in (server, client):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # another thread waits for it, so close is silent
            each.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while sent := source.recv(65536):
            with contextlib.suppress(OSError):
                target.sendall(sent)


def _wait_for_end(server: socket.socket) -> None:
    """Let the server do what it was asked, and then take leave of it in its protocol."""
    server.sendall(b"X\0\0\0\4")
    with contextlib.suppress(OSError):
        server.shutdown(socket.SHUT_WR)
        server.settimeout(10)
        while server.recv(65536):
            pass


@contextlib.contextmanager
def proxy(database: Database, **behaviour: bool) -> Iterator[Proxy]:
    """A proxy before the server of a database."""
    made = Proxy(database.server.port, **behaviour)
    try:
        yield made
    finally:
        made.close()


def write(way: str, database: Database, port: int, folder: Path) -> int:
    """Write the rows through a port; the rows that it tells."""
    if way == "odbc":
        string = database.connection_string.replace(f"Port={database.server.port}", f"Port={port}")
        connection: dict[str, Any] = {"type": "odbc", "connection_string": string}
    else:
        password = quote(database.password, safe="")
        uri = f"postgresql://app:{password}@127.0.0.1:{port}/{database.name}"
        connection = {"type": "adbc", "uri": uri}
    database.execute("CREATE TABLE t (id integer)")
    with Bench(folder) as bench:
        destination = bench.destination(
            {**connection, "name": "t", "write_mode": {"operation": "append"}}
        )
        return destination.write(ScriptedFrame.of(bench, ROWS), bench.context).rows


@pytest.mark.parametrize("way", ["odbc", "adbc"])
def test_committed_without_an_answer(way: str, postgresql: Database, tmp_path: Path) -> None:
    """PostgreSQL says that it has committed: all is well."""
    with proxy(postgresql, forwards_commit=True, comes_back=True) as between:
        assert write(way, postgresql, between.port, tmp_path) == 3
    assert postgresql.rows("SELECT count(*) FROM t") == [("3",)]


@pytest.mark.parametrize("way", ["odbc", "adbc"])
def test_lost_before_the_commit(way: str, postgresql: Database, tmp_path: Path) -> None:
    """PostgreSQL says that it has rolled back, or that the transaction is still open."""
    with (
        proxy(postgresql, forwards_commit=False, comes_back=True) as between,
        pytest.raises(DestinationError) as caught,
    ):
        write(way, postgresql, between.port, tmp_path)
    assert not isinstance(caught.value, CommitLostError)
    assert "nothing was written" in str(caught.value)
    assert postgresql.rows("SELECT count(*) FROM t") == [("0",)]


@pytest.mark.parametrize("way", ["odbc", "adbc"])
def test_nobody_knows(way: str, postgresql: Database, tmp_path: Path) -> None:
    """The server cannot be reached again: the error says so, and how to look."""
    with (
        proxy(postgresql, forwards_commit=True, comes_back=False) as between,
        pytest.raises(CommitLostError) as caught,
    ):
        write(way, postgresql, between.port, tmp_path)
    number = str(caught.value).split("txid_status(")[1].split(")")[0]
    assert postgresql.rows(f"SELECT txid_status({number})") == [("committed",)]
    assert "whether the rows are in table t is not known" in str(caught.value)
    assert postgresql.password not in str(caught.value)


@pytest.mark.parametrize("way", ["odbc", "adbc"])
def test_the_server_ends_the_session_before_the_commit(
    way: str, postgresql: Database, tmp_path: Path
) -> None:
    """An administrator's pg_terminate_backend: an error, and nothing is written."""
    postgresql.execute("CREATE TABLE t (id integer)")
    if way == "odbc":
        connection = postgresql.config()
    else:
        password = quote(postgresql.password, safe="")
        place = f"127.0.0.1:{postgresql.server.port}/{postgresql.name}"
        connection = {"type": "adbc", "uri": f"postgresql://app:{password}@{place}"}
    with Bench(tmp_path) as bench:
        destination = bench.destination(
            {**connection, "name": "t", "write_mode": {"operation": "append"}}
        )
        bench.context.on_commit = lambda: postgresql.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with pytest.raises(RunError, match=r"terminat|closed|clos|lost"):
            destination.write(ScriptedFrame.of(bench, ROWS), bench.context)
    assert postgresql.rows("SELECT count(*) FROM t") == [("0",)]
