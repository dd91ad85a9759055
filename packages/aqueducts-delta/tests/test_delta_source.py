"""Reading Delta tables: which version, which files, and what is said where there is none."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from aqueducts import Pipeline, plan
from aqueducts.errors import SourceError, StorageError, ValidationProblem

if TYPE_CHECKING:
    from conftest import Lake

IDS = "SELECT id FROM t ORDER BY id"


def _append(lake: Lake, *ids: int, **options: Any) -> None:
    rows = pa.table({"id": pa.array(ids, pa.int64()), "p": [f"p{each % 3}" for each in ids]})
    write_deltalake(str(lake.path), rows, mode="append", **options)


def test_reads_the_newest_version_or_an_older_one(lake: Lake) -> None:
    """A version is read as it was when it was committed."""
    _append(lake, 1)
    _append(lake, 2)
    assert lake.read(IDS) == [("1",), ("2",)]
    assert lake.read(IDS, version=1) == [("1",), ("2",)]
    assert lake.read(IDS, version=0) == [("1",)]


def test_reads_the_table_as_it_was_at_a_time(lake: Lake) -> None:
    """The last version that was committed by then; of a time after all, the newest."""
    for number in range(3):
        _append(lake, number)
        log = lake.path / "_delta_log" / f"{number:020}.json"
        moment = datetime.datetime(2024, 1, 1 + number, 12, tzinfo=datetime.UTC).timestamp()
        os.utime(log, (moment, moment))
    for text, count in (
        ("2024-01-01T12:00:00Z", 1),
        ("2024-01-02T23:00:00+00:00", 2),
        ("2024-01-03T14:30:00.5+02:00", 3),
        ("2040-01-01T00:00:00Z", 3),
    ):
        assert lake.read("SELECT count(*) FROM t", timestamp=text) == [(str(count),)], text
    with pytest.raises(SourceError, match="did not exist at 2023-12-31T00:00:00") as caught:
        lake.read(IDS, timestamp="2023-12-31T00:00:00Z")
    assert caught.value.hint == "its oldest version, 0, is of 2024-01-01T12:00:00.000Z"


def test_names_the_versions_that_are_there(lake: Lake) -> None:
    """A version that was never committed, or whose log is gone."""
    _append(lake, 1)
    with pytest.raises(SourceError, match="has no version 3") as caught:
        lake.read(IDS, version=3)
    assert caught.value.hint == "it has 0"
    for number in range(2, 5):
        _append(lake, number)
    lake.table().create_checkpoint()
    (lake.path / "_delta_log" / f"{0:020}.json").unlink()
    (lake.path / "_delta_log" / f"{1:020}.json").unlink()
    with pytest.raises(SourceError, match="has no version 1") as caught:
        lake.read(IDS, version=1)
    assert caught.value.hint == "it has versions 2 to 3"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"version": 1, "timestamp": "2024-01-01T00:00:00Z"}, "not both"),
        ({"timestamp": "2024-01-01"}, "a date, a time and a time zone"),
        ({"timestamp": "2024-01-01T00:00:00"}, "a date, a time and a time zone"),
        ({"version": -1}, "version"),
    ],
)
def test_refuses_versions_that_say_nothing(config: dict[str, Any], message: str) -> None:
    """What is wrong with a version or a time is told when the pipeline is loaded."""
    source = {"type": "delta", "name": "t", "location": "x"} | config
    with pytest.raises(ValidationProblem, match=message):
        Pipeline.from_dict({"sources": [source], "stages": []}, strict=True)


def test_conditions_reach_the_files(lake: Lake) -> None:
    """Files that cannot hold what is asked for are not opened, by partition and by values."""
    _append(lake, 1, 2, 3, partition_by=["p"])
    _append(lake, 101, 102, 103)
    for uri in lake.table().file_uris():
        path = Path(uri.removeprefix("file://"))
        if "p=p1" not in str(path) or "103" in _ids_of(path):
            path.write_bytes(b"nobody may look in here")
    assert lake.read("SELECT id FROM t WHERE p = 'p1' AND id < 50") == [("1",)]
    with pytest.raises(SourceError, match="cannot read the Delta table"):
        lake.read("SELECT id FROM t WHERE p = 'p1'")


def test_a_plan_tells_the_files_that_conditions_leave(lake: Lake) -> None:
    """By partition and by values; all of them where a condition says nothing of files."""
    _append(lake, 1, 2, 3, partition_by=["p"])
    _append(lake, 101, 102, 103)
    folder = lake.table().file_uris()
    sizes = [Path(uri.removeprefix("file://")).stat().st_size for uri in folder]
    assert _planned_scans(lake, "SELECT id FROM t") == [(len(sizes), sum(sizes))]
    ((files, size),) = _planned_scans(lake, "SELECT id FROM t WHERE p = 'p1' AND id < 50")
    assert (files, size) == (1, next(s for s, uri in zip(sizes, folder, strict=True) if _is(uri)))
    assert _planned_scans(lake, "SELECT id FROM t WHERE id % 2 = 0") == [(len(sizes), sum(sizes))]
    both = "SELECT a.id FROM t a JOIN t b ON a.id = b.id WHERE a.p = 'p1' AND b.id > 100"
    found = _planned_scans(lake, both)
    assert len(found) == 2
    assert all(0 < (files or 0) < len(sizes) for files, _ in found)


def test_a_plan_tells_no_files_where_the_log_cannot_be_read_for_it(lake: Lake) -> None:
    """Deletion vectors: deltalake reads them, and the plan is made all the same."""
    lake.write_with_deleted_rows(pa.table({"id": pa.array(range(10))}), [1, 3, 7])
    assert _planned_scans(lake, "SELECT id FROM t WHERE id = 3") == [(None, None)]


def _is(uri: str) -> bool:
    path = Path(uri.removeprefix("file://"))
    return "p=p1" in uri and "101" not in _ids_of(path) and "103" not in _ids_of(path)


def _planned_scans(lake: Lake, query: str) -> list[tuple[int | None, int | None]]:
    """Files and bytes of each scan that a plan shows."""
    source = {"type": "delta", "name": "t", "location": str(lake.path)}
    stages = [[{"name": "s", "query": query, "show": 1}]]
    made = plan(Pipeline.from_dict({"sources": [source], "stages": stages}))
    assert made.sources[0].files == len(lake.table().file_uris())
    scans = [scan for query in made.queries for scan in query.scans]
    return [(scan.files, scan.file_bytes) for scan in scans]


def _ids_of(path: Path) -> list[str]:
    return [str(value) for value in pq.ParquetFile(path).read().column("id").to_pylist()]


def test_deletion_vectors_are_applied(lake: Lake) -> None:
    """Rows that a vector deletes are not read, not counted and not found."""
    lake.write_with_deleted_rows(pa.table({"id": pa.array(range(10))}), [1, 3, 7])
    assert lake.read(IDS) == [(str(each),) for each in (0, 2, 4, 5, 6, 8, 9)]
    assert lake.read("SELECT count(*) FROM t") == [("7",)]
    assert lake.read("SELECT id FROM t WHERE id = 3") == []


def test_mapped_columns_have_the_names_of_the_log(lake: Lake) -> None:
    """Columns that are called otherwise in the files."""
    lake.write_with_mapped_columns(pa.table({"id": [1, 2], "name": ["a", "b"]}))
    assert lake.read("SELECT name, id FROM t WHERE id = 2") == [("b", "2")]
    assert lake.read("SELECT count(*) FROM t") == [("2",)]


def test_is_found_by_relative_paths_and_urls(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are relative to the working folder; URLs may hold encoded characters."""
    lake.path = lake.folder / "größe von A"
    _append(lake, 7)
    monkeypatch.chdir(lake.folder)
    for location in ("größe von A", "./größe von A/", lake.path.as_uri(), str(lake.path)):
        assert lake.read(IDS, location=location) == [("7",)]


