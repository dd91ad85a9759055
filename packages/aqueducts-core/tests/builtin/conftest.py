"""A run's context and an engine's frame, as far as connectors see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from aqueducts.builtin import plugin
from aqueducts.builtin.local_store import LocalStoreType
from aqueducts.connectors import EngineWriter, StagedWrite, Store
from aqueducts.events import Event
from aqueducts.plugins import Plugins


@dataclass
class FakeTables:
    """The tables of a caller's session."""

    tables: dict[str, pa.Table] = field(default_factory=dict)

    def names(self) -> Sequence[str]:
        """Return the names."""
        return list(self.tables)

    def register(self, name: str, reader: pa.RecordBatchReader) -> int:
        """Keep a stream."""
        self.tables[name] = reader.read_all()
        return int(self.tables[name].num_rows)


@dataclass
class FakeContext:
    """What a run lends to connectors, with local storage only."""

    work_dir: Path
    run_id: str = "run1"
    tables: FakeTables | None = None
    events: list[Event] = field(default_factory=list)
    writes: list[StagedWrite] = field(default_factory=list)

    def reveal(self, value: Any) -> str:
        """Return the text with the one secret there is."""
        return str(value).replace("${secret:env:DIR}", str(self.work_dir))

    def store(self, location: str, options: Mapping[str, Any]) -> Store:
        """Return the local store."""
        return LocalStoreType().open(location, {})

    def emit(self, event: Event) -> None:
        """Keep the event."""
        self.events.append(event)

    def staged(self, write: StagedWrite) -> None:
        """Keep the write."""
        self.writes.append(write)


@dataclass
class FakeFrame:
    """A result that is a table already; writes with pyarrow what the engine would write."""

    table: pa.Table
    lost_rows: int = 0
    before_end: Callable[[Path], object] | None = None

    @property
    def schema(self) -> pa.Schema:
        """Return the columns."""
        return self.table.schema

    def stream(self) -> pa.RecordBatchReader:
        """Return the rows."""
        return self.table.to_reader()

    def write_files(
        self,
        path: Path,
        writer: EngineWriter,
        *,
        is_single_file: bool,
        partition_columns: Sequence[str] = (),
    ) -> int:
        """Write one file, or one file in a folder; without the last `lost_rows`."""
        kept = self.table.slice(0, self.table.num_rows - self.lost_rows)
        kept = kept.drop_columns(list(partition_columns))
        if not is_single_file:
            path = path.joinpath(*(f"{name}=x" for name in partition_columns))
            path.mkdir(parents=True)
            path /= f"part-0{writer.extension}"
        if writer.stored_as == "CSV":
            pyarrow.csv.write_csv(kept, path)
        else:
            pq.write_table(kept, path)
        if self.before_end is not None:
            self.before_end(path)
        return int(self.table.num_rows)


@pytest.fixture
def context(tmp_path: Path) -> FakeContext:
    """Return a run's context whose secret `DIR` is the test's folder."""
    return FakeContext(tmp_path)


@pytest.fixture
def tables() -> FakeTables:
    """Return a caller's session."""
    return FakeTables()


@pytest.fixture
def make_frame() -> type[FakeFrame]:
    """Return what makes frames from tables."""
    return FakeFrame


@pytest.fixture(scope="session")
def plugins() -> Plugins:
    """Return the built-in plugin."""
    return Plugins.of(builtin=plugin)


@pytest.fixture
def make_source(plugins: Plugins) -> Callable[..., Any]:
    """Return what makes a source from its part of a pipeline file."""

    def make(**fields: Any) -> Any:
        config = plugins.pipeline_model().model_validate({"sources": [fields]}).sources[0]
        formats = {tag: each() for tag, each in plugins.file_formats.items()}
        return plugins.sources[config.type](config, formats)

    return make


@pytest.fixture
def make_destination(plugins: Plugins) -> Callable[..., Any]:
    """Return what makes a destination from its part of a pipeline file."""

    def make(**fields: Any) -> Any:
        config = plugins.pipeline_model().model_validate({"destination": fields}).destination
        formats = {tag: each() for tag, each in plugins.file_formats.items()}
        return plugins.destinations[config.type](config, formats)

    return make
