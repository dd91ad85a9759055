"""What runs queries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from aqueducts.connectors.functions import UdfPack
from aqueducts.frames import Frame, SessionTables
from aqueducts.relations import Relation
from aqueducts.shortage import Shortage, Strain

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.plan_facts import QueryPlan

__all__ = ["Engine", "EngineSettings", "Session"]


class EngineSettings(msgspec.Struct, frozen=True):
    """What a run asks of the engine."""

    work_dir: Path
    max_memory_bytes: int | None = None
    """Memory that the whole process should stay under; None means what the machine has."""
    threads: int | None = None
    options: Mapping[str, str] = msgspec.field(default_factory=dict)
    functions: Sequence[UdfPack] = ()
    shortage: Shortage | None = None
    """Of an attempt at the same run that had too little memory: this one is to use less."""
    now: datetime | None = None
    """What the functions that tell the time give, with a time zone; None means the clock."""


class Session(ABC):
    """One run's tables in an engine. Methods block; several threads may call at once.

    Names of tables may be anything; `FROM Orders` finds `Orders` as well as `orders`. What a query
    does wrong is an EngineError; only queries are run, no other statement.
    """

    @abstractmethod
    def register(self, name: str, relation: Relation, *, is_joined: bool) -> pa.Schema:
        """Make a source known by name; `is_joined` tells that a query joins it.

        Reads no rows but what a schema needs. Raises EngineError, with the name, for what is no
        relation or one that this engine cannot read.
        """

    @abstractmethod
    def define(self, name: str, query: str) -> pa.Schema:
        """Make a stage known by name as a view, fully checked, without reading data.

        Replaces a stage of this name. Raises EngineError for unknown tables, columns and
        functions, for types that do not fit and for two columns of one name.
        """

    @abstractmethod
    def materialise(self, name: str) -> tuple[int, int]:
        """Run a stage once and keep its rows, in order, in its place; returns rows and bytes."""

    @abstractmethod
    def drop(self, name: str) -> None:
        """Forget a table and what it holds."""

    @abstractmethod
    def head(self, name: str, limit: int) -> pa.Table:
        """The first rows of a table."""

    @abstractmethod
    def explain(self, name: str, *, analyze: bool) -> str:
        """The plan of a stage as text; with `analyze` the stage is run and measured."""

    def describe(self, name: str) -> QueryPlan | None:  # noqa: ARG002 - for engines that can
        """What running a table's query would read and hold, without running it.

        None, as here, means that the engine cannot tell.
        """
        return None

    @abstractmethod
    def frame(self, name: str) -> Frame:
        """A table as a frame for a destination."""

    @abstractmethod
    def rows_read(self) -> Mapping[str, int]:
        """Rows read so far per source, as far as the engine knows; cheap, from any thread."""

    @abstractmethod
    def rows_out(self) -> int:
        """Rows that have left the engine so far in streams and files; cheap, from any thread."""

    @abstractmethod
    def replan(self, error: Exception) -> str | None:
        """Choose another plan after an OutOfMemoryError; what changed, or None for no other.

        Tables stay as they are.
        """

    @property
    def economy(self) -> str | None:
        """What this session does otherwise after a shortage, in a few words.

        None for nothing: then the run fails, since it would end as it did before.
        """
        return None

    def strain(self) -> Strain | None:
        """What takes most memory in the queries that run now; cheap, from any thread."""
        return None

    @abstractmethod
    def interrupt(self) -> None:
        """Ask everything that runs to stop; from any thread, returns at once.

        Threads that wait for a query are ended by an exception, and no query begins after it.
        """

    @abstractmethod
    def close(self) -> None:
        """Forget all tables of this run. A caller's session keeps the caller's tables."""


class Engine(ABC):
    """Runs queries. Made without arguments."""

    name: ClassVar[str]
    """What settings call it."""

    @abstractmethod
    def open_session(self, settings: EngineSettings, given: Any | None) -> Session:
        """Begin a run; `given` is the caller's own session, in the engine's own type, or None."""

    @abstractmethod
    def check_syntax(self, query: str) -> tuple[str, int, int] | None:
        """Message, line and column (from 1) of a syntax error in a query, or None."""

    @abstractmethod
    def tables_of(self, given: Any) -> SessionTables:
        """The tables of a caller's own session."""

    @property
    @abstractmethod
    def volatile_functions(self) -> frozenset[str]:
        """Functions that give another result each time they are called, in lower case."""
