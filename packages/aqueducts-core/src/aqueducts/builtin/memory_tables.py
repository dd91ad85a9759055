"""Tables of the session that the caller of the Python API passes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from aqueducts.builtin.shown_names import listed
from aqueducts.connectors import Destination, Frame, ModelClass, RunContext, Source, WriteReport
from aqueducts.diagnostics import nearest
from aqueducts.errors import SourceError
from aqueducts.events import Notice
from aqueducts.models.fields import Name, PipelineModel
from aqueducts.relations import GivenTable
from aqueducts.table_names import spellings

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.plan_facts import TargetChange

__all__ = ["InMemoryConfig", "InMemoryDestination", "InMemorySource"]

_FROM_PYTHON = "tables in memory come from the Python API: aqueducts.run(pipeline, session=…)"


class InMemoryConfig(PipelineModel):
    """A table of the session that the caller passes to `aqueducts.run`."""

    type: Literal["in_memory"] = Field(description="Kind of source or destination.")
    name: Name = Field(description="Name of the table.")


class InMemorySource(Source[InMemoryConfig]):
    """A table that is in the caller's session."""

    type = "in_memory"
    aliases = ("memory",)
    config_model: ClassVar[ModelClass] = InMemoryConfig

    def open(self, context: RunContext) -> GivenTable:
        """The table; SourceError that lists the tables where it is not there."""
        name = self.config.name
        if context.tables is None:
            raise SourceError(f"there is no table {name!r} in memory", hint=_FROM_PYTHON)
        names = sorted(context.tables.names())
        found = next((each for each in spellings(name) if each in names), None)
        if found is None:
            near = nearest(name, names)
            there = (
                f"the session has {listed(names, limit=20)}" if names else "the session is empty"
            )
            raise SourceError(
                f"there is no table {name!r} in the session",
                hint=f"did you mean {near!r}? {there}" if near else there,
            )
        return GivenTable(found)


class InMemoryDestination(Destination[InMemoryConfig]):
    """Keeps the result as a table in the caller's session."""

    type = "in_memory"
    aliases = ("memory",)
    config_model: ClassVar[ModelClass] = InMemoryConfig
    restarts = "any_time"

    def describe_write(self, schema: pa.Schema, context: RunContext) -> TargetChange:  # noqa: ARG002
        """A table in the caller's session; without a session nothing stays."""
        from aqueducts.plan_facts import TargetChange  # no run needs it

        if context.tables is None:
            return TargetChange(action="nothing")
        is_there = self.config.name in context.tables.names()
        return TargetChange(action="replace" if is_there else "create")

    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        """Register the result; without a session it is computed, counted and let go."""
        name = self.config.name
        with frame.stream() as reader:
            if context.tables is not None:
                return WriteReport(rows=context.tables.register(name, reader), location=name)
            context.emit(
                Notice(
                    message=f"the result {name!r} is not kept: {_FROM_PYTHON}",
                    code="result-not-kept",
                )
            )
            return WriteReport(rows=sum(batch.num_rows for batch in reader))
