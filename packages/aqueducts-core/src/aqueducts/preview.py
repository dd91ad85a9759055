"""The first rows of a stage or source, with only what it needs opened and run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from aqueducts.diagnostics import Problem, nearest
from aqueducts.errors import PlanError
from aqueducts.inspection import Inspection
from aqueducts.outputs import masked_rows
from aqueducts.steps import Steps
from aqueducts.table_names import TableNames
from aqueducts.threads import Cancellation

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.events import Event
    from aqueducts.pipeline import Pipeline
    from aqueducts.plan import Plan
    from aqueducts.results import RunSettings

__all__ = ["Preview", "preview"]


@dataclass(frozen=True)
class Preview:
    """The first rows of a table of a pipeline."""

    name: str
    kind: Literal["source", "stage"]
    rows: pa.Table
    has_more: bool
    """Whether there are more rows than these."""


def preview(  # noqa: PLR0913 - those of run_sync, and what to look at
    pipeline: Pipeline,
    table: str | None = None,
    *,
    limit: int = 20,
    session: Any | None = None,
    settings: RunSettings | None = None,
    on_event: Callable[[Event], object] | None = None,
    cancellation: Cancellation | None = None,
) -> Preview:
    """Return the first rows of a stage or source, of the last stage where none is named.

    Only the sources and stages that it needs are opened and run, and no destination is touched.
    `session`, `settings` and `cancellation` are those of `run_sync`; `on_event` hears what sources
    have to say.

    Raises PlanError for a table that is not there and for queries that are wrong,
    ConnectionProblem for sources that cannot be opened, and RunError.
    """
    inspection = Inspection(pipeline, session, settings, on_event)
    name = _find(inspection.plan, table)
    plan = inspection.plan.needed_for(name)
    is_stage = plan.final == name
    cancellation = cancellation or Cancellation()
    with inspection.opened(plan, cancellation) as prepared:
        inspection.check(prepared)
        steps = Steps(prepared, inspection.settings)
        place = prepared.in_stage(plan.stages[-1]) if is_stage else prepared.in_source(name)
        with inspection.watched(prepared, cancellation):
            steps.go()
            with place:
                # One more tells whether there are more.
                found = steps.first_rows(name, limit + 1)
    return Preview(
        name=name,
        kind="stage" if is_stage else "source",
        rows=masked_rows(found.slice(0, limit), inspection.mask_text),
        has_more=found.num_rows > limit,
    )


def _find(plan: Plan, table: str | None) -> str:
    names = [*(stage.name for stage in plan.stages), *plan.sources]
    if table is None:
        name = plan.final or next(iter(plan.sources), None)
    else:
        tables = TableNames(names)
        name = table if table in names else tables.find(table.lower())
    if name is not None:
        return name
    if table is None:
        message, advice = "the pipeline has neither stages nor sources", None
    else:
        message = f"the pipeline has no stage or source {table!r}"
        guess = nearest(table, names)
        known = f"it has {', '.join(names) or 'none'}"
        advice = f"did you mean {guess!r}? {known}" if guess else known
    raise PlanError([Problem("unknown-table", message, help=advice)])
