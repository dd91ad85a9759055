"""What goes wrong on the way to a store while files are read."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from servers.s3 import S3Server

from aqueducts.data_files import open_file
from aqueducts.errors import StorageError
from aqueducts.relations import DataFile
from aqueducts.testing import FaultProxy, Faults
from aqueducts_cloud.cloud_store import CloudStore, open_cloud_store

_CONTENT = os.urandom(5 << 20)


class _Lake:
    """A bucket with one file, behind a proxy."""

    def __init__(self, server: S3Server, proxy: FaultProxy) -> None:
        self.server = server
        self.proxy = proxy
        self.bucket = server.new_bucket()
        server.put(self.bucket, "in/a.csv", _CONTENT)

    def store(self, key: str = "in/a.csv", **options: str) -> CloudStore:
        config = self.server.through(self.proxy.url).storage_config
        return open_cloud_store(f"s3://{self.bucket}/{key}", {**config, **options})

    def find(self, **options: str) -> DataFile:
        [file] = self.store(**options).find((".csv",)).files
        return file


@pytest.fixture
def lake(moto_server: S3Server) -> Iterator[_Lake]:
    """Nothing goes wrong yet."""
    with FaultProxy("127.0.0.1", moto_server.port, speaks_http=True) as proxy:
        yield _Lake(moto_server, proxy)


def _read(file: DataFile) -> bytes:
    with open_file(file) as opened:
        return opened.read()


def test_an_answer_that_is_cut_is_asked_for_again(lake: _Lake) -> None:
    """In the middle of a read."""
    file = lake.find()
    lake.proxy.faults = Faults(cut_after_bytes=100_000, times=3)
    assert _read(file) == _CONTENT
    assert lake.proxy.disturbed == 3


def test_answers_that_are_always_cut_are_told(lake: _Lake) -> None:
    """With the name of the object."""
    file = lake.find(max_retries="1")
    lake.proxy.faults = Faults(cut_after_bytes=10_000)
    with pytest.raises(StorageError, match=rf"cannot read 's3://{lake.bucket}/in/a\.csv': "):
        _read(file)


def test_a_store_that_is_overloaded_is_asked_again(lake: _Lake) -> None:
    """A third of the requests is refused."""
    lake.proxy.faults = Faults(unavailable_share=0.3)
    for _ in range(3):
        assert _read(lake.find()) == _CONTENT
    assert lake.proxy.disturbed > 0


def test_a_store_that_stays_overloaded_is_told(lake: _Lake) -> None:
    """With what it answered."""
    lake.proxy.faults = Faults(unavailable_share=1.0)
    with pytest.raises(StorageError, match=r"overloaded or broken \(503\)") as caught:
        lake.find(max_retries="2")
    assert caught.value.hint == "run again later"


def test_a_store_that_hangs_is_given_up_in_time(lake: _Lake) -> None:
    """By options whose defaults are a minute."""
    lake.proxy.faults = Faults(is_black_hole=True)
    with pytest.raises(StorageError, match="did not answer in time"):
        lake.find(timeout="200ms", retry_timeout="300ms", max_retries="1")


def test_resets_are_told(lake: _Lake) -> None:
    """After as many attempts as the options say."""
    lake.proxy.faults = Faults(is_reset=True)
    with pytest.raises(StorageError, match=rf"cannot read 's3://{lake.bucket}/in/a\.csv'"):
        lake.find(max_retries="1")


def test_who_waits_for_a_store_that_hangs_is_let_go(lake: _Lake) -> None:
    """When the run is stopped, at once."""
    store = lake.store()
    lake.proxy.faults = Faults(is_black_hole=True)
    with ThreadPoolExecutor(1) as pool:
        finding = pool.submit(store.find, (".csv",))
        while lake.proxy.connections == 0:
            time.sleep(0.01)
        store.close()
        with pytest.raises(StorageError, match="given up"):
            finding.result(timeout=30)
    with pytest.raises(StorageError, match="given up"):
        store.find((".csv",))


def test_a_file_that_is_replaced_meanwhile_is_told(lake: _Lake) -> None:
    """Never the beginning of one and the end of another."""
    file = lake.find()
    with open_file(file) as opened:
        assert opened.read(100) == _CONTENT[:100]
        lake.server.put(lake.bucket, "in/a.csv", _CONTENT[::-1])
        with pytest.raises(StorageError, match="it was replaced meanwhile"):
            opened.read()


def test_a_closed_port_is_told(lake: _Lake) -> None:
    """With what to check."""
    lake.proxy.close()
    with pytest.raises(StorageError, match="the connection was refused") as caught:
        lake.find(max_retries="0")
    assert "endpoint" in (caught.value.hint or "")
