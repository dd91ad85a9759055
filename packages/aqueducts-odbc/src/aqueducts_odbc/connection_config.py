"""What a source and a destination say of their connection."""

from __future__ import annotations

from typing import Any

from pydantic import Field, NonNegativeInt, SecretStr

from aqueducts.models.fields import Name, PipelineModel

__all__ = ["ConnectionConfig"]


class ConnectionConfig(PipelineModel):
    """A connection to a database."""

    type: Any
    name: Name
    connection_string: SecretStr = Field(
        description="ODBC connection string, such as `Driver={PostgreSQL Unicode};Server=db;"
        "Database=shop`. What the driver needs to read correctly is added, unless it is set here."
    )
    user: str | None = Field(default=None, description="User, in place of one in the string.")
    password: SecretStr | None = Field(
        default=None,
        description="Password, in place of one in the string; may hold any character.",
    )
    login_timeout: NonNegativeInt = Field(
        default=15, description="Seconds to wait for the connection; 0 waits as the driver does."
    )
