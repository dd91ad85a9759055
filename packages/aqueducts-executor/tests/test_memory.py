"""`--max-memory`: the wall around a worker."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aqueducts.control_groups import memory_folder
from aqueducts_executor.worker.memory_wall import MemoryWall

if TYPE_CHECKING:
    from conftest import Executor

HUNGRY = (
    "SELECT array_agg(a.value) AS n FROM generate_series(1, 40000) a, generate_series(1, 40000) b"
)
"""Holds all that it makes."""


def test_run_over_the_limit_is_ended_and_the_server_lives(
    start: Callable[..., Executor], tmp_path: Path, pipeline: Callable[..., dict[str, Any]]
) -> None:
    """Limit and peak are in the message, where the engine did not give up before."""
    executor = start("--max-memory=400MB")
    events = executor.execute(pipeline(tmp_path, HUNGRY, "out.json"))
    last = events[-1]
    assert last["event_type"] == "error"
    state = executor.state(last["execution_id"])
    if state == "oom_killed":
        assert "400MB" in last["error"]
    else:
        assert last["detail"]["code"] == "out-of-memory"
    assert executor.execute(pipeline(tmp_path))[-1]["event_type"] == "completed"


async def test_wall_ends_what_grows(tmp_path: Path) -> None:
    """A process that takes more than its limit is killed, and it is told how much it had."""
    import asyncio
    import sys

    program = "import time; x = bytearray(b'x' * 300_000_000); time.sleep(60)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    wall = MemoryWall(process.pid, 100_000_000, process.kill)
    wall.raise_()
    assert await process.wait() < 0
    await wall.take_down()
    assert wall.is_over
    assert wall.peak_bytes >= 90_000_000
    found = memory_folder()
    assert found is None or not list(found[1].glob(f"aqueducts-{os.getpid()}-*"))


@pytest.mark.parametrize("limit", [None, 4_000_000_000])
async def test_wall_leaves_others_alone(limit: int | None) -> None:
    """Without a limit it only looks."""
    import asyncio
    import sys

    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "x = bytearray(1000)")
    wall = MemoryWall(process.pid, limit, process.kill)
    wall.raise_()
    assert await process.wait() == 0
    await wall.take_down()
    assert not wall.is_over
