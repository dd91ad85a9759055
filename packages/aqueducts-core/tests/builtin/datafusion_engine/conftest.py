"""A session of the engine in a temporary folder, with short ways to fill and ask it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pytest

from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
from aqueducts.connectors import EngineSettings, Session
from aqueducts.relations import ArrowStream, DataFile, FileScan, Relation


class Bench:
    """One session, the folder its files are in, and what tests do with both."""

    def __init__(self, folder: Path, max_memory_bytes: int | None = None) -> None:
        self.files = folder / "files"
        self.work_dir = folder / "work"
        self.files.mkdir(exist_ok=True)
        self.work_dir.mkdir()
        self.session: Session = DataFusionEngine().open_session(
            EngineSettings(work_dir=self.work_dir, max_memory_bytes=max_memory_bytes, threads=2),
            None,
        )

    def file(self, name: str, content: str | bytes, *values: str | None) -> DataFile:
        """Write a file and describe it; `values` are those of its partition columns."""
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return DataFile(str(path), path.stat().st_size, values)

    def scan(
        self,
        kind: Literal["csv", "json", "parquet"],
        *files: DataFile,
        name: str = "t",
        is_joined: bool = False,
        **options: Any,
    ) -> pa.Schema:
        """Register files as a source."""
        return self.register(FileScan(kind, files, **options), name=name, is_joined=is_joined)

    def register(
        self, relation: Relation, *, name: str = "t", is_joined: bool = False
    ) -> pa.Schema:
        """Register any relation as a source."""
        return self.session.register(name, relation, is_joined=is_joined)

    def csv(self, *contents: str | bytes, name: str = "t", **options: Any) -> pa.Schema:
        """Register CSV files with these contents, in this order."""
        files = [self.file(f"{name}{i}.csv", text) for i, text in enumerate(contents)]
        return self.scan("csv", *files, name=name, **options)

    def json(self, *contents: str, name: str = "t", **options: Any) -> pa.Schema:
        """Register JSON files with these contents, in this order."""
        files = [self.file(f"{name}{i}.json", text) for i, text in enumerate(contents)]
        return self.scan("json", *files, name=name, **options)

    def batches(self, *batches: pa.RecordBatch, name: str = "t", **options: Any) -> pa.Schema:
        """Register record batches as a stream."""
        stream = ArrowStream(batches[0].schema, lambda *_: iter(batches), **options)
        return self.register(stream, name=name)

    def table(self, query: str) -> pa.Table:
        """The whole result of a query, as a destination would get it."""
        self.session.define("__asked", query)
        return self.session.frame("__asked").stream().read_all()

    def rows(self, query: str = "SELECT * FROM t") -> list[dict[str, Any]]:
        """The rows of a query."""
        rows: list[dict[str, Any]] = self.table(query).to_pylist()
        return rows

    def column(self, query: str) -> list[Any]:
        """The first column of a query."""
        values: list[Any] = self.table(query).column(0).to_pylist()
        return values

    def explain(self, query: str) -> str:
        """The plan of a query."""
        self.session.define("__explained", query)
        return self.session.explain("__explained", analyze=False)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A session with the machine's memory."""
    made = Bench(tmp_path)
    yield made
    made.session.close()
