"""A PostgreSQL server of the benchmarks' own, which is gone with them."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Server", "private_server"]

_START_SECONDS = 60
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "4GB",
    "shared_buffers": "256MB",
}


class Server:
    """A server that trusts whoever connects from this machine."""

    def __init__(self, folder: Path, port: int, programs: Path) -> None:
        self.folder = folder
        self.port = port
        self._programs = programs
        self.connection_string = (
            f"Driver=psqlodbcw.so;Server=127.0.0.1;Port={port};Database=postgres;UID=bench"
        )
        self.uri = f"postgresql://bench@127.0.0.1:{port}/postgres"

    def execute(self, *statements: str) -> str:
        """Run statements with psql and return what they print."""
        command = [
            *(str(self._programs / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"),
            *("-h", "127.0.0.1", "-p", str(self.port), "-U", "bench", "-d", "postgres"),
        ]
        text = "".join(f"{statement};\n" for statement in statements)
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        return done.stdout


@contextmanager
def private_server() -> Iterator[Server]:
    """Start a cluster in a folder of its own; needs the Debian package postgresql."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    # The path of a socket may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="aq-bench-", dir="/tmp"))
    account: dict[str, Any] = {}
    if os.geteuid() == 0:  # which the server refuses to be run by
        entry = pwd.getpwnam("postgres")
        account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    data = folder / "data"
    process: subprocess.Popen[bytes] | None = None
    try:
        subprocess.run(
            [str(programs / "initdb"), "-D", str(data), "-U", "bench", "-A", "trust", "-E", "UTF8"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            check=True,
            **account,
        )
        settings = {**_SETTINGS, "port": port, "unix_socket_directories": folder}
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in settings.items())
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [str(programs / "postgres"), "-D", str(data)], cwd=folder, stderr=log, **account
            )
        ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        deadline = time.monotonic() + _START_SECONDS
        while subprocess.run(ready, check=False).returncode:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "log").read_text(errors="replace"))
            time.sleep(0.05)
        yield Server(folder, port, programs)
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)
