"""Replacing a folder, with readers that look all the time, runs that die and runs that meet."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from servers.azurite_server import AzureServer
from servers.gcs import GcsServer
from servers.s3 import S3Server

from aqueducts.connectors import StagedWrite
from aqueducts.data_files import open_file
from aqueducts.errors import StorageError
from aqueducts.testing import FaultProxy, Faults
from aqueducts_cloud.cloud_store import CloudStore, open_cloud_store
from aqueducts_cloud.snapshots import MARKER, Marker
from aqueducts_cloud.staging import CloudWrite

_ENDINGS = (".csv",)


class _Context:
    """What a write needs of a run."""

    def __init__(self, folder: Path, run_id: str) -> None:
        self.work_dir = folder
        self.run_id = run_id

    def staged(self, write: StagedWrite) -> None:
        """Forget it: the tests end their writes."""


class _Place:
    """A folder in a bucket, and ways to it."""

    def __init__(self, location: str, options: dict[str, str], folder: Path) -> None:
        self.location = location
        self.options = options
        self._folder = folder

    def store(self) -> CloudStore:
        return open_cloud_store(self.location, self.options)

    def stage(
        self, run: str, files: dict[str, str], **options: str
    ) -> tuple[CloudWrite, CloudStore]:
        store = self.store(**options)
        write = CloudWrite(
            store._bucket,
            store._address,
            _Context(self._folder, run),  # type: ignore[arg-type]  # as far as it is used
            is_single_file=False,
        )
        write.path.mkdir()
        for name, text in files.items():
            (write.path / name).parent.mkdir(parents=True, exist_ok=True)
            (write.path / name).write_text(text)
        return write, store

    def write(self, run: str, files: dict[str, str]) -> None:
        write, store = self.stage(run, files)
        write.commit()
        store.close()

    def read(self, store: CloudStore) -> dict[str, str]:
        """All files with their contents, each as a reader finds it."""
        found = {}
        for file in store.find(_ENDINGS).files:
            with open_file(file) as opened:
                found[file.path.removeprefix(self.location)] = opened.read().decode()
        return found


@pytest.fixture(params=["s3", "gcs", "azure"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> _Place:
    """An empty folder at each provider."""
    if request.param == "s3":
        s3: S3Server = request.getfixturevalue("moto_server")
        return _Place(f"s3://{s3.new_bucket()}/out/", s3.storage_config, tmp_path)
    if request.param == "gcs":
        gcs: GcsServer = request.getfixturevalue("gcs_server")
        return _Place(f"gs://{gcs.new_bucket()}/out/", gcs.storage_config, tmp_path)
    azure: AzureServer = request.getfixturevalue("azure_server")
    return _Place(f"az://{azure.new_container()}/out/", azure.storage_config, tmp_path)


@contextmanager
def _watching(look: Callable[[], object]) -> Iterator[list[object]]:
    """Look at something in another thread all the time."""
    seen: list[object] = []
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.is_set():
            seen.append(look())

    with ThreadPoolExecutor(1) as pool:
        watcher = pool.submit(watch)
        try:
            yield seen
        finally:
            is_over.set()
            watcher.result()


def test_a_reader_sees_the_old_or_the_new(place: _Place) -> None:
    """Never files of both, never a part of one, while a folder is replaced again and again."""
    place.write("run-0", {f"{n}.csv": "version 0" for n in range(5)})
    reader = place.store()

    def look() -> frozenset[object]:
        try:
            found = place.read(reader)
        except StorageError as error:
            # Listed, and gone before it was read: told, and never another content.
            return frozenset({error.message.partition(": ")[2]})
        return frozenset((len(found), text) for text in found.values())

    with _watching(look) as seen:
        for version in range(1, 9):
            count = 5 if version % 2 == 0 else 3
            place.write(f"run-{version}", {f"{n}.csv": f"version {version}" for n in range(count)})
    versions = {(3 if version % 2 else 5, f"version {version}") for version in range(9)}
    allowed = {frozenset({each}) for each in {*versions, "it was replaced meanwhile"}}
    assert set(seen) <= allowed
    assert len(set(seen)) > 2
    assert set(place.read(reader).values()) == {"version 8"}
    assert len(_names(place)) == 5


def _names(place: _Place) -> list[str]:
    store = place.store()
    found = store._bucket.ask("list", place.location, store._bucket.list("out"))
    store.close()
    return [each.key.removeprefix("out/") for each in found]


def test_nothing_is_left_but_the_files(place: _Place) -> None:
    """No marker, no old file; names are kept where they are free."""
    place.write("one", {"a.csv": "1", "d=1/b.csv": "1"})
    assert _names(place) == ["a.csv", "d=1/b.csv"]
    place.write("two", {"a.csv": "2", "c.csv": "2"})
    assert _names(place) == ["a-two.csv", "c.csv"]


def test_a_run_that_died_changes_nothing_for_readers(
    place: _Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it had switched and after; the next write cleans up."""
    place.write("one", {"a.csv": "1"})
    store = place.store()
    bucket = store._bucket

    def put(key: str, content: bytes) -> None:
        bucket.ask("write", key, bucket.put(f"out/{key}", content))

    put(MARKER, Marker("dead", "old", ("a.csv",)).content())
    put("b.csv", b"2")
    assert place.read(store) == {"a.csv": "1"}
    put(MARKER, Marker("dead", "new", ("b.csv",)).content())
    assert place.read(store) == {"b.csv": "2"}
    put(MARKER, b"not a marker")
    with pytest.raises(StorageError, match="cannot be read, which tells what files count"):
        place.read(store)
    monkeypatch.setattr("aqueducts_cloud.snapshots._PAUSE_SECONDS", 0.01)
    put(MARKER, Marker("dead", "new", ("gone.csv",)).content())
    with pytest.raises(StorageError, match="being replaced by other runs"):
        place.read(store)


