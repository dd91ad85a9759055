"""What pipeline files say of databases to reach through ADBC."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AliasChoices, Field, SecretStr

from aqueducts.models.fields import Name, PipelineModel, Text, empty_mapping
from aqueducts.models.schema import DataTypeText
from aqueducts_odbc.sink.write_modes import WriteMode

__all__ = ["AdbcConfig", "AdbcDestinationConfig", "AdbcSourceConfig"]


class AdbcConfig(PipelineModel):
    """A connection to a database."""

    type: Any
    name: Name
    uri: SecretStr = Field(
        description="`postgresql://user:password@host:5432/database`, or `sqlite:///path/to/file`."
    )
    user: str | None = Field(default=None, description="User, in place of one in the URI.")
    password: SecretStr | None = Field(
        default=None, description="Password, in place of one in the URI; may hold any character."
    )


class AdbcSourceConfig(AdbcConfig):
    """The result of a query in a database."""

    type: Literal["adbc"] = Field(description="Kind of source.")
    name: Name = Field(description="Name of the table in queries.")
    load_query: Text = Field(
        validation_alias=AliasChoices("load_query", "query"),
        description="Query that the database runs; its result is the table.",
    )
    types: dict[str, DataTypeText] = Field(
        default_factory=empty_mapping,
        description="Types of columns, by their names; a value that its type does not have is an "
        "error.",
    )


class AdbcDestinationConfig(AdbcConfig):
    """A table of a database."""

    type: Literal["adbc"] = Field(description="Kind of destination.")
    name: Name = Field(description='The table: `orders`, `sales.orders`, `"My Sales"."Orders"`.')
    write_mode: WriteMode = Field(
        discriminator="operation", description="What becomes of the rows that are there."
    )
    create_table: Literal["never", "if_missing"] = Field(
        default="never", description="Whether a table that is missing is created, or an error."
    )
