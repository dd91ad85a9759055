"""The answers of `aqueducts status`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aqueducts.cli.console import quantities
from aqueducts.cli.console.cells import visible
from aqueducts.cli.console.json_lines import plain

if TYPE_CHECKING:
    from aqueducts.cli.console import Console
    from aqueducts.protocol import CurrentRun, Execution, MemoryStatus
    from aqueducts.remote import Executor

__all__ = ["tell_run", "tell_status"]


def tell_status(executor: Executor, console: Console, *, as_json: bool) -> None:
    """What the executor is doing. Raises ExecutorError."""
    status = asyncio.run(executor.status())
    if as_json:
        console.write_result(json.dumps(plain(status), indent=2))
        return
    waiting = f"{status.queue.depth} of {status.queue.capacity} places taken"
    facts = {
        "executor": f"{executor.name}, {status.executor_id}, {status.mode}, {status.version}",
        "state": f"{status.state}, up {quantities.duration(status.uptime_s)}",
        "run": "none" if status.current is None else _current(status.current),
        "queue": waiting,
        "memory": _memory(status.memory),
        "plugins": ", ".join(status.plugins),
    }
    console.write_result(_listed(facts))


def tell_run(execution_id: str, executor: Executor, console: Console, *, as_json: bool) -> None:
    """How a run stands. Raises ExecutorError."""
    execution = asyncio.run(executor.execution(execution_id))
    if as_json:
        console.write_result(json.dumps(plain(execution), indent=2))
        return
    console.write_result(_listed(_execution(execution)))


def _execution(execution: Execution) -> Mapping[str, str]:
    before = execution.position
    facts = {
        "run": execution.execution_id,
        "state": execution.state,
        "queue": "" if before is None else quantities.count(before, "run") + " before this one",
        "progress": f"{execution.progress} %",
        "stage": execution.current_stage or "",
        "queued": execution.queued_at or "",
        "started": execution.started_at or "",
        "ended": execution.ended_at or "",
        "error": execution.error or "",
    }
    return {name: text for name, text in facts.items() if text}


def _current(run: CurrentRun) -> str:
    stage = f", {run.current_stage}" if run.current_stage else ""
    return f"{run.execution_id}, {run.progress} %{stage}, since {run.started_at}"


def _memory(memory: MemoryStatus) -> str:
    limit = "no limit" if memory.limit is None else f"limit {quantities.size(memory.limit)}"
    if memory.worker_rss is None:
        return limit
    return f"{limit}, worker {quantities.size(memory.worker_rss)}"


def _listed(facts: Mapping[str, str]) -> str:
    width = max(map(len, facts)) + 1
    return "\n".join(f"{name + ':':<{width}} {visible(text)}" for name, text in facts.items())
