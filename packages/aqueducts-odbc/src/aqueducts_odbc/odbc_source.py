"""The source that is the result of a query in a database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from aqueducts.connectors import ModelClass, RunContext, Source
from aqueducts.diagnostics import nearest
from aqueducts.errors import SourceError
from aqueducts.relations import ArrowStream, Relation
from aqueducts_odbc.connections import open_connection
from aqueducts_odbc.source_config import OdbcSourceConfig
from aqueducts_odbc.targets import Target, target_of
from aqueducts_odbc.worker.wire import ReadBounds

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

    from aqueducts_odbc.reading import ColumnReading, SourceQuery, Strategy

__all__ = ["OdbcSource"]


class OdbcSource(Source[OdbcSourceConfig]):
    """What a query in a database gives. It is run when the rows are wanted, and once."""

    type = "odbc"
    aliases = ("database",)
    config_model: ClassVar[ModelClass] = OdbcSourceConfig

    def open(self, context: RunContext) -> Relation:
        """Ask the database for the columns."""
        from aqueducts_odbc.reading import shown_schema, strategy_for

        target = target_of(self.config, context, SourceError, is_for_reading=True)
        query = self._query(context)
        strategy = strategy_for(target.profile, query)
        with open_connection(target) as connection:
            columns = self._typed(strategy.columns(connection, query))
        conditions = self._conditions(columns)

        def read(
            part: int, wanted: Sequence[str] | None, _: pc.Expression | None
        ) -> Iterator[pa.RecordBatch]:
            chosen = [each for each in columns if wanted is None or each.name in wanted]
            yield from self._read(target, strategy, query, chosen, conditions[part])

        return ArrowStream(schema=shown_schema(columns), open=read, partitions=len(conditions))

    def _query(self, context: RunContext) -> SourceQuery:
        from aqueducts.arrow_types import to_arrow
        from aqueducts_odbc.reading import SourceQuery

        config = self.config
        return SourceQuery(
            text=context.reveal(config.load_query),
            parameters=tuple(
                None if each is None else context.reveal(each) for each in config.parameters
            ),
            max_text_bytes=config.max_text_bytes,
            max_binary_bytes=config.max_binary_bytes,
            query_timeout=config.query_timeout,
            numeric_type=None if config.numeric_as is None else to_arrow(config.numeric_as),
        )

    def _read(
        self,
        target: Target,
        strategy: Strategy,
        query: SourceQuery,
        columns: Sequence[ColumnReading],
        condition: str | None,
    ) -> Iterator[pa.RecordBatch]:
        from aqueducts_odbc.reading import converted, transit_schema

        statements = strategy.statements(query, columns, condition)
        bounds = ReadBounds(
            batch_rows=self.config.batch_rows,
            max_text_bytes=query.max_text_bytes,
            max_binary_bytes=query.max_binary_bytes,
            query_timeout=query.query_timeout,
        )
        with open_connection(target) as connection:
            for statement in statements.before:
                connection.execute(statement)
            batches = connection.read(
                statements.query,
                query.parameters,
                bounds,
                lambda found: transit_schema(found, columns),
            )
            for batch in batches:
                yield converted(batch, columns)

    def _typed(self, columns: Sequence[ColumnReading]) -> tuple[ColumnReading, ...]:
        """The columns with the types that the user wants. Raises SourceError."""
        import msgspec

        from aqueducts.arrow_types import to_arrow

        names = [each.name for each in columns]
        _check_names(names)
        for name in self.config.types:
            if name not in names:
                near = nearest(name, names)
                raise SourceError(
                    f"types has a column {name!r}, and the query gives none of that name",
                    hint=f"did you mean {near!r}?" if near else f"it gives {', '.join(names)}",
                )
        types = {name: to_arrow(each) for name, each in self.config.types.items()}
        return tuple(msgspec.structs.replace(each, wanted=types.get(each.name)) for each in columns)

    def _conditions(self, columns: Sequence[ColumnReading]) -> Sequence[str | None]:
        """A condition for each partition; None where all rows are read at once."""
        partition = self.config.partition
        if partition is None:
            return [None]
        names = [each.name for each in columns]
        if partition.column not in names:
            near = nearest(partition.column, names)
            raise SourceError(
                f"the query gives no column {partition.column!r} to read in ranges of",
                hint=f"did you mean {near!r}?" if near else f"it gives {', '.join(names)}",
            )
        [column] = [each for each in columns if each.name == partition.column]
        return partition.conditions(column.source)


def _check_names(names: Sequence[str]) -> None:
    """Refuse columns that cannot be told apart, and a statement without any."""
    if not names:
        raise SourceError(
            "the query gives no columns: it is a statement that changes something",
            hint="a source takes a query, such as SELECT; a destination of type odbc can run "
            "statements before it inserts",
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise SourceError(
            "the query gives more than one column called "
            + ", ".join(repr(name) for name in twice),
            hint="name them in the query: SELECT a.id AS a_id, b.id AS b_id",
        )
