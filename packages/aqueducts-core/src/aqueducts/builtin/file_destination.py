"""The destination that is a file, or a folder of files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import AliasChoices, Field

from aqueducts.builtin.column_types import check_unique_names, refuse_columns
from aqueducts.builtin.os_errors import is_about_storage, storage_error
from aqueducts.builtin.shown_names import listed
from aqueducts.connectors import (
    Destination,
    EngineWriter,
    FileFormat,
    Frame,
    ModelClass,
    RunContext,
    Store,
    StreamWriter,
    WriteReport,
)
from aqueducts.diagnostics import nearest
from aqueducts.errors import DestinationError
from aqueducts.models.fields import (
    Location,
    Name,
    PipelineModel,
    StorageConfig,
    WriteFormat,
    empty_list,
    empty_mapping,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.plan_facts import TargetChange

__all__ = ["FileDestination", "FileDestinationConfig"]


class FileDestinationConfig(PipelineModel):
    """A file or a folder of files; what was there is replaced in one step."""

    type: Literal["file"] = Field(description="Kind of destination.")
    name: Name = Field(description="Name of the destination, for messages.")
    location: Location = Field(description="Path or URL of the file or folder.")
    format: WriteFormat = Field(
        validation_alias=AliasChoices("format", "file_type"), description="Format of the files."
    )
    single_file: bool = Field(
        default=True,
        description="One file; false, or a location that ends in a slash, means several.",
    )
    partition_columns: list[Name] = Field(
        default_factory=empty_list,
        validation_alias=AliasChoices("partition_columns", "partition_cols"),
        description="Columns whose values become names of folders; there are several files then.",
    )
    storage_config: StorageConfig = Field(
        default_factory=empty_mapping,
        validation_alias=AliasChoices("storage_config", "storage_options"),
        description="Options of the object store.",
    )


class FileDestination(Destination[FileDestinationConfig]):
    """Writes beside the target, reads back what was written, then replaces the target."""

    type = "file"
    config_model: ClassVar[ModelClass] = FileDestinationConfig
    restarts = "any_time"

    def prepare(self, context: RunContext) -> None:
        """Refuse a target that cannot be written or would destroy something else."""
        self._check_target(self._store(context))

    def check(self, schema: pa.Schema, context: RunContext) -> None:  # noqa: ARG002 - nothing to ask
        """Refuse partition columns that are not there and columns that the format lacks."""
        partitions = self.config.partition_columns
        check_unique_names(schema, self._format.type)
        _check_partitions(schema, partitions)
        rest = _without(schema, partitions)
        self._format.check_schema(rest, self.config.format.options)
        writer = self._format.writer(rest, self.config.format.options, "")
        if partitions and isinstance(writer, StreamWriter):
            raise DestinationError(
                f"files of format {self._format.type!r} cannot be written with partition columns",
                hint="leave partition_columns out, or choose csv, json or parquet",
            )

    def describe_write(self, schema: pa.Schema, context: RunContext) -> TargetChange | None:
        """Everything that is there is replaced; columns are those of the first file."""
        from aqueducts.builtin.target_change import target_change  # no run needs it

        try:
            found = self._store(context).find_target(self._format.extensions)
        except NotImplementedError:
            return None
        config = self.config
        return target_change(
            found, schema, self._format, config.format.options, config.partition_columns
        )

    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        """Write the frame, check that all of it can be read back, and replace the target."""
        store = self._store(context)
        staged = store.stage(context, is_single_file=self._is_single_file)
        try:
            rows = self._write(frame, staged.path)
            files = _files(staged.path)
            self._verify(rows, files)
            size_bytes = sum(path.stat().st_size for path in files)
            # Time has passed: something else may be there now.
            self._check_target(store)
            staged.commit()
        except OSError as error:
            if not is_about_storage(error):
                raise
            raise storage_error(error, self.config.location, "write") from error
        finally:
            staged.abort()
        return WriteReport(
            rows=rows, size_bytes=size_bytes, files=len(files), location=self.config.location
        )

    @property
    def _format(self) -> FileFormat:
        return self.formats[self.config.format.type]

    @property
    def _is_single_file(self) -> bool:
        config = self.config
        if config.partition_columns:
            return False
        is_folder = config.location.endswith("/") and "single_file" not in config.model_fields_set
        return config.single_file and not is_folder

    def _store(self, context: RunContext) -> Store:
        config = self.config
        return context.store(context.reveal(config.location), config.storage_config)

    def _check_target(self, store: Store) -> None:
        store.check_target(is_single_file=self._is_single_file, extensions=self._format.extensions)

    def _write(self, frame: Frame, path: Path) -> int:
        config = self.config
        name = path.name if self._is_single_file else ""
        schema = _without(frame.schema, config.partition_columns)
        writer = self._format.writer(schema, config.format.options, name)
        if isinstance(writer, EngineWriter):
            return frame.write_files(
                path,
                writer,
                is_single_file=self._is_single_file,
                partition_columns=config.partition_columns,
            )
        if not self._is_single_file:
            path.mkdir()
            path = path / f"part-0{writer.extension}"
        with frame.stream() as reader:
            return writer.write(reader, path)

    def _verify(self, rows: int, files: Sequence[Path]) -> None:
        """Count the rows in the files: an engine's report is no proof that they are there."""
        options = self.config.format.options
        found = sum(self._format.count_rows(path, options) for path in files)
        if found != rows:
            raise DestinationError(
                f"wrote {rows} rows but {found} can be read back from {self.config.location!r}",
                hint="what was there before is untouched; please report this with the pipeline",
            )


def _check_partitions(schema: pa.Schema, partitions: Sequence[str]) -> None:
    missing = [name for name in partitions if name not in schema.names]
    if missing:
        near = nearest(missing[0], schema.names)
        raise DestinationError(
            f"the result has no column for partition_columns {listed(missing)}",
            hint=f"did you mean {near!r}?" if near else f"it has {listed(schema.names, limit=20)}",
        )
    if len(set(partitions)) < len(partitions):
        raise DestinationError(f"partition_columns names a column twice: {listed(partitions)}")
    if not partitions:
        return
    if len(partitions) == len(schema.names):
        raise DestinationError(
            "all columns are partition_columns, so that nothing is left to write in the files",
            hint="leave at least one column out of partition_columns",
        )
    refuse_columns(
        _only(schema, partitions),
        _is_no_folder_name,
        "columns of these types cannot become names of folders",
        "cast them to text in the last stage, or choose other partition_columns",
    )


def _is_no_folder_name(data_type: pa.DataType) -> bool:
    import pyarrow.types as pt

    return bool(
        pt.is_nested(data_type)
        or pt.is_null(data_type)
        or pt.is_duration(data_type)
        or pt.is_interval(data_type)
        or any(
            is_binary(data_type)
            for is_binary in (pt.is_binary, pt.is_large_binary, pt.is_fixed_size_binary)
        )
    )


def _only(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([field for field in schema if field.name in names])


def _without(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([field for field in schema if field.name not in names])


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return [Path(folder) / name for folder, _, names in os.walk(path) for name in sorted(names)]
