"""Files and folders of buckets, read and written by runs."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from servers.places import Place, place_of
from servers.s3 import S3Server
from servers.web import WebServer

from aqueducts.errors import AqueductsError, StorageError
from integration.conftest import Run

_NUMBERS = "SELECT value AS id, value % 3 AS part, 'größe ' || value AS text FROM range(1, 10001)"


def _rows(run: Run, query: str, *sources: dict[str, Any]) -> list[tuple[str | None, ...]]:
    (output,) = run(query, sources).outputs
    assert output.table is not None
    return list(output.table.rows)


def _file(kind: str, place: Place, key: str, **config: Any) -> dict[str, Any]:
    return {"type": "file", "name": "t", "format": {"type": kind}, **place.at(key), **config}


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_a_file_is_written_and_read(place: Place, run: Run, kind: str) -> None:
    """One object, which another run reads as it was written."""
    run(_NUMBERS, destination=_file(kind, place, f"a folder/out.{kind}"))
    assert place.names() == [f"a folder/out.{kind}"]
    query = "SELECT count(*), sum(id), max(text) FROM t"
    found = _rows(run, query, _file(kind, place, f"a folder/out.{kind}"))
    assert found == [("10000", "50005000", "größe 9999")]
    assert place.unfinished_uploads() == []


def test_a_folder_is_replaced(place: Place, run: Run) -> None:
    """What was in it is gone, with what else is in the bucket left alone."""
    place.put("other.csv", b"x\n1\n")
    place.put("out-of-it.parquet", b"x")
    for limit in (10, 5):
        destination = _file("parquet", place, "out/", single_file=False)
        destination["partition_columns"] = ["part"]
        run(f"{_NUMBERS} WHERE value <= {limit}", destination=destination)
    source = {
        "type": "directory",
        "name": "t",
        "format": {"type": "parquet"},
        "partition_columns": [["part", "int64"]],
        **place.at("out/"),
    }
    assert _rows(run, "SELECT count(*), sum(id), sum(part) FROM t", source) == [("5", "15", "6")]
    assert {key for key in place.names() if not key.startswith("out/")} == {
        "other.csv",
        "out-of-it.parquet",
    }


def test_folders_and_globs_are_read(place: Place, run: Run) -> None:
    """Subfolders, compressed files, and names with characters that mean something in URLs."""
    place.put("in/a b.csv", b"id\n1\n")
    place.put("in/sub/c#1.csv", b"id\n2\n")
    place.put("in/sub/d.csv.gz", gzip.compress(b"id\n3\n"))
    place.put("in/note.txt", b"no table")
    folder = {"type": "directory", "name": "t", "format": {"type": "csv"}, **place.at("in/")}
    assert _rows(run, "SELECT count(*), sum(id) FROM t", folder) == [("3", "6")]
    glob = {**folder, **place.at("in/sub/*.csv")}
    assert _rows(run, "SELECT count(*), sum(id) FROM t", glob) == [("1", "2")]


def test_a_failing_run_leaves_the_old_file(place: Place, run: Run) -> None:
    """Nothing of the new one is in the bucket."""
    place.put("out.csv", b"old\n")
    failing = "SELECT 1 / (value - 9000) AS x FROM range(1, 10001)"
    with pytest.raises(AqueductsError):
        run(failing, destination=_file("csv", place, "out.csv"))
    assert place.get("out.csv") == b"old\n"
    assert place.names() == ["out.csv"]
    assert place.unfinished_uploads() == []


def test_large_files_go_up_in_parts(place: Place, run: Run) -> None:
    """Tens of megabytes, whole, with no upload left open."""
    query = "SELECT value AS id, sha256(CAST(value AS VARCHAR)) AS h FROM range(0, 800000)"
    run(query, destination=_file("parquet", place, "big.parquet"))
    assert len(place.get("big.parquet")) > 16 << 20
    assert place.unfinished_uploads() == []
    found = _rows(run, "SELECT count(*), sum(id) FROM t", _file("parquet", place, "big.parquet"))
    assert found == [("800000", "319999600000")]


def test_missing_objects_are_told(place: Place, run: Run) -> None:
    """By their address."""
    place.put("in/orders.csv", b"id\n1\n")
    with pytest.raises(AqueductsError) as caught:
        run("SELECT * FROM t", [_file("csv", place, "in/order.csv")])
    assert "in/order.csv" in str(caught.value)


def test_two_buckets_with_keys_of_their_own(
    ceph_server: S3Server, signed_moto_server: S3Server, run: Run
) -> None:
    """One run reads the one and writes the other."""
    first, second = place_of(ceph_server), place_of(signed_moto_server)
    first.put("in.csv", b"id\n1\n2\n")
    run(
        "SELECT sum(id) AS n FROM t",
        [_file("csv", first, "in.csv")],
        _file("csv", second, "out.csv"),
    )
    assert second.get("out.csv") == b"n\n3\n"


def _on_the_web(web: WebServer, **options: str) -> dict[str, Any]:
    return {
        "type": "file",
        "name": "t",
        "format": {"type": "csv"},
        "location": f"{web.endpoint}/in.csv",
        "storage_config": {"allow_http": "true", **options},
    }


def test_web_servers_are_read(web: WebServer, run: Run) -> None:
    """By nothing but GET and HEAD; what is missing or refused is told."""
    (web.folder / "in.csv").write_text("id\n1\n2\n")
    assert _rows(run, "SELECT sum(id) FROM t", _on_the_web(web)) == [("3",)]
    assert {request.split()[0] for request in web.requests} <= {"GET", "HEAD"}
    web.required_headers = {"Authorization": "Bearer key-of-test"}
    with pytest.raises(StorageError, match=r"in\.csv"):
        _rows(run, "SELECT sum(id) FROM t", _on_the_web(web))


def test_answers_of_unknown_length_are_refused(web: WebServer, run: Run) -> None:
    """The client that is used reads no body without a length; no rows are made up."""
    (web.folder / "in.csv").write_text("id\n1\n2\n")
    web.is_chunked = True
    with pytest.raises(StorageError, match=r"in\.csv"):
        _rows(run, "SELECT sum(id) FROM t", _on_the_web(web))


def test_web_servers_are_not_written(web: WebServer, run: Run) -> None:
    """And nothing is sent to them."""
    destination = {
        "type": "file",
        "name": "out",
        "format": {"type": "csv"},
        "location": f"{web.endpoint}/out.csv",
        "storage_config": {"allow_http": "true"},
    }
    with pytest.raises(StorageError):
        run("SELECT 1 AS x", destination=destination)
    assert web.requests == []
