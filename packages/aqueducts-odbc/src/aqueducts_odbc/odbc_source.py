"""The source that is the result of a query in a database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from aqueducts.connectors import ModelClass, RunContext, Source
from aqueducts.errors import SourceError
from aqueducts.relations import ArrowStream, Relation
from aqueducts_odbc.connections import open_connection
from aqueducts_odbc.source_config import OdbcSourceConfig
from aqueducts_odbc.targets import target_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

__all__ = ["OdbcSource"]


class OdbcSource(Source[OdbcSourceConfig]):
    """What a query in a database gives; it is run again for every scan."""

    type = "odbc"
    aliases = ("database",)
    config_model: ClassVar[ModelClass] = OdbcSourceConfig

    def open(self, context: RunContext) -> Relation:
        """Ask the database for the columns."""
        target = target_of(self.config, context, SourceError, is_for_reading=True)
        query = context.reveal(self.config.load_query)
        with open_connection(target) as connection:
            probe = f"SELECT * FROM ({query}\n) AS t WHERE 1 = 0"  # noqa: S608 - the query is the user's
            schema = connection.read_arrow_batches(probe, batch_size=1).schema

        def read(
            _: int, __: Sequence[str] | None, ___: pc.Expression | None
        ) -> Iterator[pa.RecordBatch]:
            with open_connection(target) as connection:
                yield from connection.read_arrow_batches(
                    query, batch_size=20_000, max_bytes_per_batch=32 << 20, max_text_size=4096
                )

        return ArrowStream(schema=schema, open=read)
