"""The executor: how soon it answers, cancels and ends; whom it holds up; what it leaves.

Counts are small where `--quick` is given. Server, workers and clients share the machine.
"""

from __future__ import annotations

import asyncio
import random
import re
import signal
import time
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from bench import Bench
from executor_client import ENDLESS, LocalExecutor, pipeline
from sections import Bar, Section

from aqueducts import Pipeline, run_sync

__all__ = ["run"]

_SEED = 20_261_123
_SMALL = "SELECT count(*) AS n FROM generate_series(1, 1000)"
_WRITING = (
    "SELECT a.value AS n, b.value AS m FROM generate_series(1, 2000) a, generate_series(1, 1000) b"
)
_WRITING_SECONDS = 0.7
"""About what that takes; a second signal finds nobody."""
_GONE_SECONDS = 1.0
_TURNS = 3
_MB = 1_000_000


def run(bench: Bench) -> Section:
    """Measure everything against one server after another."""
    folder = bench.output / "executor"
    folder.mkdir(parents=True, exist_ok=True)
    full = bench.is_full
    count = bench.kill_rounds if full else 3
    figures = asyncio.run(_measure(folder, count, watchers=1000 if full else 50))
    return Section(
        title="Executor",
        header=("figure", "value"),
        rows=[(name, value) for name, value, _ in figures],
        bars=[Bar(name, value, is_met) for name, value, is_met in figures if is_met is not None],
        note=f"{count} cancels, {count} kills, {count} runs for the memory.",
    )


_Figure = tuple[str, str, bool | None]


