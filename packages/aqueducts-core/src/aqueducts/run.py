"""The main path: a pipeline, its plan, its tables, its result."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aqueducts.connectors import EngineSettings, RunInfo
from aqueducts.context import Emitter, LocalRunContext
from aqueducts.errors import AqueductsError
from aqueducts.events import Event, RunCancelled, RunCompleted, RunFailed, RunStarted
from aqueducts.memory import peak_memory_bytes
from aqueducts.plan import Plan, make_plan, outline
from aqueducts.prepared import PreparedRun
from aqueducts.results import RunResult, RunSettings
from aqueducts.secrets import SecretVault
from aqueducts.steps import Steps
from aqueducts.threads import Cancellation, RunCancelledError, RunThreads
from aqueducts.workspace import Workspace

if TYPE_CHECKING:
    from aqueducts.pipeline import Pipeline

__all__ = ["OpenRun", "run", "run_sync"]

_STOP_SECONDS = 2.0
"""How long a cancelled run waits for its threads; a join may not stop sooner, or at all."""


def run_sync(
    pipeline: Pipeline,
    *,
    session: Any | None = None,
    settings: RunSettings | None = None,
    on_event: Callable[[Event], object] | None = None,
    cancellation: Cancellation | None = None,
) -> RunResult:
    """Run a pipeline and return what it did.

    `session` is the caller's own session of the engine (a `datafusion.SessionContext`), for
    sources and destinations `in_memory`. `on_event` hears every event, from any thread, one at a
    time. Where `cancellation` is cancelled, or Ctrl-C pressed, running queries are told to stop,
    staged files and temporary folders are removed within two seconds, and RunCancelledError or
    KeyboardInterrupt is raised.

    Raises PlanError before anything is opened; PluginError, SecretError, StorageError and
    RunError (SourceError, StageError, DestinationError, EngineError) later. Whatever is raised,
    the destination is as it was.
    """
    listeners: list[Callable[..., object]] = list(pipeline.plugins.event_listeners)
    if on_event is not None:
        listeners.append(lambda _, event: on_event(event))
    one_run = OpenRun(pipeline, session, settings or RunSettings(), listeners)
    started = time.perf_counter()
    try:
        plan = one_run.plan()
        one_run.emit(_started(one_run.run_id, pipeline, plan))
        steps = _execute(one_run, plan, cancellation or Cancellation())
    except (RunCancelledError, KeyboardInterrupt):
        one_run.emit(RunCancelled(duration_ms=_ms_since(started)))
        raise
    except AqueductsError as error:
        from aqueducts.query_problems import run_problem  # for failures only

        one_run.mask_error(error)
        error.problem = run_problem(pipeline, error)
        one_run.emit(_failed(error, started))
        raise
    duration_ms = _ms_since(started)
    peak = peak_memory_bytes()
    result = RunResult(
        run_id=one_run.run_id,
        duration_ms=duration_ms,
        peak_memory_bytes=peak,
        steps=tuple(steps.results),
        outputs=tuple(steps.outputs),
    )
    one_run.emit(RunCompleted(duration_ms=duration_ms, rows=result.rows, peak_memory_bytes=peak))
    return result


async def run(
    pipeline: Pipeline,
    *,
    session: Any | None = None,
    settings: RunSettings | None = None,
    on_event: Callable[[Event], object] | None = None,
) -> RunResult:
    """Run a pipeline in threads of its own, so that the event loop stays free; see `run_sync`.

    Where the calling task is cancelled, so is the run; CancelledError is raised once it has ended.
    """
    import asyncio  # slow to import, and only for those who have it already

    cancellation = Cancellation()
    once = partial(
        run_sync,
        pipeline,
        session=session,
        settings=settings,
        on_event=on_event,
        cancellation=cancellation,
    )
    thread = ThreadPoolExecutor(1, thread_name_prefix="aqueducts-run")
    running = asyncio.get_running_loop().run_in_executor(thread, once)
    thread.shutdown(wait=False)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        cancellation.cancel()
        while not running.done():
            with contextlib.suppress(asyncio.CancelledError):  # asked to stop already
                await asyncio.wait([running])
        running.exception()  # how it ended does not matter any more
        raise


class OpenRun:
    """What a run is made of, from its plan to its end; `listeners` hear its events."""

    def __init__(
        self,
        pipeline: Pipeline,
        given: Any | None,
        settings: RunSettings,
        listeners: list[Callable[..., object]],
    ) -> None:
        self.run_id = settings.run_id or uuid.uuid4().hex[:12]
        self._pipeline = pipeline
        self._plugins = pipeline.plugins
        self._given = given
        self.settings = settings
        self._vault = SecretVault(self._plugins, settings.access)
        self._vault.remember(pipeline.document)
        info = RunInfo(run_id=self.run_id, pipeline=pipeline.path)
        self._emitter = Emitter(info, listeners, self._vault)
        self.emit = self._emitter.emit
        self.mask_error = self._vault.mask_error
        self.mask: Callable[[Any], Any] = self._vault.mask_event
        self.mask_text = self._vault.mask

    def plan(self, *, is_exact: bool = False) -> Plan:
        """Check names and references; an exact plan knows who reads what in every pipeline."""
        pipeline = self._pipeline
        self._engine = self._plugins.get(self._plugins.engines, self.settings.engine)()
        self._tables = None if self._given is None else self._engine.tables_of(self._given)
        known_tables = self._tables.names() if self._tables is not None else ()
        plan = None if is_exact else outline(pipeline)
        return plan or make_plan(pipeline, known_tables=known_tables)

    @contextlib.contextmanager
    def opened(self, plan: Plan, cancellation: Cancellation) -> Iterator[PreparedRun]:
        """Threads, a temporary folder and a session of the engine, all gone afterwards."""
        spill_dir = self.settings.spill_dir
        threads = RunThreads(cancellation)
        # Other attempts at this run have the same id, and may have left a folder.
        folder = uuid.uuid4().hex[:12] if self.settings.run_id else self.run_id
        with Workspace(Path(spill_dir) if spill_dir else None, folder) as workspace:
            context = LocalRunContext(
                self.run_id,
                workspace.path,
                self._plugins,
                self._vault,
                self._emitter,
                self._tables,
            )
            session = self._engine.open_session(
                EngineSettings(
                    work_dir=workspace.path,
                    max_memory_bytes=self.settings.max_memory_bytes,
                    threads=self.settings.threads,
                    shortage=self.settings.shortage,
                    functions=tuple(self._plugins.udf_packs.values()),
                ),
                self._given,
            )
            prepared = PreparedRun(self._pipeline, plan, session, context, self._engine, threads)
            try:
                yield prepared
            except BaseException:
                # Threads of other steps may be at work still; nothing may write after this.
                session.interrupt()
                context.forbid_commits()
                threads.settle(_STOP_SECONDS)
                raise
            finally:
                context.abort_staged()
                session.close()
                context.close()
                threads.close()

    @contextlib.contextmanager
    def watched(self, prepared: PreparedRun, cancellation: Cancellation) -> Iterator[None]:
        """Tell where the memory is while the run goes on, and end it at the limit."""
        limit_bytes = self.settings.max_memory_bytes
        if limit_bytes is None:
            yield
            return
        from aqueducts.memory_watch import MemoryWatch  # for limits only

        stop = None if self.settings.is_watched else cancellation.cancel
        with MemoryWatch(limit_bytes, prepared.session.strain, self.emit, stop) as watch:
            try:
                yield
            except RunCancelledError:
                if watch.shortage is None:
                    raise
                raise prepared.shortage_error(watch.shortage) from None


def _execute(one_run: OpenRun, plan: Plan, cancellation: Cancellation) -> Steps:
    """Go through all steps and leave nothing behind but the result."""
    steps: Steps | None = None
    try:
        with one_run.opened(plan, cancellation) as prepared:
            prepared.prepare()
            steps = Steps(prepared, one_run.settings)
            with one_run.watched(prepared, cancellation):
                steps.go()
    except BaseException:
        if steps is not None:
            steps.tell_write()
        raise
    return steps


def _started(run_id: str, pipeline: Pipeline, plan: Plan) -> RunStarted:
    return RunStarted(
        run_id=run_id,
        pipeline=pipeline.path,
        sources=plan.sources,
        stages=tuple(tuple(stage.name for stage in group) for group in plan.groups),
        destination=getattr(pipeline.destination, "name", None),
    )


def _failed(error: AqueductsError, started: float) -> RunFailed:
    return RunFailed(
        code=error.code,
        message=error.message,
        duration_ms=_ms_since(started),
        step=error.step,
    )


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
