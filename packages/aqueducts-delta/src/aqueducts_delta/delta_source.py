"""The source that is a Delta table: its newest version, or an older one."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import (
    AliasChoices,
    AwareDatetime,
    BeforeValidator,
    Field,
    NonNegativeInt,
    model_validator,
)
from pydantic_core import PydanticCustomError

from aqueducts.connectors import ModelClass, RunContext, Source
from aqueducts.errors import SourceError
from aqueducts.models.fields import Location, Name, PipelineModel, StorageConfig
from aqueducts.relations import ArrowStream, Relation, StreamFiles
from aqueducts_delta.failures import reported
from aqueducts_delta.locations import TableLocation, locate
from aqueducts_delta.scan_filters import filter_sql
from aqueducts_delta.scanned_files import files_of_scan
from aqueducts_delta.tables import open_table

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
    from deltalake import DeltaTable

__all__ = ["DeltaSource", "DeltaSourceConfig"]

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z")


def _rfc_3339(value: Any) -> Any:
    if isinstance(value, str) and _MOMENT.match(value):
        return value
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value
    raise PydanticCustomError(
        "timestamp",
        "a timestamp has a date, a time and a time zone",
        {"help": "such as 2024-05-01T12:00:00Z or 2024-05-01T12:00:00+02:00, in quotes"},
    )


class DeltaSourceConfig(PipelineModel):
    """A Delta table, at its newest version or an older one."""

    type: Literal["delta"] = Field(description="Kind of source.")
    name: Name = Field(description="Name of the table in queries.")
    location: Location = Field(description="Path or URL of the table's folder.")
    storage_config: StorageConfig = Field(
        default_factory=dict,
        validation_alias=AliasChoices("storage_config", "storage_options"),
        description="Options of the object store.",
    )
    version: NonNegativeInt | None = Field(
        default=None, description="Version to read; the newest where neither this nor a time is."
    )
    timestamp: Annotated[AwareDatetime, BeforeValidator(_rfc_3339)] | None = Field(
        default=None, description="Read the table as it was at this time (RFC 3339)."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> DeltaSourceConfig:
        if self.version is not None and self.timestamp is not None:
            raise PydanticCustomError(
                "version",
                "a Delta source has a version or a timestamp, not both",
                {"help": "remove one of the two"},
            )
        return self


class DeltaSource(Source[DeltaSourceConfig]):
    """One version of a Delta table; what is committed during the run is not seen."""

    type = "delta"
    config_model: ClassVar[ModelClass] = DeltaSourceConfig

    def open(self, context: RunContext) -> Relation:
        """Read the table's log."""
        config = self.config
        location = locate(config.location, config.storage_config, context)
        table = open_table(
            location, SourceError, version=config.version, timestamp=config.timestamp
        )
        return scan(table, location)


def scan(table: DeltaTable, location: TableLocation) -> ArrowStream:
    """A table as a relation: columns and conditions of a query reach its files.

    deltalake reads, not the engine: through the engine's interface for foreign tables conditions
    do not arrive, so that each query would read all files.
    """
    import pyarrow as pa

    with reported(SourceError, "cannot read the Delta table", location):
        schema = pa.schema(table.schema().to_arrow())
        files = pa.table(table.get_add_actions())

    def open_scan(
        _: int, columns: Sequence[str] | None, condition: pc.Expression | None
    ) -> Iterator[pa.RecordBatch]:
        predicate = None if condition is None else filter_sql(condition, schema)
        names = schema.names if columns is None else list(columns)
        chosen = pa.schema([schema.field(name) for name in names])
        with reported(SourceError, "cannot read the Delta table", location):
            yield from _batches(table, chosen, predicate)

    def find_files(condition: pc.Expression | None) -> StreamFiles | None:
        is_used = condition is not None and filter_sql(condition, schema) is not None
        return files_of_scan(table, files, condition if is_used else None)

    return ArrowStream(
        schema=schema,
        open=open_scan,
        is_rereadable=True,
        size_bytes=sum(files.column("size_bytes").to_pylist()),
        find_files=find_files,
    )


def _batches(
    table: DeltaTable, schema: pa.Schema, predicate: str | None
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    names = schema.names or _any_column(table)
    found = table.scan(columns=names, predicate=predicate)
    with pa.RecordBatchReader.from_stream(found) as reader:
        for batch in reader:
            if not schema.names:  # rows are counted; a batch without columns would lose them
                nothing = pa.nulls(batch.num_rows, pa.struct([]))
                yield pa.RecordBatch.from_struct_array(nothing)
            else:
                yield batch if batch.schema == schema else batch.cast(schema)


def _any_column(table: DeltaTable) -> list[str]:
    """What to read to count rows: deltalake counts by the log, but not where names are mapped."""
    is_mapped = table.metadata().configuration.get("delta.columnMapping.mode", "none") != "none"
    return [table.schema().fields[0].name] if is_mapped else []
