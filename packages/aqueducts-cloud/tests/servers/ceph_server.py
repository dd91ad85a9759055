"""Ceph's RADOS gateway, a real S3 server, as Debian packages it: one monitor, one disk in memory.

It checks signatures, and keeps what S3 promises about conditional writes.
"""

from __future__ import annotations

import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from servers.processes import HOST, answers_on, free_port, process
from servers.s3 import S3Server

__all__ = ["ceph", "missing_programs"]

_PROGRAMS = {
    "ceph": "ceph-common",
    "ceph-authtool": "ceph-common",
    "ceph-mon": "ceph-mon",
    "ceph-osd": "ceph-osd",
    "monmaptool": "ceph-common",
    "radosgw": "radosgw",
    "radosgw-admin": "radosgw",
}
"""What is run, and the Debian package that brings it."""

_CONFIGURATION = """
[global]
fsid = {cluster}
mon_host = v1:{host}:{monitor_port}
keyring = {folder}/keyring
run_dir = {folder}
admin_socket = {folder}/$name.asok
log_file = {folder}/$name.log
crash_dir = {folder}
public_addr = {host}
# One disk holds the only copy of everything.
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
[mon.a]
mon_data = {folder}/mon
[osd.0]
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 2147483648
[client.rgw]
rgw_data = {folder}
rgw_frontends = beast endpoint={host}:{port}
rgw_run_sync_thread = false
"""
_CAPABILITIES = {
    "mon.": ["mon", "allow *"],
    "client.admin": ["mon", "allow *", "osd", "allow *", "mgr", "allow *"],
    "client.rgw": ["mon", "allow rwx", "osd", "allow rwx"],
    "osd.0": ["mon", "allow profile osd", "osd", "allow *"],
}


def missing_programs() -> list[str]:
    """The Debian packages that would have to be installed."""
    return sorted({package for name, package in _PROGRAMS.items() if shutil.which(name) is None})


@contextmanager
def ceph(folder: Path) -> Iterator[S3Server]:
    """A running gateway in an empty folder, with one user."""
    monitor_port, port = free_port(), free_port()
    configuration = folder / "ceph.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            cluster=uuid.uuid4(), host=HOST, folder=folder, monitor_port=monitor_port, port=port
        )
    )
    cluster = _Cluster(folder, configuration)
    with ExitStack() as running:
        cluster.begin(running, monitor_port)
        command = ["radosgw", *cluster.options, "-f", "-n", "client.rgw"]
        running.enter_context(process(command, folder / "gateway.out", answers_on(port)))
        keys = {"access_key_id": "AKIDTESTER", "secret_access_key": "secret-of-tester"}
        cluster.run(
            *("radosgw-admin", "user", "create", "--uid=tester", "--display-name=tester"),
            f"--access-key={keys['access_key_id']}",
            f"--secret-key={keys['secret_access_key']}",
        )
        yield S3Server(endpoint=f"http://{HOST}:{port}", **keys)


class _Cluster:
    """The processes behind the gateway."""

    def __init__(self, folder: Path, configuration: Path) -> None:
        self.folder = folder
        self.options = ("-c", str(configuration))

    def run(self, program: str, *words: str) -> None:
        """Run one of Ceph's programs until it ends."""
        subprocess.run(
            [program, *self.options, *words],
            check=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def begin(self, running: ExitStack, monitor_port: int) -> None:
        """A monitor and a disk that know each other."""
        keyring, monitors = self.folder / "keyring", self.folder / "monmap"
        for number, (name, rights) in enumerate(_CAPABILITIES.items()):
            new = ["--create-keyring"] if number == 0 else []
            pairs = zip(rights[::2], rights[1::2], strict=True)
            capabilities = [word for pair in pairs for word in ("--cap", *pair)]
            words = [str(keyring), *new, "--gen-key", "-n", name, *capabilities]
            subprocess.run(["ceph-authtool", *words], check=True, stdout=subprocess.DEVNULL)
        address = f"[v1:{HOST}:{monitor_port}]"
        self.run("monmaptool", "--create", "--addv", "a", address, str(monitors))
        (self.folder / "mon").mkdir()
        (self.folder / "osd").mkdir()
        self.run("ceph-mon", "--mkfs", "-i", "a", "--monmap", str(monitors))
        self._daemon(running, "ceph-mon", "a", answers_on(monitor_port))
        disk = str(uuid.uuid4())
        self.run("ceph", "osd", "new", disk)
        self.run("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", disk)
        self.run("ceph", "osd", "crush", "add", "osd.0", "1.0", "root=default")
        self._daemon(running, "ceph-osd", "0", lambda: True)
        self._wait_for_disk()

    def _daemon(
        self, running: ExitStack, program: str, name: str, is_ready: Callable[[], bool]
    ) -> None:
        command = [program, *self.options, "-f", "-i", name]
        running.enter_context(process(command, self.folder / f"{program}.out", is_ready))

    def _wait_for_disk(self) -> None:
        for _ in range(200):
            told = subprocess.run(
                ["ceph", *self.options, "osd", "stat"], check=True, capture_output=True, text=True
            )
            if "1 up" in told.stdout:
                return
            time.sleep(0.1)
        raise RuntimeError(f"Ceph's disk does not start; see {self.folder}")
