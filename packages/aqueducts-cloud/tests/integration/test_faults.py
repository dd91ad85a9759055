"""Stores that are busy, slow, gone or cut off in the middle: a run succeeds or fails cleanly."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from servers.gcs import GcsServer
from servers.places import Place, place_of
from servers.s3 import S3Server

from aqueducts import Cancellation, Pipeline, RunCancelledError, run_sync
from aqueducts.errors import AqueductsError
from aqueducts.testing import FaultProxy, Faults
from integration.conftest import Run

_ROWS = "id\n" + "".join(f"{number}\n" for number in range(200_000))
_TOTAL = "19999900000"


@pytest.fixture
def direct(moto_server: S3Server) -> Place:
    """A bucket, by a way without faults."""
    return place_of(moto_server)


@pytest.fixture
def proxy(direct: Place) -> Iterator[FaultProxy]:
    """What stands before it."""
    with FaultProxy("127.0.0.1", direct.server.port, speaks_http=True) as made:
        yield made


@pytest.fixture
def disturbed(direct: Place, proxy: FaultProxy) -> Place:
    """The same bucket through the proxy."""
    return direct.through(proxy.url)


def _csv(place: Place, key: str, **options: str) -> dict[str, Any]:
    return {"type": "file", "name": "t", "format": {"type": "csv"}, **place.at(key, **options)}


def _sum(run: Run, source: dict[str, Any]) -> str | None:
    (output,) = run("SELECT sum(id) FROM t", [source]).outputs
    assert output.table is not None
    return output.table.rows[0][0]


def test_three_of_ten_requests_are_unavailable(
    run: Run, direct: Place, disturbed: Place, proxy: FaultProxy
) -> None:
    """Each run writes all or nothing, and most of them write."""
    proxy.faults = Faults(unavailable_share=0.3)
    written = 0
    for number in range(12):
        key = f"out-{number}.parquet"
        config = _csv(disturbed, key, init_backoff="10ms", max_backoff="100ms")
        config["format"] = {"type": "parquet"}
        query = "SELECT value AS id FROM range(0, 200000)"
        try:
            run(query, destination=config)
        except AqueductsError:
            assert key not in direct.names()
            continue
        written += 1
        reading = {**config, "name": "t"}
        try:
            assert _sum(run, reading) == _TOTAL
        except AqueductsError as error:
            assert key in str(error)  # noqa: PT017 - a run that fails is as good
    assert written >= 10
    assert proxy.disturbed > 10
    assert direct.unfinished_uploads() == []


def test_a_body_that_is_cut_is_read_on(
    run: Run, direct: Place, disturbed: Place, proxy: FaultProxy
) -> None:
    """The rows come all, and each once."""
    direct.put("in.csv", _ROWS.encode())
    proxy.faults = Faults(cut_after_bytes=300_000, times=3)
    assert _sum(run, _csv(disturbed, "in.csv", init_backoff="10ms")) == _TOTAL
    assert proxy.disturbed == 3


def test_a_store_that_resets_everything_fails_the_run(
    run: Run, disturbed: Place, proxy: FaultProxy
) -> None:
    """With the bucket in the error, after as many attempts as the options say."""
    proxy.faults = Faults(is_reset=True)
    options = {"max_retries": "2", "init_backoff": "10ms"}
    with pytest.raises(AqueductsError, match=disturbed.bucket):
        _sum(run, _csv(disturbed, "in.csv", **options))
    assert 1 <= proxy.connections <= 30


def test_the_total_time_is_an_option(run: Run, disturbed: Place, proxy: FaultProxy) -> None:
    """A store that answers nothing ends the run after it."""
    proxy.faults = Faults(is_black_hole=True)
    options = {"timeout": "500ms", "retry_timeout": "1s", "max_retries": "1"}
    with pytest.raises(AqueductsError, match=disturbed.bucket):
        _sum(run, _csv(disturbed, "in.csv", **options))


@pytest.mark.parametrize("kind", ["reading", "writing"])
def test_a_cancelled_run_stops_while_the_store_hangs(
    run: Run, direct: Place, disturbed: Place, proxy: FaultProxy, kind: str
) -> None:
    """Long before any timeout of the store."""
    direct.put("in.csv", _ROWS.encode())
    proxy.faults = Faults(is_black_hole=True)
    data: dict[str, Any] = {"stages": [[{"name": "result", "query": "SELECT 1 AS x", "show": 0}]]}
    if kind == "reading":
        data["sources"] = [_csv(disturbed, "in.csv")]
        data["stages"][0][0]["query"] = "SELECT sum(id) FROM t"
    else:
        data["destination"] = _csv(disturbed, "out.csv")
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
    thread.join(20)  # the store's own limit is 60 seconds
    assert not thread.is_alive()
    assert len(ended) == 1
    proxy.faults = Faults()
    assert direct.names() == ["in.csv"]


@pytest.mark.parametrize("name", ["moto", "gcs"])
def test_a_failed_upload_leaves_nothing(
    name: str, run: Run, request: pytest.FixtureRequest
) -> None:
    """The upload in parts is given up, and the old file is as it was."""
    server: S3Server | GcsServer = request.getfixturevalue(f"{name}_server")
    direct = place_of(server)
    direct.put("out.parquet", b"old")
    with FaultProxy("127.0.0.1", server.port, speaks_http=True) as proxy:
        place = direct.through(proxy.url)
        proxy.faults = Faults(lost_answers="^PUT .*partNumber=2", times=100)
        config = _csv(place, "out.parquet", max_retries="2", init_backoff="10ms")
        config["format"] = {"type": "parquet"}
        query = "SELECT value AS id, sha256(CAST(value AS VARCHAR)) AS h FROM range(0, 800000)"
        with pytest.raises(AqueductsError):
            run(query, destination=config)
        assert proxy.disturbed > 0
    assert direct.get("out.parquet") == b"old"
    assert direct.names() == ["out.parquet"]
    assert direct.unfinished_uploads() == []
