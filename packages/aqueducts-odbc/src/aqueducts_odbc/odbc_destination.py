"""The destination that is a table of a database, through its ODBC driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from aqueducts.connectors import Destination, Frame, ModelClass, RunContext, WriteReport
from aqueducts.errors import DestinationError
from aqueducts_odbc.destination_config import OdbcDestinationConfig
from aqueducts_odbc.targets import target_of

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.plan_facts import TargetChange
    from aqueducts_odbc.sink.writing import Seen, TableWrite

__all__ = ["OdbcDestination"]


class OdbcDestination(Destination[OdbcDestinationConfig]):
    """Writes a table in one transaction."""

    type = "odbc"
    aliases = ("database",)
    config_model: ClassVar[ModelClass] = OdbcDestinationConfig
    restarts = "before_commit"

    _seen: Seen | None = None

    def prepare(self, context: RunContext) -> None:
        """Look at the table."""
        self._seen = self._work(context).look()

    def check(self, schema: pa.Schema, context: RunContext) -> None:
        """Refuse a result that does not fit the table."""
        work = self._work(context)
        work.check(schema, self._seen or work.look())

    def describe_write(self, schema: pa.Schema, context: RunContext) -> TargetChange:
        """Which rows stay."""
        work = self._work(context)
        return work.change(schema, self._seen or work.look())

    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        """Write all rows, then commit."""
        return WriteReport(rows=self._work(context).run(frame, context))

    def _work(self, context: RunContext) -> TableWrite:
        from functools import partial

        from aqueducts_odbc.odbc_session import odbc_session
        from aqueducts_odbc.sink.dialects import dialect_for
        from aqueducts_odbc.sink.writing import TableWrite, WriteJob

        config = self.config
        target = target_of(config, context, DestinationError)
        dialect = dialect_for(target.profile.name)
        return TableWrite(
            WriteJob(
                name=context.reveal(config.name),
                mode=config.write_mode,
                creates_table=config.create_table == "if_missing",
                dialect=dialect,
                binds_texts=True,
                open_session=partial(odbc_session, target, dialect, config.batch_size),
            )
        )
