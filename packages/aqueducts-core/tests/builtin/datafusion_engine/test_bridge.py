"""Files that are elsewhere, as the engine reads them."""

from __future__ import annotations

import io
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aqueducts.builtin.datafusion_engine.bridge import Bridge
from aqueducts.builtin.datafusion_engine.session import DataFusionSession
from aqueducts.connectors import EngineSettings
from aqueducts.errors import StorageError
from aqueducts.relations import DataFile, FileScan


class _Shelf:
    """A store in memory, which counts what it gives."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.given = 0
        self.fails_after: int | None = None
        self._lock = threading.Lock()

    def add(self, path: str, table: pa.Table, *values: str | None) -> DataFile:
        made = io.BytesIO()
        pq.write_table(table, made, row_group_size=1000)
        self.files[path] = made.getvalue()
        return DataFile(path, len(made.getvalue()), values, modified_at=1e9, reader=self)

    def read(self, path: str, start: int, end: int) -> Iterator[memoryview]:
        for place in range(start, end, 10_000):
            with self._lock:
                if self.fails_after is not None and self.given >= self.fails_after:
                    raise StorageError(f"cannot read {path!r}: the connection was refused")
                piece = self.files[path][place : min(place + 10_000, end)]
                self.given += len(piece)
            yield memoryview(piece)


@pytest.fixture
def shelf() -> _Shelf:
    """An empty one."""
    return _Shelf()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[DataFusionSession]:
    """A session of the engine."""
    opened = DataFusionSession(EngineSettings(work_dir=tmp_path / "run", threads=2), None)
    yield opened
    opened.close()


def _table(rows: int, start: int = 0) -> pa.Table:
    numbers = range(start, start + rows)
    texts = [f"text {number * 7919 % 100_003}" for number in numbers]
    return pa.table({"id": numbers, "text": texts})


def test_a_file_is_read(session: DataFusionSession, shelf: _Shelf) -> None:
    """All rows, counted per source."""
    file = shelf.add("x://b/a.parquet", _table(5000))
    session.register("t", FileScan("parquet", [file]), is_joined=False)
    session.define("s", "SELECT count(*) AS n, sum(length(text)) > 0 AS has_text FROM t")
    with session.frame("s").stream() as reader:
        assert reader.read_all().to_pylist() == [{"n": 5000, "has_text": True}]
    assert session.rows_read() == {"t": 5000}


def test_only_what_a_query_needs_is_read(session: DataFusionSession, shelf: _Shelf) -> None:
    """Of columns and of groups of rows."""
    file = shelf.add("x://b/a.parquet", _table(300_000))
    session.register("t", FileScan("parquet", [file]), is_joined=False)
    shelf.given = 0
    session.define("s", "SELECT sum(id) AS n FROM t WHERE id >= 299500")
    assert session.head("s", 1).to_pylist() == [{"n": sum(range(299_500, 300_000))}]
    assert shelf.given < file.size_bytes / 4


def test_folders_of_partitions(session: DataFusionSession, shelf: _Shelf) -> None:
    """Values come from the names of folders; files that cannot match are not read."""
    files = [
        shelf.add("x://b/d=1/a.parquet", _table(10), "1/2 %", "a"),
        shelf.add("x://b/d=2/a.parquet", _table(20, 100), "ü=3", None),
    ]
    partitions = pa.schema([("d", pa.string()), ("odd name", pa.string())])
    session.register("t", FileScan("parquet", files, partitions=partitions), is_joined=False)
    session.define("s", 'SELECT d, "odd name" AS o, count(*) AS n FROM t GROUP BY 1, 2 ORDER BY n')
    assert session.head("s", 9).to_pylist() == [
        {"d": "1/2 %", "o": "a", "n": 10},
        {"d": "ü=3", "o": None, "n": 20},
    ]


def test_plans_name_the_files(session: DataFusionSession, shelf: _Shelf) -> None:
    """As they are called where they are."""
    file = shelf.add("x://b/a.parquet", _table(10))
    session.register("t", FileScan("parquet", [file]), is_joined=False)
    session.define("s", "SELECT text FROM t WHERE id > 5")
    assert "x://b/a.parquet" in session.explain("s", analyze=False)
    described = session.describe("s")
    assert described is not None
    assert [(scan.source, scan.files) for scan in described.scans] == [("t", 1)]


@pytest.mark.parametrize("fails_after", [0, 40_000])
def test_what_a_store_says_is_what_the_run_says(
    session: DataFusionSession, shelf: _Shelf, fails_after: int
) -> None:
    """Before the first byte, and in the middle of an answer."""
    file = shelf.add("x://b/a.parquet", _table(50_000))
    session.register("t", FileScan("parquet", [file]), is_joined=False)
    session.define("s", "SELECT max(text) AS m FROM t")
    shelf.given, shelf.fails_after = 0, fails_after
    with pytest.raises(StorageError, match="the connection was refused"):
        session.head("s", 1)
    shelf.fails_after = None
    assert session.head("s", 1).num_rows == 1


def test_a_file_of_another_kind_is_told(session: DataFusionSession, shelf: _Shelf) -> None:
    """By its name."""
    shelf.files["x://b/a.parquet"] = b"id,text\n" * 10
    file = DataFile("x://b/a.parquet", 80, reader=shelf)
    with pytest.raises(Exception, match=r"x://b/a\.parquet is not a Parquet file"):
        session.register("t", FileScan("parquet", [file]), is_joined=False)


def test_the_environment_does_not_reach_it(
    session: DataFusionSession, shelf: _Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings of real stores, and a proxy that would be asked for this process."""
    for name, value in {
        "GOOGLE_BASE_URL": "http://127.0.0.1:1",
        "GOOGLE_SERVICE_ACCOUNT_KEY": "{}",
        "SERVICE_ACCOUNT": "/missing.json",
        "http_proxy": "http://127.0.0.1:1",
        "no_proxy": "example.com",
    }.items():
        monkeypatch.setenv(name, value)
    file = shelf.add("x://b/a.parquet", _table(10))
    session.register("t", FileScan("parquet", [file]), is_joined=False)
    session.define("s", "SELECT count(text) AS n FROM t")
    assert session.head("s", 1).to_pylist() == [{"n": 10}]


def test_nobody_else_can_read(tmp_path: Path, shelf: _Shelf) -> None:
    """Whoever does not know the bucket's name gets nothing, and nothing is there after the end."""
    from datafusion import SessionContext

    bridge = Bridge(SessionContext(), tmp_path)
    url = bridge.serve({"a.parquet": shelf.add("x://b/a.parquet", _table(10))})
    endpoint = f"http://127.0.0.1:{bridge.port}"
    bucket = url.removeprefix("gs://").rstrip("/")
    with urllib.request.urlopen(f"{endpoint}/{bucket}/a.parquet") as answer:
        assert len(answer.read()) == len(shelf.files["x://b/a.parquet"])
    for path in ("", "guess", "guess/a.parquet", f"{bucket}x/a.parquet", f"{bucket}/b.parquet"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{endpoint}/{path}")
    assert not list(tmp_path.iterdir())
    bridge.close()
    with pytest.raises(OSError, match=r"refused|reset|closed"):
        urllib.request.urlopen(f"{endpoint}/{bucket}/a.parquet")
