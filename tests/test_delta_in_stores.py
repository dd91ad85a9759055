"""Delta tables in buckets: two plugins that know nothing of each other, and the servers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from servers.places import Place, place_of
from servers.s3 import S3Server

from aqueducts import Cancellation, Pipeline, RunCancelledError, run_sync
from aqueducts.errors import AqueductsError
from aqueducts.results import RunResult, RunSettings
from aqueducts.testing import FaultProxy, Faults

Run = Callable[..., RunResult]


@pytest.fixture(params=["moto", "ceph", "azure", "gcs"])
def place(request: pytest.FixtureRequest) -> Place:
    """An empty bucket of each server."""
    return place_of(request.getfixturevalue(f"{request.param}_server"))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a query over sources, with its result shown or written."""

    def one_run(
        query: str,
        sources: Sequence[dict[str, Any]] = (),
        destination: dict[str, Any] | None = None,
    ) -> RunResult:
        data: dict[str, Any] = {
            "sources": list(sources),
            "stages": [[{"name": "result", "query": query, "show": 0}]],
        }
        if destination is not None:
            data["destination"] = destination
        settings = RunSettings(spill_dir=str(tmp_path / "spill"), threads=2)
        return run_sync(Pipeline.from_dict(data, strict=True), settings=settings)

    return one_run


def _table(place: Place, mode: dict[str, Any] | None = None, **options: str) -> dict[str, Any]:
    config = {"type": "delta", "name": "t", **place.at("tables/orders", **options)}
    return config if mode is None else {**config, "write_mode": mode}


def _rows(run: Run, query: str, place: Place, **version: int) -> list[tuple[str | None, ...]]:
    (output,) = run(query, [{**_table(place), **version}]).outputs
    assert output.table is not None
    return list(output.table.rows)


_APPEND: dict[str, Any] = {"operation": "append"}
_UPSERT: dict[str, Any] = {"operation": "upsert", "params": ["id"]}


def test_all_ways_to_write(place: Place, run: Run) -> None:
    """Each is one version, and all of them are read."""
    numbers = "SELECT value AS id, 'a' AS text FROM range(0, 1000)"
    run(numbers, destination={**_table(place, _APPEND)})
    run("SELECT value AS id, 'b' AS text FROM range(990, 1010)", destination=_table(place, _UPSERT))
    replace = {"operation": "replace", "params": [{"column": "text", "value": "b"}]}
    run("SELECT 5000 AS id, 'b' AS text", destination=_table(place, replace))
    counts = "SELECT text, count(*) FROM t GROUP BY text ORDER BY text"
    assert _rows(run, counts, place) == [("a", "990"), ("b", "1")]
    assert _rows(run, counts, place, version=1) == [("a", "990"), ("b", "20")]
    assert _rows(run, counts, place, version=0) == [("a", "1000")]


def test_a_missing_table_is_told(place: Place, run: Run) -> None:
    """By its address."""
    with pytest.raises(AqueductsError, match="tables/orders"):
        _rows(run, "SELECT * FROM t", place)


def test_writers_at_the_same_time(place: Place, run: Run) -> None:
    """No commit is lost."""
    run("SELECT 0 AS id, 0 AS writer", destination=_table(place, _APPEND))
    failures: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            for number in range(2):
                query = f"SELECT {1 + writer * 2 + number} AS id, {writer} AS writer"
                run(query, destination=_table(place, _APPEND))
        except BaseException as error:  # noqa: BLE001 - of a thread
            failures.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert _rows(run, "SELECT count(*), count(DISTINCT id) FROM t", place) == [("9", "9")]


@pytest.fixture
def direct(moto_server: S3Server) -> Place:
    """A bucket, by a way without faults."""
    return place_of(moto_server)


def _deltalake(place: Place) -> DeltaTable:
    config = place.storage_config
    options = {
        "AWS_ENDPOINT_URL": config["endpoint"],
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": config["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": config["secret_access_key"],
        "AWS_REGION": config["region"],
    }
    return DeltaTable(place.url("tables/orders"), storage_options=options)


def test_a_lost_answer_to_a_commit_is_looked_up(direct: Place, run: Run) -> None:
    """The rows are there once, and the run knows it."""
    run("SELECT 0 AS id", destination=_table(direct, _APPEND))
    with FaultProxy("127.0.0.1", direct.server.port, speaks_http=True) as proxy:
        proxy.faults = Faults(lost_answers=r"^PUT .*_delta_log/.*\.json", times=1)
        place = direct.through(proxy.url)
        run("SELECT 1 AS id", destination=_table(place, _APPEND))
        assert proxy.disturbed == 1
    assert _rows(run, "SELECT id FROM t ORDER BY id", direct) == [("0",), ("1",)]


def test_three_of_ten_requests_are_unavailable(direct: Place, run: Run) -> None:
    """The table holds exactly the rows of the runs that say so."""
    run("SELECT -1 AS id, 'x' AS text", destination=_table(direct, _APPEND))
    written = {-1}
    with FaultProxy("127.0.0.1", direct.server.port, speaks_http=True) as proxy:
        proxy.faults = Faults(unavailable_share=0.3)
        place = direct.through(proxy.url)
        for number in range(10):
            mode = _UPSERT if number % 2 else _APPEND
            target = _table(place, mode, init_backoff="10ms", max_backoff="100ms")
            try:
                run(f"SELECT {number} AS id, 'x' AS text", destination=target)
            except AqueductsError:
                continue
            written.add(number)
        assert proxy.disturbed > 10
    assert len(written) > 8
    found = {int(row[0] or "") for row in _rows(run, "SELECT id FROM t", direct)}
    assert found == written
    assert _deltalake(direct).version() == len(written) - 1


@pytest.mark.parametrize("kind", ["reading", "writing"])
def test_a_cancelled_run_stops_while_the_store_hangs(direct: Place, run: Run, kind: str) -> None:
    """Long before the store's own limit, and without a commit."""
    run("SELECT 0 AS id", destination=_table(direct, _APPEND))
    with FaultProxy("127.0.0.1", direct.server.port, speaks_http=True) as proxy:
        place = direct.through(proxy.url)
        proxy.faults = Faults(is_black_hole=True)
        data: dict[str, Any] = {
            "stages": [[{"name": "result", "query": "SELECT 1 AS id", "show": 0}]]
        }
        if kind == "reading":
            data["sources"] = [_table(place)]
            data["stages"][0][0]["query"] = "SELECT sum(id) FROM t"
        else:
            data["destination"] = _table(place, _APPEND)
        stop = Cancellation()
        ended: list[RunCancelledError] = []

        def work() -> None:
            try:
                run_sync(Pipeline.from_dict(data, strict=True), cancellation=stop)
            except RunCancelledError as error:
                ended.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        while not proxy.connections:
            time.sleep(0.01)
        stop.cancel()
        thread.join(20)
        assert not thread.is_alive()
        assert len(ended) == 1
    assert _deltalake(direct).version() == 0
