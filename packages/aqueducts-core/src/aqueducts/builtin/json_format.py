"""JSON files: one object per line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, Field

from aqueducts.arrow_types import schema_to_arrow
from aqueducts.builtin.column_types import any_inside, check_unique_names, refuse_columns
from aqueducts.builtin.compression import Compression, compression_of, ending_of, open_binary
from aqueducts.builtin.declared_columns import Columns
from aqueducts.builtin.row_count import count_lines
from aqueducts.connectors import EngineWriter, FileFormat, ModelClass
from aqueducts.models.fields import PipelineModel, empty_list
from aqueducts.relations import DataFile, FileScan

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["JsonFormat", "JsonReadOptions", "JsonWriteOptions"]


_ROWS_LOOKED_AT = 1000


class JsonReadOptions(PipelineModel):
    """How JSON files are read."""

    fields: Columns = Field(
        default_factory=empty_list,
        alias="schema",
        description="Columns and their types; inferred where empty.",
    )
    compression: Compression | None = Field(
        default=None, description="Compression; by the file's ending where unset."
    )


class JsonWriteOptions(PipelineModel):
    """How JSON files are written."""

    compression: Compression | None = Field(
        default=None, description="Compression; by the target's ending where unset."
    )


class JsonFormat(FileFormat):
    """Newline-delimited JSON objects, read and written by the engine."""

    type = "json"
    extensions = (".json", ".jsonl", ".ndjson")
    read_options: ClassVar[ModelClass] = JsonReadOptions
    write_options: ClassVar[ModelClass | None] = JsonWriteOptions

    def scan(
        self, files: Sequence[DataFile], options: BaseModel, partitions: pa.Schema | None
    ) -> FileScan:
        """Describe JSON files as one relation."""
        assert isinstance(options, JsonReadOptions)  # noqa: S101 - the format's own model
        return FileScan(
            format="json",
            files=files,
            schema=schema_to_arrow(options.fields) if options.fields else None,
            partitions=partitions,
            compression=options.compression,
        )

    def check_schema(self, schema: pa.Schema, options: BaseModel) -> None:  # noqa: ARG002
        """Refuse unions, and maps whose keys are not text."""
        check_unique_names(schema, "JSON")
        refuse_columns(
            schema,
            lambda each: any_inside(each, _is_not_json),
            "JSON cannot hold unions, or maps whose keys are not strings",
            "cast them to something else in the last stage, or write parquet",
        )

    def columns_of(self, file: DataFile, options: BaseModel) -> Mapping[str, None] | None:
        """Keys of the first thousand objects; one that is null in all of them is not there."""
        assert isinstance(options, JsonWriteOptions)  # noqa: S101 - the format's own model
        import json  # only for looks at what is there

        from aqueducts.builtin.first_lines import first_lines

        compression = options.compression or compression_of(file.path)
        keys: dict[str, None] = {}
        try:
            for line in first_lines(file, compression, _ROWS_LOOKED_AT) or ():
                row = json.loads(line)
                if not isinstance(row, dict):
                    return None
                keys.update(dict.fromkeys(row))
        except ValueError:
            return None
        return keys or None

    def writer(self, schema: pa.Schema, options: BaseModel, file_name: str) -> EngineWriter:  # noqa: ARG002
        """The engine's JSON writer; compression from the option, else from the target's ending."""
        assert isinstance(options, JsonWriteOptions)  # noqa: S101 - the format's own model
        compression = options.compression or compression_of(file_name) or "none"
        return EngineWriter(
            stored_as="JSON",
            options={
                "format.compression": "uncompressed" if compression == "none" else compression
            },
            extension=".json" + ending_of(compression),
        )

    def count_rows(self, path: Path, options: BaseModel) -> int:
        """Lines of one written file: line ends inside values are escaped."""
        assert isinstance(options, JsonWriteOptions)  # noqa: S101 - the format's own model
        with open_binary(path, options.compression or compression_of(path.name)) as stream:
            return count_lines(stream)


def _is_not_json(data_type: pa.DataType) -> bool:
    import pyarrow.types as pt

    if pt.is_map(data_type):
        return not (pt.is_string(data_type.key_type) or pt.is_large_string(data_type.key_type))
    return bool(pt.is_union(data_type))
