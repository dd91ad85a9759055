"""The destination that is a table of a database, through ADBC."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from aqueducts.connectors import ModelClass, RunContext
from aqueducts.errors import DestinationError
from aqueducts_odbc.adbc.config import AdbcDestinationConfig
from aqueducts_odbc.table_destination import TableDestination

if TYPE_CHECKING:
    from aqueducts_odbc.sink.writing import WriteJob

__all__ = ["AdbcDestination"]


class AdbcDestination(TableDestination[AdbcDestinationConfig]):
    """Writes a table in one transaction, PostgreSQL's by COPY."""

    type = "adbc"
    config_model: ClassVar[ModelClass] = AdbcDestinationConfig

    def job(self, context: RunContext) -> WriteJob:
        """Write through the driver for the URI."""
        from aqueducts_odbc.adbc.databases import database_of
        from aqueducts_odbc.adbc.session import adbc_session
        from aqueducts_odbc.sink.dialects import PostgreSqlDialect, dialect_for
        from aqueducts_odbc.sink.writing import WriteJob

        config = self.config
        database = database_of(config, context, DestinationError, is_for_reading=False)
        is_postgresql = database.kind == "postgresql"
        dialect = PostgreSqlDialect(is_binary=True) if is_postgresql else dialect_for("sqlite")
        return WriteJob(
            name=context.reveal(config.name),
            mode=config.write_mode,
            creates_table=config.create_table == "if_missing",
            dialect=dialect,
            binds_texts=False,
            open_session=partial(adbc_session, database, dialect),
        )
