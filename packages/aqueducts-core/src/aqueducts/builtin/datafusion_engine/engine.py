"""The door to DataFusion; importing it does not import DataFusion."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from aqueducts.builtin.datafusion_engine.function_names import VOLATILE_FUNCTIONS
from aqueducts.connectors import Engine, EngineSettings, Session

if TYPE_CHECKING:
    from datafusion import SessionContext

__all__ = ["DataFusionEngine"]


class DataFusionEngine(Engine):
    """Runs stages as views of one streaming DataFusion plan."""

    name: ClassVar[str] = "datafusion"

    def open_session(self, settings: EngineSettings, given: SessionContext | None) -> Session:
        """Begin a run in a session of its own, or in the caller's SessionContext."""
        from aqueducts.builtin.datafusion_engine.session import DataFusionSession

        return DataFusionSession(settings, given)

    def tables_of(self, given: SessionContext) -> Any:
        """The tables of a caller's SessionContext, for sources and destinations `in_memory`."""
        from aqueducts.builtin.datafusion_engine.given_tables import GivenTables

        return GivenTables(given)

    def check_syntax(self, query: str) -> tuple[str, int, int] | None:
        """Message, line and column of what DataFusion's parser refuses."""
        from aqueducts.builtin.datafusion_engine.syntax import find_syntax_error

        return find_syntax_error(query, self._parser)

    @cached_property
    def _parser(self) -> SessionContext:
        """A session without tables: making one takes longer than parsing many queries."""
        from datafusion import SessionContext

        return SessionContext()

    @property
    def volatile_functions(self) -> frozenset[str]:
        """Functions that `information_schema.routines` calls not deterministic."""
        return VOLATILE_FUNCTIONS