async def _measure(folder: Path, count: int, watchers: int) -> list[_Figure]:
    figures: list[_Figure] = []
    async with LocalExecutor(folder) as executor:
        figures += await _latency(executor, min(count, 20))
        figures += await _cancels(executor, count)
        figures += await _health(executor, 50 * min(count, 20))
        figures += await _watchers(executor, watchers)
        figures += await _slope(executor, count)
        figures += await _worker_kills(executor, count)
        await executor.warm()
        seconds = executor.stop(signal.SIGTERM)
        figures.append(("idle SIGTERM under 1 s", f"{seconds:.2f} s", seconds < 1))
        await executor.start()
    figures += await _server_kills(folder, max(1, count // 4))
    return figures


async def _latency(executor: LocalExecutor, count: int) -> list[_Figure]:
    """Until the first event, and to the end, beside the same run in this process."""
    body = pipeline(executor.folder, _SMALL)
    first, whole, local = [], [], []
    for _ in range(count):
        await executor.warm()
        began = time.perf_counter()
        seen = False
        async for _ in executor.execute(body):
            if not seen:
                first.append(time.perf_counter() - began)
                seen = True
        whole.append(time.perf_counter() - began)
    for _ in range(count + 2):
        began = time.perf_counter()
        await asyncio.to_thread(run_sync, Pipeline.from_dict(body))
        local.append(time.perf_counter() - began)
    added = median(whole) - median(local[2:])
    return [
        (
            "submit to first event under 50 ms",
            f"{median(first) * 1000:.0f} ms",
            median(first) < 0.05,
        ),
        ("over the same local run under 150 ms", f"{added * 1000:.0f} ms", added < 0.15),
    ]


async def _cancels(executor: LocalExecutor, count: int) -> list[_Figure]:
    dice = random.Random(_SEED)  # noqa: S311 - moments, not secrets
    seconds = []
    for _ in range(count):
        run_id = await executor.begin(pipeline(executor.folder, ENDLESS))
        await asyncio.sleep(dice.random() * 0.5)
        began = time.perf_counter()
        answer = await executor.cancel(run_id)
        seconds.append(time.perf_counter() - began)
        if answer["status"] != "cancelled":
            raise RuntimeError(f"not cancelled: {answer}")
    high = _high(seconds)
    text = f"{high * 1000:.0f} ms (median {median(seconds) * 1000:.0f} ms)"
    return [(f"99 % of {count} cancels under 1 s", text, high < 1)]


async def _health(executor: LocalExecutor, count: int) -> list[_Figure]:
    run_id = await executor.begin(pipeline(executor.folder, ENDLESS))
    seconds = []
    for _ in range(count):
        began = time.perf_counter()
        await executor.get("/health")
        seconds.append(time.perf_counter() - began)
        await asyncio.sleep(0.01)
    await executor.cancel(run_id)
    high = _high(seconds)
    name = f"/health, 99 % of {count} under 100 ms while a run uses all cores"
    return [(name, f"{high * 1000:.0f} ms (median {median(seconds) * 1000:.1f} ms)", high < 0.1)]


def _telling(folder: Path, stages: int) -> dict[str, Any]:
    """A run that tells about twenty events a second."""
    body: dict[str, Any] = pipeline(folder, _SMALL)
    query = "SELECT sum(value % {}) AS n FROM generate_series(1, 12000000)"
    body["stages"] = [
        [{"name": f"s{index}", "query": query.format(index + 7), "show": 1}]
        for index in range(stages)
    ]
    return body


async def _watchers(executor: LocalExecutor, count: int) -> list[_Figure]:
    """All get all events; one that stalls does not slow the run."""
    body = _telling(executor.folder, 40)
    run_id = await executor.begin(body)
    began = time.perf_counter()
    seen = await asyncio.gather(*(_count(executor, run_id) for _ in range(count)))
    watched = time.perf_counter() - began
    alone, stalled = [], []
    for _ in range(_TURNS):
        alone.append(await _timed(executor, body))
        stalled.append(await _timed_with_stalled(executor, body))
    complete = sum(each == max(seen) for each in seen)
    rate = max(seen) / watched
    slower = min(stalled) / min(alone) - 1
    return [
        (
            f"{count} watchers all get all events",
            f"{complete} got all {max(seen)}, at {rate:.0f} events/s",
            complete == count,
        ),
        ("one stalled reader costs the run less than 5 %", f"{slower:+.1%}", slower < 0.05),
    ]


async def _count(executor: LocalExecutor, run_id: str) -> int:
    return len([event["seq"] async for event in executor.follow(run_id)])


async def _timed(executor: LocalExecutor, body: dict[str, Any]) -> float:
    await executor.warm()
    began = time.perf_counter()
    async for _ in executor.execute(body):
        pass
    return time.perf_counter() - began


async def _timed_with_stalled(executor: LocalExecutor, body: dict[str, Any]) -> float:
    """The same, while somebody asks for the events and reads nothing."""
    await executor.warm()
    began = time.perf_counter()
    writer = None
    async for event in executor.execute(body):
        if writer is None:
            port = int(executor.url.rpartition(":")[2])
            _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
            path = f"/executions/{event['execution_id']}/events"
            head = f"GET {path} HTTP/1.1\r\nHost: a\r\nX-API-Key: key-of-the-benchmarks\r\n\r\n"
            writer.write(head.encode())
    if writer is not None:
        writer.close()
    return time.perf_counter() - began


async def _slope(executor: LocalExecutor, count: int) -> list[_Figure]:
    """Server memory over runs, by a line through all but the first tenth."""
    body = pipeline(executor.folder, _SMALL)
    sizes = []
    for _ in range(count):
        async for _ in executor.execute(body):
            pass
        found = re.search(
            r"^aqueducts_server_memory_bytes (\S+)", await executor.get("/metrics"), re.MULTILINE
        )
        sizes.append(float(found[1]) if found else 0.0)
    rest = sizes[len(sizes) // 10 :]
    slope = _slope_of(rest)
    text = f"{slope / 1000:.2f} KB, from {rest[0] / _MB:.1f} to {rest[-1] / _MB:.1f} MB"
    return [(f"memory of the server per run over {count} runs under 1 KB", text, slope < 1000)]


async def _worker_kills(executor: LocalExecutor, count: int) -> list[_Figure]:
    """Kill workers while they write: the target is what the state says."""
    dice = random.Random(_SEED)  # noqa: S311
    target = executor.folder / "kills.csv"
    wrong, states = 0, dict[str, int]()
    for _ in range(count):
        target.write_text("old", encoding="utf-8")
        run_id = await executor.begin(pipeline(executor.folder, _WRITING, "kills.csv"))
        await asyncio.sleep(dice.random() * _WRITING_SECONDS)
        for worker in executor.workers():
            if worker.name() == "aqueducts-run":
                worker.kill()
        last = [event async for event in executor.follow(run_id)][-1]
        is_new = target.stat().st_size > 1000
        state = str(last["event_type"])
        states[state] = states.get(state, 0) + 1
        wrong += is_new != (state == "completed")
    left = executor.left_behind()
    text = f"{wrong} wrong, {len(left)} left behind ({states})"
    return [
        (f"{count} kills of workers: no partial target, no doubt", text, not wrong and not left)
    ]


async def _server_kills(folder: Path, count: int) -> list[_Figure]:
    """Kill servers while a run writes: the next one knows, and nothing is partial."""
    dice = random.Random(_SEED)  # noqa: S311
    target = folder / "kills.csv"
    wrong, orphans = 0, 0
    executor = LocalExecutor(folder)
    async with executor:
        for _ in range(count):
            target.write_text("old", encoding="utf-8")
            run_id = await executor.begin(pipeline(folder, _WRITING, "kills.csv"))
            await asyncio.sleep(dice.random() * _WRITING_SECONDS)
            workers = executor.workers()
            executor.stop(signal.SIGKILL)
            orphans += await asyncio.to_thread(_alive, workers)
            await executor.start()
            last = [event async for event in executor.follow(run_id)][-1]
            wrong += (target.stat().st_size > 1000) != (last["event_type"] == "completed")
        left = executor.left_behind()
    text = f"{wrong} wrong, {orphans} orphans, {len(left)} left behind"
    is_met = not wrong and not orphans and not left
    return [(f"{count} kills of the server: no partial target, no orphan", text, is_met)]


def _alive(workers: list[psutil.Process]) -> int:
    """How many go on after a while; one that only waits for init to take note has ended."""
    deadline = time.monotonic() + _GONE_SECONDS
    while (left := [each for each in workers if _goes_on(each)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return len(left)


def _goes_on(process: psutil.Process) -> bool:
    try:
        return str(process.status()) != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _high(values: list[float]) -> float:
    """What 99 % are at or below."""
    return sorted(values)[min(len(values) - 1, int(0.99 * len(values)))]


def _slope_of(values: list[float]) -> float:
    """Of a line through the values, least squares."""
    places = range(len(values))
    middle, mean = (len(values) - 1) / 2, sum(values) / len(values)
    square = sum((place - middle) ** 2 for place in places) or 1.0
    return (
        sum((place - middle) * (value - mean) for place, value in zip(places, values, strict=True))
        / square
    )
