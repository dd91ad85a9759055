"""What a pipeline file says of a database to read from."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, Field

from aqueducts.models.fields import Name, Text
from aqueducts_odbc.connection_config import ConnectionConfig

__all__ = ["OdbcSourceConfig"]


class OdbcSourceConfig(ConnectionConfig):
    """The result of a query in a database."""

    type: Literal["odbc"] = Field(description="Kind of source.")
    name: Name = Field(description="Name of the table in queries.")
    load_query: Text = Field(
        validation_alias=AliasChoices("load_query", "query"),
        description="Query that the database runs; its result is the table.",
    )
