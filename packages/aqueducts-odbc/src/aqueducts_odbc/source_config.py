"""What a pipeline file says of a database to read from."""

from __future__ import annotations

import datetime
import itertools
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    model_validator,
)
from pydantic_core import PydanticCustomError

from aqueducts.models.fields import Name, Text, empty_list, empty_mapping
from aqueducts.models.schema import DataTypeText
from aqueducts_odbc.connection_config import ConnectionConfig

__all__ = ["OdbcSourceConfig", "Partition"]

_MOST_PARTITIONS = 64


def _as_text(value: Any) -> Any:
    """A parameter as databases read it: ODBC passes texts only."""
    match value:
        case None | str():
            return value
        case bool():
            return str(int(value))
        case int() | float() | Decimal():
            return str(value)
        case datetime.datetime():
            return value.isoformat(" ")
        case datetime.date() | datetime.time():
            return value.isoformat()
    raise PydanticCustomError("parameter", "a parameter is a text, a number, a date or null")


Parameter = Annotated[str | None, BeforeValidator(_as_text)]


class Partition(BaseModel):
    """Ranges of a column that are read at the same time."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    column: Name = Field(description="Column of integers, with an index where there are many rows.")
    lower: int = Field(description="Where the second range would begin if it had no width.")
    upper: int = Field(description="Where the last range ends. Rows outside both are read, too.")
    num: PositiveInt = Field(
        le=_MOST_PARTITIONS, description="Number of ranges, each with a connection of its own."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Partition:
        if self.upper <= self.lower:
            raise PydanticCustomError("partition", "`upper` must be greater than `lower`")
        return self

    def conditions(self, column: str) -> list[str]:
        """Conditions that each row fulfils exactly one of; `column` is SQL."""
        width = self.upper - self.lower
        edges = sorted({self.lower + width * part // self.num for part in range(1, self.num)})
        if not edges:
            return ["1 = 1"]
        inner = [
            f"({column} >= {low} AND {column} < {high})" for low, high in itertools.pairwise(edges)
        ]
        first = f"({column} < {edges[0]} OR {column} IS NULL)"
        return [first, *inner, f"{column} >= {edges[-1]}"]


class OdbcSourceConfig(ConnectionConfig):
    """The result of a query in a database."""

    type: Literal["odbc"] = Field(description="Kind of source.")
    name: Name = Field(description="Name of the table in queries.")
    load_query: Text = Field(
        validation_alias=AliasChoices("load_query", "query"),
        description="Query that the database runs; its result is the table.",
    )
    parameters: list[Parameter] = Field(
        default_factory=empty_list,
        description="Values for the question marks in the query, in their order; null is NULL.",
    )
    types: dict[str, DataTypeText] = Field(
        default_factory=empty_mapping,
        description="Types of columns, by their names; a value that its type does not have is an "
        "error.",
    )
    numeric_as: DataTypeText | None = Field(
        default=None,
        description="Type of numbers that are declared without a number of digits: decimal<P,S>, "
        "string or float64; without it decimal<38,18>.",
    )
    batch_rows: PositiveInt = Field(
        default=10_000, le=1_000_000, description="Rows that are fetched at a time, at most."
    )
    max_text_bytes: PositiveInt = Field(
        default=32_768,
        le=1 << 30,
        description="Longest text that can come, in bytes; a longer one is an error.",
    )
    max_binary_bytes: PositiveInt = Field(
        default=65_536,
        le=1 << 30,
        description="Longest binary value that can come; a longer one is an error.",
    )
    query_timeout: PositiveInt | None = Field(
        default=None, description="Seconds that the database may take until its first rows."
    )
    partition: Partition | None = Field(
        default=None, description="Read ranges of the rows at the same time."
    )

    @model_validator(mode="after")
    def _numeric_type(self) -> OdbcSourceConfig:
        names = ("decimal", "string", "float64")
        if self.numeric_as is not None and self.numeric_as.name not in names:
            raise PydanticCustomError(
                "numeric_as",
                "`numeric_as` is decimal<P,S>, string or float64",
                {"help": "such as decimal<38,10>"},
            )
        return self
