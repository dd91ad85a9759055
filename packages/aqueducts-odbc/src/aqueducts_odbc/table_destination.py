"""What destinations that are tables have in common, whatever the connection."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from aqueducts.connectors import Destination, Frame, RunContext, WriteReport

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.plan_facts import TargetChange
    from aqueducts_odbc.sink.writing import Seen, WriteJob

__all__ = ["TableDestination"]

ConfigT = TypeVar("ConfigT", bound=BaseModel)


class TableDestination(Destination[ConfigT]):
    """Writes a table in one transaction."""

    restarts = "before_commit"

    _seen: Seen | None = None

    @abstractmethod
    def job(self, context: RunContext) -> WriteJob:
        """What is to be written, and through which connections."""

    def prepare(self, context: RunContext) -> None:
        """Look at the table."""
        from aqueducts_odbc.sink.writing import TableWrite

        self._seen = TableWrite(self.job(context)).look()

    def check(self, schema: pa.Schema, context: RunContext) -> None:
        """Refuse a result that does not fit the table."""
        from aqueducts_odbc.sink.writing import TableWrite

        work = TableWrite(self.job(context))
        work.check(schema, self._seen or work.look())

    def describe_write(self, schema: pa.Schema, context: RunContext) -> TargetChange:
        """Which rows stay."""
        from aqueducts_odbc.sink.writing import TableWrite

        work = TableWrite(self.job(context))
        return work.change(schema, self._seen or work.look())

    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        """Write all rows, then commit."""
        from aqueducts_odbc.sink.writing import TableWrite

        return WriteReport(rows=TableWrite(self.job(context)).run(frame, context))
