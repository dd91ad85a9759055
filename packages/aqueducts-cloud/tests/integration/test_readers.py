"""Who reads a folder while it is being replaced sees one of its states, never a mixture."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from servers.places import Place, place_of

from aqueducts.errors import StorageError
from integration.conftest import Run

_ROUNDS = 6
_FILES = 5


def _folder(place: Place, kind: str) -> dict[str, Any]:
    return {"type": kind, "name": "t", "format": {"type": "csv"}, **place.at("out/")}


def _write(run: Run, place: Place, number: int) -> None:
    """Rows that all carry the number of their round, in a file each for some of them."""
    query = f"SELECT value AS id, value AS part, {number} AS round FROM range(0, {_FILES})"
    config = {**_folder(place, "file"), "single_file": False, "partition_columns": ["part"]}
    run(query, destination=config)


@pytest.fixture(params=["ceph", "azure", "gcs"])
def replaced(request: pytest.FixtureRequest) -> Place:
    """A bucket of servers of each kind."""
    return place_of(request.getfixturevalue(f"{request.param}_server"))


def test_readers_see_one_state(replaced: Place, run: Run) -> None:
    """Three readers ask all the time while the folder is replaced again and again."""
    _write(run, replaced, 0)
    source = {**_folder(replaced, "directory"), "partition_columns": [["part", "int64"]]}
    seen: Counter[tuple[str | None, ...]] = Counter()
    failures: list[BaseException] = []
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            try:
                (output,) = run("SELECT min(round), max(round), count(*) FROM t", [source]).outputs
            except StorageError as error:
                # A file that was listed may be gone before it is read: an error, not fewer rows.
                if "replaced meanwhile" not in str(error):
                    failures.append(error)
                continue
            except BaseException as error:  # noqa: BLE001 - of a thread
                failures.append(error)
                return
            assert output.table is not None
            seen[output.table.rows[0]] += 1

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, _ROUNDS):
            _write(run, replaced, number)
    finally:
        is_over.set()
        for reader in readers:
            reader.join()
    assert failures == []
    assert set(seen) <= {(str(n), str(n), str(_FILES)) for n in range(_ROUNDS)}
    assert len(seen) > 1
    assert len(replaced.names()) == _FILES
