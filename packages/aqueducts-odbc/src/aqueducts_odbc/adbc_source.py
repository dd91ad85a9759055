"""The source that is the result of a query in a database, through ADBC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from aqueducts.connectors import ModelClass, RunContext, Source
from aqueducts.diagnostics import nearest
from aqueducts.errors import SourceError
from aqueducts.relations import ArrowStream, Relation
from aqueducts_odbc.adbc.config import AdbcSourceConfig

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

    from aqueducts_odbc.adbc.columns import Reading

__all__ = ["AdbcSource"]


class AdbcSource(Source[AdbcSourceConfig]):
    """What a query in a database gives; it is run when the rows are wanted."""

    type = "adbc"
    config_model: ClassVar[ModelClass] = AdbcSourceConfig

    def open(self, context: RunContext) -> Relation:
        """Ask the database for the columns."""
        from aqueducts_odbc.adbc.connections import open_adbc
        from aqueducts_odbc.adbc.databases import database_of
        from aqueducts_odbc.adbc.reading import read, reading_of

        database = database_of(self.config, context, SourceError, is_for_reading=True)
        query = context.reveal(self.config.load_query).strip().rstrip(";")
        with open_adbc(database) as connection:
            reading = reading_of(connection, query, self._types())
        self._check_names(reading)

        def rows(
            _: int, columns: Sequence[str] | None, __: pc.Expression | None
        ) -> Iterator[pa.RecordBatch]:
            yield from read(database, reading, columns)

        return ArrowStream(schema=reading.schema(), open=rows)

    def _types(self) -> dict[str, pa.DataType]:
        from aqueducts.arrow_types import to_arrow

        return {name: to_arrow(each) for name, each in self.config.types.items()}

    def _check_names(self, reading: Reading) -> None:
        names = [column.name for column in reading.columns]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise SourceError(
                f"the query gives several columns called {', '.join(map(repr, doubled))}",
                hint="give each its own name: SELECT a.id AS a_id, ...",
            )
        unknown = [name for name in self.config.types if name not in names]
        if unknown:
            near = nearest(unknown[0], names)
            raise SourceError(
                f"`types` names a column that the query does not give: {unknown[0]!r}",
                hint=f"did you mean {near!r}?" if near else f"it gives {', '.join(names[:20])}",
            )
