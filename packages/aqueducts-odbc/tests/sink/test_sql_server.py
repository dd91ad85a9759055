"""Statements for SQL Server, compared as texts: there is no server to try them with."""

from __future__ import annotations

import pyarrow as pa

from aqueducts_odbc.sink.dialects import dialect_for
from aqueducts_odbc.sink.tables import ColumnType, TableColumn, TargetTable

DIALECT = dialect_for("sqlserver")
ID, NAME = (
    TableColumn(name=name, declared="int", type=ColumnType(arrow=pa.int32()))
    for name in ("id", "a]b")
)
TABLE = TargetTable(parts=("dbo", "t"), sql="[dbo].[t]", shown="dbo.t", columns=(ID, NAME))


def test_upserts_merge() -> None:
    """Under a lock, so that two writers cannot insert one key."""
    staging = DIALECT.staging(TABLE, [ID, NAME], "stg")
    assert staging.create == "SELECT [id], [a]]b] INTO [#stg] FROM [dbo].[t] WHERE 1 = 0"
    [merge] = DIALECT.upsert_statements(TABLE, staging.target.sql, [ID, NAME], ["id"])
    assert merge == (
        "MERGE INTO [dbo].[t] WITH (HOLDLOCK) AS t USING [#stg] AS s ON t.[id] = s.[id] "
        "WHEN MATCHED THEN UPDATE SET t.[a]]b] = s.[a]]b] "
        "WHEN NOT MATCHED THEN INSERT ([id], [a]]b]) VALUES (s.[id], s.[a]]b]);"
    )


def test_types_and_limits_have_its_names() -> None:
    """BIT for booleans, NVARCHAR for texts, TOP for LIMIT."""
    kinds = (pa.bool_(), pa.string(), pa.float64(), pa.timestamp("us"), pa.list_(pa.int64()))
    found = [DIALECT.ddl_type(kind, is_key=False) for kind in kinds]
    assert found == ["bit", "nvarchar(max)", "float", "datetime2(6)", None]
    assert DIALECT.first_rows("SELECT a FROM t", 3) == "SELECT TOP (3) a FROM t"