def test_says_what_is_at_a_place_without_a_table(lake: Lake) -> None:
    """A near name, what the folder holds, or where the path ends."""
    _append(lake, 1)
    place = lake.folder / "place"
    place.mkdir()
    (place / "notes.txt").write_text("")
    for location, hint in (
        (lake.folder / "tabel", f"did you mean {str(lake.path)!r}?"),
        (place, "the folder holds 'notes.txt', but no _delta_log"),
        (lake.folder / "a" / "b", f"there is no 'a' in {str(lake.folder)!r}"),
    ):
        with pytest.raises(SourceError, match="there is no Delta table at") as caught:
            lake.read(IDS, location=str(location))
        assert caught.value.hint == hint
    with pytest.raises(SourceError, match="is a file, not a Delta table"):
        lake.read(IDS, location=str(place / "notes.txt"))


def test_refuses_paths_that_deltalake_reads_otherwise(lake: Lake) -> None:
    """Instead of a table somewhere else, or the end of the process."""
    for name in ("a%20b", "a[b]", "a|b", "a^b", "a\\b", "a\tb"):
        with pytest.raises(StorageError, match="a Delta table cannot be at"):
            lake.read(IDS, location=str(lake.folder / name))


def test_most_characters_of_paths_are_themselves(lake: Lake) -> None:
    """A folder is the one that its name says, and no other is made."""
    for name in ("100% of it", "a#b?c", "größe 1+1=2", "a&b;c'd\"e"):
        lake.path = lake.folder / name
        _append(lake, 1)
        _append(lake, 2)
        assert lake.read(IDS) == [("1",), ("2",)]
        assert (lake.folder / name / "_delta_log").is_dir()


def test_a_broken_log_is_an_error_of_the_source(lake: Lake) -> None:
    """In one line, without the layers of the library."""
    _append(lake, 1)
    (lake.path / "_delta_log" / f"{0:020}.json").write_text("{broken\n")
    with pytest.raises(SourceError, match="cannot read the Delta table at") as caught:
        lake.read(IDS)
    assert "\n" not in caught.value.message
