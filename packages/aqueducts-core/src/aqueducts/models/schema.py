"""Declared columns: `{name, data_type, nullable, description}`, and partition columns."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, PydanticKnownError

from aqueducts.models.fields import Name
from aqueducts.models.types import DataType, DataTypeError, parse_type

__all__ = ["DataTypeText", "PartitionColumn", "SchemaField"]


def _read(value: Any) -> DataType:
    if isinstance(value, DataType):
        return value
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    try:
        return parse_type(value)
    except DataTypeError as error:
        raise PydanticCustomError(
            "data_type",
            "{message}",
            {
                "code": "data-type",
                "message": error.message,
                "offset": error.offset,
                "length": error.length,
                "help": error.hint,
            },
        ) from None


DataTypeText = Annotated[
    DataType,
    PlainValidator(_read),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "examples": ["string", "int64", "timestamp<microsecond,UTC>", "list<struct<id:int64>>"],
        }
    ),
]
"""A data type, written as text in files and in JSON."""


_CONFIG = ConfigDict(
    frozen=True,
    extra="ignore",
    populate_by_name=True,
    hide_input_in_errors=True,
    defer_build=True,
)


class SchemaField(BaseModel):
    """A column. Other keys than these are allowed and mean nothing here."""

    model_config = _CONFIG

    name: Name = Field(description="Name of the column.")
    data_type: DataTypeText = Field(
        validation_alias=AliasChoices("data_type", "type"),
        description="Data type, such as string, int64, decimal<10,2> or list<string>.",
    )
    nullable: bool = Field(default=True, description="Whether the column may hold nulls.")
    description: str | None = Field(default=None, description="What the column means.")


class PartitionColumn(BaseModel):
    """A column whose values are in the names of folders: `[name, type]`, or as a mapping."""

    model_config = _CONFIG

    name: Name = Field(description="Name of the column and of its folders (`name=value`).")
    data_type: DataTypeText = Field(
        validation_alias=AliasChoices("data_type", "type"),
        description="Data type of the values.",
    )

    @model_validator(mode="wrap")
    @classmethod
    def _read_pair(
        cls, value: Any, handler: ModelWrapValidatorHandler[PartitionColumn]
    ) -> PartitionColumn:
        if not isinstance(value, list | tuple):
            return handler(value)
        if len(value) != len(_PAIR):
            message = "a partition column is a pair of name and type"
            raise PydanticCustomError("pair", message, {"help": "such as [date, string]"})
        try:
            return handler(dict(zip(_PAIR, value, strict=True)))
        except ValidationError as error:
            raise _with_places_in_pair(error) from None

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Accept both forms in the schema as well."""
        mapping = handler.resolve_ref_schema(handler(core_schema))
        part = {"type": "string"}
        pair = {"type": "array", "prefixItems": [part, part], "minItems": 2, "maxItems": 2}
        return {"anyOf": [pair, mapping], "description": mapping.pop("description", "")}


_PAIR = ("name", "data_type")


def _with_places_in_pair(error: ValidationError) -> ValidationError:
    """Return the error of a mapping as the error of the pair that it was made from."""
    return ValidationError.from_exception_data(
        error.title,
        [
            InitErrorDetails(
                type=(PydanticCustomError(each["type"], each["msg"], each.get("ctx"))),
                loc=tuple(_PAIR.index(part) if part in _PAIR else part for part in each["loc"]),
                input=each["input"],
            )
            for each in error.errors()
        ],
        hide_input=True,
    )
