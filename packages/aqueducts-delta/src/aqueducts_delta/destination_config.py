"""What pipeline files say of a Delta table to write."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    Field,
    JsonValue,
)
from pydantic_core import PydanticCustomError

from aqueducts.models.fields import Location, Name, PipelineModel, StorageConfig
from aqueducts.models.schema import SchemaField

__all__ = ["Append", "DeltaDestinationConfig", "Replace", "ReplaceCondition", "Upsert"]


def _different(names: list[str]) -> list[str]:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise PydanticCustomError("names", "'{name}' is named twice", {"name": twice})
    return names


def _different_fields(fields: list[SchemaField]) -> list[SchemaField]:
    names = [field.name for field in fields]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise PydanticCustomError(
            "columns", "the schema declares column '{name}' twice", {"name": twice}
        )
    return fields


def _free_keys(metadata: dict[str, Any]) -> dict[str, Any]:
    taken = next((key for key in metadata if key in _GENERATED), None)
    if taken is not None:
        raise PydanticCustomError(
            "metadata",
            "'{key}' is a key that each commit has already",
            {"key": taken, "help": "choose another key"},
        )
    return metadata


_GENERATED = frozenset(
    {"timestamp", "operation", "engineInfo", "operationParameters", "readVersion", "isBlindAppend"}
)

Names = Annotated[list[Name], AfterValidator(_different)]


class Append(PipelineModel):
    """Add rows to those that are there."""

    operation: Literal["append"] = Field(description="Add the rows to those that are there.")


class Upsert(PipelineModel):
    """Replace rows of the same keys, and add the others."""

    operation: Literal["upsert"] = Field(
        description="Replace the rows that have the same keys, and add the others."
    )
    params: Annotated[list[Name], AfterValidator(_different)] = Field(
        min_length=1, description="The columns that together identify a row; null equals null."
    )


class ReplaceCondition(PipelineModel):
    """Rows that have a value in a column."""

    column: Name = Field(description="A column of the table.")
    value: str | bool | int | float | None = Field(
        description="The value that replaced rows have, read as the column's type; null is a null."
    )


class Replace(PipelineModel):
    """Put the rows in the place of those that meet all conditions."""

    operation: Literal["replace"] = Field(
        description="Put the rows in the place of those that meet all conditions."
    )
    params: list[ReplaceCondition] = Field(
        default_factory=list,
        description="Conditions that all hold for replaced rows; none means the whole table.",
    )


class DeltaDestinationConfig(PipelineModel):
    """A Delta table; it is created where it is missing."""

    type: Literal["delta"] = Field(description="Kind of destination.")
    name: Name = Field(description="Name of the destination, for messages.")
    location: Location = Field(description="Path or URL of the table's folder.")
    write_mode: Append | Upsert | Replace = Field(
        discriminator="operation",
        validation_alias=AliasChoices("write_mode", "mode"),
        description="What becomes of the rows that are there.",
    )
    storage_config: StorageConfig = Field(
        default_factory=dict,
        validation_alias=AliasChoices("storage_config", "storage_options"),
        description="Options of the object store.",
    )
    partition_columns: Names = Field(
        default_factory=list,
        validation_alias=AliasChoices("partition_columns", "partition_cols"),
        description="Columns by whose values a new table is divided.",
    )
    table_properties: dict[str, str | None] = Field(
        default_factory=dict, description="Properties of a new table, such as delta.appendOnly."
    )
    metadata: Annotated[dict[str, JsonValue], AfterValidator(_free_keys)] = Field(
        default_factory=dict,
        validation_alias=AliasChoices("metadata", "custom_metadata"),
        description="What each commit notes about itself in the table's history.",
    )
    fields: Annotated[list[SchemaField], AfterValidator(_different_fields)] = Field(
        default_factory=list,
        alias="schema",
        description="Columns of the table, to which the result is cast; without it the result's.",
    )
    schema_evolution: Literal["none", "add_columns"] = Field(
        default="none",
        description="Whether columns that the table lacks are added to it, or an error.",
    )
