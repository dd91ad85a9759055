"""The DataFusion engine keeps the contract that engines are held to."""

from __future__ import annotations

import pyarrow as pa
from datafusion import SessionContext
from datafusion.catalog import Table

from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
from aqueducts.testing import EngineSuite


class TestDataFusion(EngineSuite):
    """DataFusion."""

    def engine(self) -> type[DataFusionEngine]:
        """Return the class."""
        return DataFusionEngine

    def given_session(self, tables: dict[str, pa.Table]) -> SessionContext:
        """Return a SessionContext."""
        context = SessionContext()
        for name, table in tables.items():
            context.register_record_batches(name, [table.to_batches()])
        return context

    def table_provider(self, table: pa.Table) -> Table:
        """Return a table of another session."""
        context = SessionContext()
        context.register_record_batches("t", [table.to_batches()])
        return context.catalog().schema().table("t")
