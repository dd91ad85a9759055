"""Running pipelines over HTTP: `/execute`, `/cancel` and `/executions`."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from aqueducts.protocol import BusyAnswer, CancelAnswer, ErrorAnswer, Execution
from aqueducts.protocol.limits import BUSY_RETRY_SECONDS
from aqueducts_executor.conductor import Conductor
from aqueducts_executor.http.answers import answer, error_answer
from aqueducts_executor.http.bodies import BadRequestError, read_body
from aqueducts_executor.http.event_stream import EventStreams
from aqueducts_executor.machine import CancelDecision, Refusal, Run, RunState, SubmitDecision
from aqueducts_executor.worker.checker import Checker
from aqueducts_executor.worker.process import WorkerStartError

__all__ = ["CancelBody", "ExecuteBody", "Executions", "cancel_answer"]


class ExecuteBody(msgspec.Struct, frozen=True):
    """What to run."""

    pipeline: msgspec.Raw
    """A pipeline in the format of files, its parameters filled in."""


class CancelBody(msgspec.Struct, frozen=True):
    """What to cancel."""

    execution_id: str | None = None
    """None: whatever runs."""


class Executions:
    """The handlers."""

    def __init__(self, conductor: Conductor, checker: Checker, streams: EventStreams) -> None:
        self._conductor = conductor
        self._checker = checker
        self._streams = streams

    async def execute(self, request: web.Request) -> web.StreamResponse:
        """Run a pipeline, and stream what happens."""
        may_wait = _flag(request, "queue")
        is_detached = _flag(request, "detach")
        body = await read_body(request, ExecuteBody)
        refused = self._conductor.machine.refusal(may_wait=may_wait)
        if refused is not None:
            return self._refused(refused)
        try:
            problems = await self._checker.problems(bytes(body.pipeline))
        except WorkerStartError:
            return error_answer(503, "No process can be started to look at the pipeline")
        if problems:
            text = f"The pipeline is not valid: {problems[0].message}"
            return answer(ErrorAnswer(error=text, problems=problems), status=422)
        owner = None if is_detached else object()
        decision = self._conductor.submit(bytes(body.pipeline), owner, may_wait=may_wait)
        if decision.run is None:
            return self._refused(decision)
        try:
            return await self._streams.respond(request, decision.run, 0)
        finally:
            if owner is not None and not decision.run.is_over:
                self._conductor.disconnect(owner)

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """End a run; answers once its worker is gone."""
        body = await read_body(request, CancelBody, default=CancelBody())
        decision = await self._conductor.cancel(body.execution_id)
        return answer(cancel_answer(decision, body.execution_id))

    async def show(self, request: web.Request) -> web.StreamResponse:
        """The state of a run."""
        return answer(_execution(self._find(request)))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """The stream of a run once more, from `Last-Event-ID` on."""
        run = self._find(request)
        last = request.headers.get("Last-Event-ID", "").strip()
        after = int(last) if last.isascii() and last.isdecimal() and len(last) < 16 else 0
        return await self._streams.respond(request, run, after)

    def _find(self, request: web.Request) -> Run:
        run_id = request.match_info["execution_id"]
        run = self._conductor.machine.find(run_id)
        if run is None:
            raise BadRequestError(404, f"Execution ID '{run_id[:128]}' not found")
        return run

    def _refused(self, decision: SubmitDecision) -> web.Response:
        if decision.refusal is Refusal.DRAINING:
            return error_answer(503, "The executor is shutting down")
        seconds, busy_id = BUSY_RETRY_SECONDS, decision.busy_id or ""
        text = (
            f"A pipeline is already running (ID: {busy_id}). Please retry after {seconds} seconds"
        )
        if decision.refusal is Refusal.QUEUE_FULL:
            waiting = len(self._conductor.machine.queue)
            text = f"The queue is full ({waiting} runs wait). Please retry after {seconds} seconds"
        headers = {
            "Retry-After": str(seconds),
            "X-RateLimit-Limit": "1",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(seconds),
        }
        busy = BusyAnswer(error=text, execution_id=busy_id, retry_after=seconds)
        return answer(busy, status=429, headers=headers)


def cancel_answer(decision: CancelDecision, asked_id: str | None) -> CancelAnswer:
    """What became of a request to cancel, once it is known."""
    run = decision.run
    if run is not None and run.state is RunState.CANCELLED:
        text = "Pipeline execution cancelled successfully"
        return CancelAnswer(status="cancelled", message=text, cancelled_execution_id=run.run_id)
    if run is not None:
        text = f"Execution '{run.run_id}' was over before it could be cancelled: {run.state.value}"
        return CancelAnswer(status="not_running", message=text, cancelled_execution_id=None)
    if asked_id is not None and decision.current_id is not None:
        text = (
            f"Execution ID '{asked_id}' not found. Current execution has ID '{decision.current_id}'"
        )
        return CancelAnswer(status="not_found", message=text, cancelled_execution_id=None)
    text = "No pipeline execution is currently running"
    return CancelAnswer(status="not_running", message=text, cancelled_execution_id=None)


def _execution(run: Run) -> Execution:
    failed = run.outcome is not None and run.state not in (RunState.SUCCEEDED, RunState.CANCELLED)
    return Execution(
        execution_id=run.run_id,
        state=run.state.value,
        progress=run.messages.progress,
        current_stage=None if run.is_over else run.messages.current_stage,
        position=run.position,
        queued_at=run.submitted_at.isoformat(timespec="milliseconds"),
        started_at=_time(run.started_at),
        ended_at=_time(run.ended_at),
        error=run.outcome.message if failed and run.outcome is not None else None,
    )


def _time(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds")


def _flag(request: web.Request, name: str) -> bool:
    value = request.query.get(name, "false").lower()
    if value not in ("true", "false", "1", "0", ""):
        raise BadRequestError(400, f"{name} is true or false")
    return value in ("true", "1", "")
