"""A look at what a run would do, with everything opened and no data moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aqueducts.diagnostics import Problem
from aqueducts.errors import AqueductsError, ConnectionProblem, PipelineError, PlanError
from aqueducts.query_problems import run_problem
from aqueducts.results import RunSettings
from aqueducts.run import OpenRun
from aqueducts.threads import Cancellation

if TYPE_CHECKING:
    from aqueducts.events import Event
    from aqueducts.pipeline import Pipeline
    from aqueducts.plan import Plan
    from aqueducts.prepared import PreparedRun

__all__ = ["Inspection", "check_connections"]

_BAD_PIPELINE = PipelineError.exit_code

_KINDS: Mapping[str | int | None, str] = {
    "sources": "source",
    "stages": "stage",
    "destination": "destination",
}


def check_connections(
    pipeline: Pipeline,
    *,
    session: Any | None = None,
    settings: RunSettings | None = None,
    on_event: Callable[[Event], object] | None = None,
    cancellation: Cancellation | None = None,
) -> None:
    """Open all sources, plan all stages, and ask the destination whether it can be written.

    Raises ConnectionProblem or, where the pipeline itself is wrong, PlanError, each with all
    problems that were found; PluginError. `session`, `settings` and `cancellation` are those of
    `run_sync`; `on_event` hears what sources and the destination have to say.
    """
    inspection = Inspection(pipeline, session, settings, on_event)
    with inspection.opened(inspection.plan, cancellation) as prepared:
        inspection.check(prepared)


class Inspection:
    """A run that is prepared and then taken apart again. No plugin hears of it."""

    def __init__(
        self,
        pipeline: Pipeline,
        session: Any | None,
        settings: RunSettings | None,
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        listeners: list[Callable[..., object]] = []
        if on_event is not None:
            listeners.append(lambda _, event: on_event(event))
        self._pipeline = pipeline
        self.settings = settings or RunSettings()
        self._run = OpenRun(pipeline, session, self.settings, listeners)
        self.watched = self._run.watched
        """Holds a limit of memory while data moves; see `OpenRun.watched`."""
        self.plan = self._run.plan(is_exact=True)
        self.mask = self._run.mask
        """Returns a struct with every secret in its texts replaced."""
        self.mask_text = self._run.mask_text

    @contextmanager
    def opened(self, plan: Plan, cancellation: Cancellation | None) -> Iterator[PreparedRun]:
        """What a run of `plan` works with; errors that leave have their place and no secrets."""
        try:
            with self._run.opened(plan, cancellation or Cancellation()) as prepared:
                yield prepared
        except AqueductsError as error:
            self._run.mask_error(error)
            error.problem = run_problem(self._pipeline, error)
            raise

    def check(self, prepared: PreparedRun) -> None:
        """Open and plan everything; raises one error with all that is wrong."""
        unreachable, refused = prepared.failures()
        errors = [*unreachable, *refused]
        if not errors:
            return
        if len(errors) == 1 and isinstance(errors[0], PlanError):
            raise errors[0]
        problems = [problem for error in errors for problem in self._problems(error)]
        is_bad = bool(refused) or any(error.exit_code == _BAD_PIPELINE for error in unreachable)
        raise (PlanError if is_bad else ConnectionProblem)(problems) from errors[0]

    def _problems(self, error: AqueductsError) -> list[Any]:
        if isinstance(error, PipelineError):
            return list(error.problems)
        self._run.mask_error(error)
        name, kind = error.step, _KINDS.get(error.path[0] if error.path else None)
        if name is not None and kind is not None and repr(name) not in error.message:
            error.message = f"{kind} {name!r}: {error.message}"
        problem = run_problem(self._pipeline, error)
        return [problem or Problem(error.code, error.message, help=error.hint, note=error.note)]
