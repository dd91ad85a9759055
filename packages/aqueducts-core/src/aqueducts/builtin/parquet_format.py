"""Parquet files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    StrictBool,
    StrictInt,
    ValidationError,
    field_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from aqueducts.arrow_types import schema_to_arrow
from aqueducts.builtin.column_types import any_inside, check_unique_names, refuse_columns
from aqueducts.builtin.declared_columns import Columns
from aqueducts.builtin.parquet_defaults import parquet_defaults
from aqueducts.builtin.parquet_footers import read_footer
from aqueducts.builtin.parquet_options import COLUMN_OPTIONS, PARQUET_OPTIONS, check_option
from aqueducts.builtin.shown_names import listed
from aqueducts.connectors import EngineWriter, FileFormat, ModelClass
from aqueducts.diagnostics import nearest
from aqueducts.errors import DestinationError
from aqueducts.models.fields import PipelineModel, empty_list, empty_mapping
from aqueducts.relations import DataFile, FileScan

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ParquetFormat", "ParquetReadOptions", "ParquetWriteOptions"]

OptionValue = Annotated[str | StrictBool | StrictInt | float, Field(union_mode="left_to_right")]
"""Text, or a number or switch that is written as text."""


class ParquetReadOptions(PipelineModel):
    """How Parquet files are read."""

    fields: Columns = Field(
        default_factory=empty_list,
        alias="schema",
        description="Columns to read and their types; all as they are where empty.",
    )


def _describe_options(schema: dict[str, Any]) -> None:
    """Name the options in the JSON Schema, for editors."""
    value = schema.pop("additionalProperties")
    schema["properties"] = {
        name: {**value, "description": expected} for name, (_, expected) in PARQUET_OPTIONS.items()
    }
    columns = "|".join(COLUMN_OPTIONS)
    schema["patternProperties"] = {f"^(({columns})::.+|metadata::[^:]+)$": value}


if TYPE_CHECKING:
    _OptionMap = RootModel[dict[str, OptionValue]]
else:
    _OptionMap = RootModel
    """Naming its type here would build a model of its own, at once and for nothing."""


class ParquetWriteOptions(_OptionMap):
    """Options of the engine's Parquet writer, such as `compression: zstd(3)`.

    `name::column` sets an option for one column; `metadata::key` stores a text in the file.
    """

    model_config = ConfigDict(frozen=True, defer_build=True, json_schema_extra=_describe_options)

    root: dict[str, OptionValue] = Field(default_factory=empty_mapping)

    @field_validator("root")
    @classmethod
    def _check(cls, value: dict[str, OptionValue]) -> dict[str, OptionValue]:
        problems: list[InitErrorDetails] = []
        for key, item in value.items():
            try:
                check_option(key, item)
            except PydanticCustomError as error:
                problems.append(InitErrorDetails(type=error, loc=(key,), input=item))
        if problems:
            raise ValidationError.from_exception_data(cls.__name__, problems, hide_input=True)
        return value

    def for_engine(self) -> dict[str, str]:
        """The options in the engine's spelling."""
        checked = (check_option(key, item) for key, item in self.root.items())
        return dict(each for each in checked if each is not None)


class ParquetFormat(FileFormat):
    """Parquet, read and written by the engine."""

    type = "parquet"
    extensions = (".parquet",)
    read_options: ClassVar[ModelClass] = ParquetReadOptions
    write_options: ClassVar[ModelClass | None] = ParquetWriteOptions

    def scan(
        self, files: Sequence[DataFile], options: BaseModel, partitions: pa.Schema | None
    ) -> FileScan:
        """Describe Parquet files as one relation."""
        assert isinstance(options, ParquetReadOptions)  # noqa: S101 - the format's own model
        return FileScan(
            format="parquet",
            files=files,
            schema=schema_to_arrow(options.fields) if options.fields else None,
            partitions=partitions,
        )

    def check_schema(self, schema: pa.Schema, options: BaseModel) -> None:
        """Refuse types that Parquet lacks, and options for columns that are not there."""
        assert isinstance(options, ParquetWriteOptions)  # noqa: S101 - the format's own model
        check_unique_names(schema, "Parquet")
        refuse_columns(
            schema,
            lambda each: any_inside(each, _is_not_parquet),
            "Parquet cannot hold unions, intervals or structs without fields",
            "cast them to something else in the last stage, or write json",
        )
        _check_column_options(schema, options)

    def columns_of(self, file: DataFile, options: BaseModel) -> Mapping[str, pa.DataType] | None:  # noqa: ARG002
        """Columns and types by the file's footer; None for what is no Parquet file."""
        import pyarrow as pa

        from aqueducts.builtin.datafusion_engine.plain_types import plain_schema
        from aqueducts.builtin.parquet_footers import read_footer

        try:
            schema = read_footer(file).schema.to_arrow_schema()
        except pa.ArrowException:
            return None
        return {field.name: self.stored_type(field.type) for field in plain_schema(schema)}

    def stored_type(self, data_type: pa.DataType) -> pa.DataType:
        """The nearest type that Parquet has a name for."""
        from aqueducts.builtin.datafusion_engine.plain_types import parquet_type

        return parquet_type(data_type)

    def writer(self, schema: pa.Schema, options: BaseModel, file_name: str) -> EngineWriter:  # noqa: ARG002
        """The engine's Parquet writer; the user's options win over the defaults."""
        assert isinstance(options, ParquetWriteOptions)  # noqa: S101 - the format's own model
        return EngineWriter(
            stored_as="PARQUET",
            options={**parquet_defaults(schema), **options.for_engine()},
            extension=".parquet",
        )

    def count_rows(self, path: Path, options: BaseModel) -> int:  # noqa: ARG002
        """Rows as the file's footer tells."""
        return int(read_footer(path).num_rows)


def _is_not_parquet(data_type: pa.DataType) -> bool:
    import pyarrow.types as pt

    if pt.is_struct(data_type):
        return bool(data_type.num_fields == 0)
    return bool(pt.is_union(data_type) or pt.is_interval(data_type))


def _check_column_options(schema: pa.Schema, options: ParquetWriteOptions) -> None:
    for key in options.root:
        name, separator, column = key.partition("::")
        if not separator or name == "metadata":
            continue
        if column not in schema.names and column.partition(".")[0] not in schema.names:
            near = nearest(column, schema.names)
            raise DestinationError(
                f"the option {key!r} is for a column that the result does not have",
                hint=f"did you mean {near!r}?" if near else f"it has {listed(schema.names, 20)}",
            )
        if column != column.lower():
            # The engine folds the names of options to lower case and then finds no such column.
            raise DestinationError(
                f"the option {key!r} cannot be set: the column's name has upper-case letters",
                hint=f'rename it in the last stage: SELECT "{column}" AS {column.lower()}',
            )
