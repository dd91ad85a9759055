"""What a pipeline file says of a table to write through ODBC."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt

from aqueducts.models.fields import Name
from aqueducts_odbc.connection_config import ConnectionConfig
from aqueducts_odbc.sink.write_modes import WriteMode

__all__ = ["OdbcDestinationConfig"]


class OdbcDestinationConfig(ConnectionConfig):
    """A table of a database."""

    type: Literal["odbc"] = Field(description="Kind of destination.")
    name: Name = Field(description='The table: `orders`, `sales.orders`, `"My Sales"."Orders"`.')
    write_mode: WriteMode = Field(
        discriminator="operation", description="What becomes of the rows that are there."
    )
    create_table: Literal["never", "if_missing"] = Field(
        default="never", description="Whether a table that is missing is created, or an error."
    )
    batch_size: PositiveInt = Field(
        default=1000, description="Rows that are sent to the database at a time."
    )
