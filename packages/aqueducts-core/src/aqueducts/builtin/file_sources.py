"""Sources that are files: one, many by a glob, or a folder with its subfolders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import AliasChoices, Field

from aqueducts.arrow_types import schema_to_arrow
from aqueducts.builtin.hive import with_partition_values
from aqueducts.builtin.shown_names import listed
from aqueducts.connectors import Listing, ModelClass, RunContext, Source
from aqueducts.errors import SourceError
from aqueducts.events import Notice
from aqueducts.models.fields import (
    Location,
    Name,
    PipelineModel,
    ReadFormat,
    StorageConfig,
    empty_list,
    empty_mapping,
)
from aqueducts.models.schema import PartitionColumn, SchemaField
from aqueducts.relations import Relation

__all__ = ["DirectorySource", "DirectorySourceConfig", "FileSource", "FileSourceConfig"]


class FileSourceConfig(PipelineModel):
    """A file, or all files of a glob such as `data/2024-*.csv`."""

    type: Literal["file"] = Field(description="Kind of source.")
    name: Name = Field(description="Name of the table in queries.")
    format: ReadFormat = Field(
        validation_alias=AliasChoices("format", "file_type"), description="Format of the files."
    )
    location: Location = Field(description="Path or URL of a file, a glob, or a folder.")
    storage_config: StorageConfig = Field(
        default_factory=empty_mapping,
        validation_alias=AliasChoices("storage_config", "storage_options"),
        description="Options of the object store.",
    )


class DirectorySourceConfig(FileSourceConfig):
    """All files of one format below a folder."""

    type: Literal["directory"] = Field(description="Kind of source.")  # type: ignore[assignment]  # another tag
    location: Location = Field(description="Path or URL of the folder.")
    partition_columns: list[PartitionColumn] = Field(
        default_factory=empty_list,
        validation_alias=AliasChoices("partition_columns", "partition_cols"),
        description="Columns whose values are in the names of folders, such as date=2024-01-01/.",
    )


class FileSource(Source[FileSourceConfig]):
    """A file, a glob, or a folder."""

    type = "file"
    config_model: ClassVar[ModelClass] = FileSourceConfig

    def open(self, context: RunContext) -> Relation:
        """Find the files and describe them."""
        return _open(self, context, ())


class DirectorySource(Source[DirectorySourceConfig]):
    """A folder with its subfolders."""

    type = "directory"
    aliases = ("dir",)
    config_model: ClassVar[ModelClass] = DirectorySourceConfig

    def open(self, context: RunContext) -> Relation:
        """Find the files and describe them, with the values of their Hive folders."""
        return _open(self, context, self.config.partition_columns)


def _open(
    source: FileSource | DirectorySource,
    context: RunContext,
    partition_columns: Sequence[PartitionColumn],
) -> Relation:
    config = source.config
    file_format = source.formats[config.format.type]
    store = context.store(context.reveal(config.location), config.storage_config)
    listing = store.find(file_format.extensions)
    options = config.format.options
    if source.type == DirectorySource.type and not listing.is_directory:
        raise SourceError(
            f"{config.location!r} is a file, not a folder",
            hint="use the source type 'file' for one file",
        )
    if listing.skipped:
        context.emit(_passed_over(config.name, listing))
    if not partition_columns:
        return file_format.scan(listing.files, options, None)
    _check_names(partition_columns, options)
    names = [column.name for column in partition_columns]
    partitions = schema_to_arrow(
        SchemaField(name=column.name, data_type=column.data_type) for column in partition_columns
    )
    return file_format.scan(with_partition_values(listing, names), options, partitions)


def _passed_over(name: str, listing: Listing) -> Notice:
    count = len(listing.skipped)
    files = f"{count} files are" if count > 1 else "1 file is"
    paths = [path.removeprefix(listing.root).lstrip("/") for path in listing.skipped]
    return Notice(
        message=f"source {name!r}: {files} passed over because of the ending: {listed(paths)}",
        code="files-passed-over",
    )


def _check_names(partition_columns: Sequence[PartitionColumn], options: object) -> None:
    declared = {field.name for field in getattr(options, "fields", ())}
    both = [column.name for column in partition_columns if column.name in declared]
    if both:
        raise SourceError(
            f"declared both in schema and in partition_columns: {listed(both)}",
            hint="remove them from the schema: their values come from the names of folders",
        )