def test_the_marker_of_a_dead_run_is_taken_over(
    place: _Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once nobody has renewed it for a while."""
    monkeypatch.setattr("aqueducts_cloud.replacement._DEAD_SECONDS", 0.3)
    monkeypatch.setattr("aqueducts_cloud.replacement._LOOK_SECONDS", 0.05)
    place.write("one", {"a.csv": "1"})
    store = place.store()
    bucket = store._bucket
    marker = Marker("dead", "old", ("a.csv",)).content()
    bucket.ask("write", MARKER, bucket.put(f"out/{MARKER}", marker))
    bucket.ask("write", "b", bucket.put("out/left-over.csv", b"dead"))
    place.write("two", {"c.csv": "2"})
    assert _names(place) == ["c.csv"]


def test_runs_that_meet_do_not_mix(place: _Place) -> None:
    """One after the other, or one of them fails; the folder is of one of them."""
    place.write("zero", {"a.csv": "zero"})

    def write(run: str) -> str:
        try:
            place.write(run, {f"{name}.csv": run for name in "abcd"})
        except StorageError as error:
            return error.message.partition(" the files")[0]
        return run

    with ThreadPoolExecutor(4) as pool:
        done = set(pool.map(write, [f"run{n}" for n in range(4)]))
    found = set(place.read(place.store()).values())
    assert len(found) == 1
    assert found <= done
    assert done <= {*(f"run{n}" for n in range(4)), "another run is replacing"}


def test_a_write_that_is_forbidden_leaves_what_was_there(place: _Place) -> None:
    """Before it begins, and after an abort."""
    place.write("one", {"a.csv": "1"})
    write, store = place.stage("two", {"b.csv": "2"})
    write.forbid_commit()
    with pytest.raises(StorageError, match="ended before it was complete"):
        write.commit()
    store.close()
    assert _names(place) == ["a.csv"]
    assert not write.path.exists()


def test_uploads_that_fail_leave_nothing(moto_server: S3Server, tmp_path: Path) -> None:
    """Whatever request it is that fails: what was there is there, and no part of an upload."""
    bucket = moto_server.new_bucket()
    large = "x" * (9 << 20)
    with FaultProxy("127.0.0.1", moto_server.port, speaks_http=True) as proxy:
        options = {**moto_server.through(proxy.url).storage_config, "max_retries": "0"}
        direct = _Place(f"s3://{bucket}/out/", moto_server.storage_config, tmp_path)
        direct.write("one", {"a.csv": "1"})
        place = _Place(f"s3://{bucket}/out/", options, tmp_path)
        for fail_at in ("PUT .*part-0", "POST .*uploadId", "PUT .*small", f"PUT .*{MARKER}"):
            write, store = place.stage("two", {"part-0.csv": large, "small.csv": "2"})
            proxy.faults = Faults(lost_answers=fail_at, times=1)
            try:
                write.commit()
            except StorageError:
                expected = {"1"}
            else:
                expected = {large, "2"}  # the marker was there, though the answer was lost
            proxy.faults = Faults()
            store.close()
            assert set(direct.read(direct.store()).values()) == expected, fail_at
            assert moto_server.unfinished_uploads(bucket) == [], fail_at
            direct.write("again", {"a.csv": "1"})


def test_a_run_that_is_stopped_gives_an_upload_up(moto_server: S3Server, tmp_path: Path) -> None:
    """At once, while the store hangs."""
    bucket = moto_server.new_bucket()
    with FaultProxy("127.0.0.1", moto_server.port) as proxy:
        options = moto_server.through(proxy.url).storage_config
        place = _Place(f"s3://{bucket}/out/", options, tmp_path)
        write, store = place.stage("one", {"a.csv": "1"})
        proxy.faults = Faults(is_black_hole=True)
        with ThreadPoolExecutor(1) as pool:
            committing = pool.submit(write.commit)
            while proxy.connections == 0:
                time.sleep(0.01)
            write.forbid_commit()
            store.close()
            with pytest.raises(StorageError, match="given up"):
                committing.result(timeout=30)
        proxy.faults = Faults()
    assert moto_server.keys(bucket) == []
