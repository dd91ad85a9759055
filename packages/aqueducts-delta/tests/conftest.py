"""Pipelines over a folder with Delta tables."""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from aqueducts import Pipeline, run_sync
from aqueducts.events import Event
from aqueducts.results import RunResult, RunSettings


class Lake:
    """A folder, and runs that read and write in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "table"
        """Where `write` writes."""
        self.events: list[Event] = []
        self.threads = 2
        self._numbers = itertools.count()

    def write(self, rows: pa.Table, write_mode: Mapping[str, Any], **config: Any) -> RunResult:
        """Run a pipeline that writes these rows."""
        source = self.folder / f"rows-{next(self._numbers)}.parquet"
        pq.write_table(rows, source)
        sources = [
            {
                "type": "file",
                "name": "rows",
                "format": {"type": "parquet"},
                "location": str(source),
            }
        ]
        return self.run("SELECT * FROM rows", sources, write_mode, **config)

    def run(
        self,
        query: str,
        sources: Sequence[Mapping[str, Any]] = (),
        write_mode: Mapping[str, Any] | None = None,
        **config: Any,
    ) -> RunResult:
        """Run a query; its result goes to the table where there is a write mode."""
        data: dict[str, Any] = {
            "sources": [dict(each) for each in sources],
            "stages": [[{"name": "result", "query": query, "show": 0}]],
        }
        if write_mode is not None:
            data["destination"] = {
                "type": "delta",
                "name": "out",
                "location": str(self.path),
                "write_mode": dict(write_mode),
            } | config
        pipeline = Pipeline.from_dict(data, strict=True)
        settings = RunSettings(spill_dir=str(self.folder / "spill"), threads=self.threads)
        return run_sync(pipeline, settings=settings, on_event=self.events.append)

    def read(self, query: str = "SELECT * FROM t", **config: Any) -> list[tuple[str | None, ...]]:
        """Run a query over a table as the source `t`, and return its rows as they are shown."""
        source = {"type": "delta", "name": "t", "location": str(self.path)} | config
        result = self.run(query, [source])
        (output,) = result.outputs
        assert output.table is not None
        return list(output.table.rows)

    def rows(self, *order: str) -> list[dict[str, Any]]:
        """What deltalake itself finds in the table."""
        found = pa.RecordBatchReader.from_stream(self.table().scan()).read_all()
        columns = order or (found.schema.names[0],)
        return sorted(found.to_pylist(), key=lambda row: [repr(row[name]) for name in columns])

    def table(self) -> DeltaTable:
        """The newest version."""
        return DeltaTable(str(self.path))

    def data_files(self) -> set[str]:
        """Every data file in the folder, of whatever version."""
        return {str(path.relative_to(self.path)) for path in self.path.rglob("*.parquet")}

    def write_with_deleted_rows(self, rows: pa.Table, deleted: Sequence[int]) -> None:
        """Write a table of one file, some of whose rows a deletion vector deletes."""
        write_with_deleted_rows(self.path, rows, deleted)

    def write_with_mapped_columns(self, rows: pa.Table) -> None:
        """Write a table whose files call the columns otherwise than the log."""
        write_with_mapped_columns(self.path, rows)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty folder to have tables in."""
    return Lake(tmp_path)


# Tables as other programs write them. deltalake writes neither deletion vectors nor columns under
# other names, so that the log is written here by hand, after the text of the protocol.

_Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def write_with_deleted_rows(folder: Path, table: pa.Table, deleted: Sequence[int]) -> None:
    """Write a table of one file, some of whose rows are deleted by a vector in the log."""
    folder.mkdir(parents=True)
    pq.write_table(table, folder / "part-0.parquet")
    vector = _bitmap(deleted)
    descriptor = {
        "storageType": "i",
        "pathOrInlineDv": _z85(vector),
        "sizeInBytes": len(vector),
        "cardinality": len(deleted),
    }
    features = ["deletionVectors"]
    _write_log(
        folder,
        _fields(table.schema),
        {"delta.enableDeletionVectors": "true"},
        {"minReaderVersion": 3, "minWriterVersion": 7}
        | {"readerFeatures": features, "writerFeatures": features},
        {"deletionVector": descriptor, "stats": json.dumps({"numRecords": table.num_rows})},
    )


def write_with_mapped_columns(folder: Path, table: pa.Table) -> None:
    """Write a table whose files call the columns otherwise than the log."""
    folder.mkdir(parents=True)
    physical = [f"col-{number}" for number in range(table.num_columns)]
    schema = pa.schema(
        [
            pa.field(name, field.type, metadata={"PARQUET:field_id": str(number + 1)})
            for number, (name, field) in enumerate(zip(physical, table.schema, strict=True))
        ]
    )
    pq.write_table(table.rename_columns(physical).cast(schema), folder / "part-0.parquet")
    fields = [
        field
        | {
            "metadata": {
                "delta.columnMapping.id": number + 1,
                "delta.columnMapping.physicalName": physical[number],
            }
        }
        for number, field in enumerate(_fields(table.schema))
    ]
    _write_log(
        folder,
        fields,
        {"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": str(len(fields))},
        {"minReaderVersion": 2, "minWriterVersion": 5},
        {},
    )


def _write_log(
    folder: Path,
    fields: Sequence[Mapping[str, Any]],
    configuration: Mapping[str, str],
    protocol: Mapping[str, Any],
    of_file: Mapping[str, Any],
) -> None:
    file = folder / "part-0.parquet"
    actions: list[dict[str, Any]] = [
        {"commitInfo": {"timestamp": 1_700_000_000_000, "operation": "WRITE"}},
        {"protocol": protocol},
        {
            "metaData": {
                "id": "0b9b1a4e-2f0a-4f0e-9d8e-1c7f0a1b2c3d",
                "format": {"provider": "parquet", "options": {}},
                "schemaString": json.dumps({"type": "struct", "fields": list(fields)}),
                "partitionColumns": [],
                "configuration": configuration,
                "createdTime": 1_700_000_000_000,
            }
        },
        {
            "add": {
                "path": file.name,
                "partitionValues": {},
                "size": file.stat().st_size,
                "modificationTime": 1_700_000_000_000,
                "dataChange": True,
            }
            | dict(of_file)
        },
    ]
    log = folder / "_delta_log"
    log.mkdir()
    text = "\n".join(json.dumps(action) for action in actions)
    (log / f"{0:020}.json").write_text(text + "\n")


def _fields(schema: pa.Schema) -> list[dict[str, Any]]:
    names = {pa.int64(): "long", pa.string(): "string"}
    return [
        {"name": field.name, "type": names[field.type], "nullable": True, "metadata": {}}
        for field in schema
    ]


def _bitmap(rows: Sequence[int]) -> bytes:
    """A RoaringBitmapArray of one bitmap with one container of few rows."""
    values = sorted(rows)
    roaring = struct.pack("<II", 12346, 1) + struct.pack("<HH", 0, len(values) - 1)
    roaring += struct.pack("<I", len(roaring) + 4)
    roaring += struct.pack(f"<{len(values)}H", *values)
    return struct.pack("<IQI", 1681511377, 1, 0) + roaring


def _z85(data: bytes) -> str:
    padded = data + bytes(-len(data) % 4)
    text = ""
    for (number,) in struct.iter_unpack(">I", padded):
        digits = [number // 85**power % 85 for power in (4, 3, 2, 1, 0)]
        text += "".join(_Z85[digit] for digit in digits)
    return text
