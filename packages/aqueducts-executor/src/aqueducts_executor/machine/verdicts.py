"""What became of a run, from how it ended."""

from __future__ import annotations

from aqueducts_executor.machine.outcomes import Outcome, WorkerEnd
from aqueducts_executor.machine.run import Run
from aqueducts_executor.machine.states import RunState

__all__ = ["cancelled", "executor_ended", "size_text", "timed_out", "verdict_on_end"]

_MB = 1_000_000


def cancelled(reason: str) -> Outcome:
    """Somebody ended it."""
    return Outcome(RunState.CANCELLED, f"The run was cancelled: {reason}")


def timed_out(seconds: float) -> Outcome:
    """It took too long."""
    message = f"The run was ended after {seconds:g} seconds (--max-run-seconds)"
    return Outcome(RunState.TIMED_OUT, message, code="timed-out")


def verdict_on_end(run: Run, end: WorkerEnd) -> Outcome:
    """Of a run whose worker is gone without having told what became of it."""
    if end.has_committed:
        return Outcome(
            RunState.SUCCEEDED,
            "The worker ended before it could report, but the result is in place",
            code="recovered",
            peak_memory_bytes=end.peak_bytes,
        )
    verdict = run.verdict or _fault(end)
    if run.may_have_committed and end.has_committed is None:
        message = f"{verdict.message}; whether the result was written is unknown: look at it"
        return Outcome(RunState.CRASHED, message, code="unknown-commit")
    return verdict


def executor_ended(
    had_started: bool, may_have_committed: bool, has_committed: bool | None
) -> Outcome:
    """Of a run that went on, or waited, when the executor itself was ended."""
    if has_committed:
        message = "The executor ended before the run could report, but the result is in place"
        return Outcome(RunState.SUCCEEDED, message, code="recovered")
    message = "The executor ended before the run began"
    if had_started:
        message = "The executor ended while the run went on"
    if may_have_committed and has_committed is None:
        message += "; whether the result was written is unknown: look at it"
    return Outcome(RunState.CRASHED, message, code="crashed")


def _fault(end: WorkerEnd) -> Outcome:
    if end.is_over_limit:
        return Outcome(
            RunState.OOM_KILLED,
            f"The run was ended when its worker held {size_text(end.peak_bytes)}: "
            f"the limit is {size_text(end.limit_bytes)} (--max-memory)",
            code="oom-killed",
            peak_memory_bytes=end.peak_bytes,
        )
    if end.problem is not None:
        return Outcome(RunState.FAILED, end.problem, code="spawn-failed")
    how = (
        f"was ended by signal {end.signal_name}"
        if end.signal_name is not None
        else f"ended with code {end.exit_code}"
    )
    return Outcome(
        RunState.CRASHED,
        f"The worker of the run {how}",
        code="crashed",
        peak_memory_bytes=end.peak_bytes,
    )


def size_text(size_bytes: int | None) -> str:
    """As options take it: `512MB`, `1.5GB`."""
    if size_bytes is None:
        return "an unknown amount"
    if size_bytes >= 1000 * _MB:
        return f"{size_bytes / (1000 * _MB):.2f}".rstrip("0").rstrip(".") + "GB"
    return f"{size_bytes / _MB:.0f}MB"
