"""The destination that is a table of a database, through its ODBC driver."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from aqueducts.connectors import ModelClass, RunContext
from aqueducts.errors import DestinationError
from aqueducts_odbc.destination_config import OdbcDestinationConfig
from aqueducts_odbc.table_destination import TableDestination
from aqueducts_odbc.targets import target_of

if TYPE_CHECKING:
    from aqueducts_odbc.sink.writing import WriteJob

__all__ = ["OdbcDestination"]


class OdbcDestination(TableDestination[OdbcDestinationConfig]):
    """Writes a table in one transaction."""

    type = "odbc"
    aliases = ("database",)
    config_model: ClassVar[ModelClass] = OdbcDestinationConfig

    def job(self, context: RunContext) -> WriteJob:
        """Write through the driver that the connection string names."""
        from aqueducts_odbc.odbc_session import odbc_session
        from aqueducts_odbc.sink.dialects import dialect_for
        from aqueducts_odbc.sink.writing import WriteJob

        config = self.config
        target = target_of(config, context, DestinationError)
        dialect = dialect_for(target.profile.name)
        return WriteJob(
            name=context.reveal(config.name),
            mode=config.write_mode,
            creates_table=config.create_table == "if_missing",
            dialect=dialect,
            binds_texts=True,
            open_session=partial(odbc_session, target, dialect, config.batch_size),
        )
