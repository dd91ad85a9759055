"""SQL Server: written after its documents, tried without a server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pyarrow as pa
import pyarrow.types as pt

from aqueducts_odbc.sink.dialect import Staging
from aqueducts_odbc.sink.dialects.standard import StandardDialect
from aqueducts_odbc.sink.tables import ColumnType, InsertTarget, TableColumn, TargetTable

__all__ = ["SqlServerDialect"]


class SqlServerDialect(StandardDialect):
    """SQL Server 2016 and newer."""

    product: ClassVar[str] = "SQL Server"
    quote: ClassVar[str] = "["
    end_quote: ClassVar[str] = "]"
    has_transactional_ddl: ClassVar[bool] = True

    def ddl_type(self, arrow: pa.DataType, *, is_key: bool) -> str | None:
        """Types by their names here."""
        if pt.is_string(arrow) or pt.is_large_string(arrow) or pt.is_string_view(arrow):
            return "nvarchar(255)" if is_key else "nvarchar(max)"
        if pt.is_binary(arrow) or pt.is_large_binary(arrow) or pt.is_fixed_size_binary(arrow):
            return "varbinary(255)" if is_key else "varbinary(max)"
        found = super().ddl_type(arrow, is_key=is_key)
        return _NAMES.get(found, found) if found is not None else None

    def column_type(self, declared: str, numbers: tuple[int | None, ...]) -> ColumnType:
        """With the types that only this database has."""
        special = _special_types().get(declared)
        return super().column_type(declared, numbers) if special is None else special

    def first_rows(self, query: str, limit: int) -> str:
        """With TOP in the place of LIMIT."""
        return query.replace("SELECT ", f"SELECT TOP ({limit}) ", 1)

    def staging(self, table: TargetTable, columns: Sequence[TableColumn], name: str) -> Staging:
        """A temporary table of this session."""
        names = ", ".join(self.quoted(column.name) for column in columns)
        sql = self.quoted(f"#{name}")
        return Staging(
            target=InsertTarget(sql, (name,), is_temporary=True),
            create=f"SELECT {names} INTO {sql} FROM {table.sql} WHERE 1 = 0",  # noqa: S608 - quoted
        )

    def upsert_statements(
        self, table: TargetTable, staging: str, columns: Sequence[TableColumn], keys: Sequence[str]
    ) -> Sequence[str]:
        """One MERGE, which holds a range lock, as otherwise two could insert one key."""
        names = [column.name for column in columns]
        same = " AND ".join(f"t.{self.quoted(key)} = s.{self.quoted(key)}" for key in keys)
        assigned = ", ".join(
            f"t.{self.quoted(name)} = s.{self.quoted(name)}" for name in names if name not in keys
        )
        listed = ", ".join(map(self.quoted, names))
        values = ", ".join(f"s.{self.quoted(name)}" for name in names)
        update = f" WHEN MATCHED THEN UPDATE SET {assigned}" if assigned else ""
        return (
            (
                f"MERGE INTO {table.sql} WITH (HOLDLOCK) AS t USING {staging} AS s "  # noqa: S608
                f"ON {same}{update} WHEN NOT MATCHED THEN INSERT ({listed}) VALUES ({values});"
            ),
        )


_NAMES = {
    "boolean": "bit",
    "double precision": "float",
    "integer": "int",
    "timestamp(6)": "datetime2(6)",
}


def _special_types() -> dict[str, ColumnType]:
    return {
        "tinyint": ColumnType(arrow=pa.int16(), lowest=0, highest=255),
        # Milliseconds in steps of three, and the minute: neither keeps what it is given.
        "datetime": ColumnType(
            arrow=pa.timestamp("us"), second_digits=0, lowest=1753, highest=9999
        ),
        "money": ColumnType(arrow=pa.decimal128(19, 4)),
        "smallmoney": ColumnType(arrow=pa.decimal128(10, 4)),
    }
