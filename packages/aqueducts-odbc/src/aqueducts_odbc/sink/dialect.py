"""What differs from database to database."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import msgspec

from aqueducts.errors import DestinationError
from aqueducts_odbc.sink.table_names import TableName
from aqueducts_odbc.sink.tables import InsertTarget, TableColumn, TargetTable
from aqueducts_odbc.sink.value_checks import FloatRules

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts_odbc.sink.session import SqlSession

__all__ = ["Dialect", "Staging"]


class Staging(msgspec.Struct, frozen=True):
    """A temporary table of one write; it ends with its connection."""

    target: InsertTarget
    create: str


class Dialect(ABC):
    """A kind of database. Knows its SQL and nothing of connections."""

    product: ClassVar[str]
    quote: ClassVar[str] = '"'
    end_quote: ClassVar[str] = '"'
    session_statements: ClassVar[tuple[str, ...]] = ()
    """What each connection that writes begins with."""
    floats: ClassVar[str] = FloatRules.ALL
    """Which floats are kept, of `FloatRules`."""
    allows_nul: ClassVar[bool] = False
    """Whether texts may hold NUL characters."""
    has_transactional_ddl: ClassVar[bool] = True
    """Whether a table that is created in a transaction is gone when that is rolled back."""
    outcome_query: ClassVar[str | None] = None
    """Gives what `outcome_of` asks by: the number of the transaction."""

    def quoted(self, name: str) -> str:
        """A name as it stands in SQL."""
        return f"{self.quote}{name.replace(self.end_quote, self.end_quote * 2)}{self.end_quote}"

    def folded(self, name: str) -> str:
        """What the database takes an unquoted name for."""
        return name

    def candidates(self, name: TableName) -> list[tuple[str, ...]]:
        """Names to look for: as SQL reads the name, then letter by letter."""
        exact = tuple(part.text for part in name.parts)
        folded = tuple(
            self.folded(part.text) if part.is_plain else part.text for part in name.parts
        )
        return [folded] if folded == exact else [folded, exact]

    def sql_name(self, parts: Sequence[str]) -> str:
        """A qualified name in SQL."""
        return ".".join(self.quoted(part) for part in parts)

    @abstractmethod
    def find_table(self, session: SqlSession, name: TableName) -> TargetTable | None:
        """The table with its columns; None where it is not there."""

    @abstractmethod
    def ddl_type(self, arrow: pa.DataType, *, is_key: bool) -> str | None:
        """The type of a new column for values of an Arrow type; None where there is none."""

    def create_statement(
        self, sql: str, columns: Sequence[tuple[str, str]], keys: Sequence[str]
    ) -> str:
        """The statement that makes a table of these columns and types."""
        lines = [
            f"{self.quoted(name)} {ddl}{' NOT NULL' if name in keys else ''}"
            for name, ddl in columns
        ]
        if keys:
            lines.append(f"PRIMARY KEY ({', '.join(map(self.quoted, keys))})")
        return f"CREATE TABLE {sql} ({', '.join(lines)})"

    def staging(
        self,
        table: TargetTable,  # noqa: ARG002 - for those that have it
        columns: Sequence[TableColumn],  # noqa: ARG002
        name: str,  # noqa: ARG002
    ) -> Staging:
        """A temporary table with some of the table's columns."""
        raise self._no_upsert()

    def staged_value(self, column: TableColumn) -> str:
        """What of the staging table goes into a column: itself, or what is made of its text."""
        return self.quoted(column.name)

    def resolved(self, column: TableColumn, source: pa.DataType) -> TableColumn:  # noqa: ARG002
        """The column as it takes values of a type: some columns take several."""
        return column

    def needs_staging(self, column: TableColumn) -> bool:  # noqa: ARG002 - for those that do
        """Whether values of a column can only come from SQL."""
        return False

    def upsert_statements(
        self,
        table: TargetTable,  # noqa: ARG002 - for those that have it
        staging: str,  # noqa: ARG002
        columns: Sequence[TableColumn],  # noqa: ARG002
        keys: Sequence[str],  # noqa: ARG002
    ) -> Sequence[str]:
        """Statements that bring the rows of the staging table into the table.

        Keys are those of a unique index, hold no nulls and no doubles.
        """
        raise self._no_upsert()

    def move_statement(
        self, table: TargetTable, staging: str, columns: Sequence[TableColumn]
    ) -> str:
        """The statement that adds all rows of the staging table to the table."""
        names = ", ".join(self.quoted(column.name) for column in columns)
        values = ", ".join(self.staged_value(column) for column in columns)
        return f"INSERT INTO {table.sql} ({names}) SELECT {values} FROM {staging}"  # noqa: S608 - quoted

    def on_conflict(self, columns: Sequence[TableColumn], keys: Sequence[str]) -> str:
        """What becomes of a row whose key is there."""
        others = [self.quoted(each.name) for each in columns if each.name not in keys]
        if not others:
            return "NOTHING"
        return "UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in others)

    def as_text(self, expression: str) -> str:
        """An expression as a text of a bounded length."""
        return f"CAST({expression} AS varchar(1000))"

    def first_rows(self, query: str, limit: int) -> str:
        """A query that gives no more rows than these."""
        return f"{query} LIMIT {limit}"

    def outcome_of(self, session: SqlSession, number: str) -> bool | None:  # noqa: ARG002
        """Whether a transaction was committed, asked by another session; None: nobody knows."""
        return None

    def _no_upsert(self) -> DestinationError:
        return DestinationError(
            f"upserts into {self.product} are not supported",
            hint="use write_mode custom with a statement of your own",
        )
