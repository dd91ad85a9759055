"""Numbers for Prometheus."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from aqueducts.memory import resident_bytes
from aqueducts_executor.conductor import Conductor
from aqueducts_executor.http.event_stream import EventStreams
from aqueducts_executor.http.websocket import WebSockets
from aqueducts_executor.machine import Run

__all__ = ["Metrics"]

_DURATIONS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400)


class Metrics:
    """Counts the runs that end, and asks for the rest when somebody looks."""

    def __init__(self, conductor: Conductor, streams: EventStreams, sockets: WebSockets) -> None:
        self._conductor = conductor
        self._streams = streams
        self._sockets = sockets
        self._registry = CollectorRegistry(auto_describe=False)
        self._runs = Counter(
            "aqueducts_runs", "Runs that ended, by outcome.", ["outcome"], registry=self._registry
        )
        self._seconds = Histogram(
            "aqueducts_run_duration_seconds",
            "Time from the start of a run to its end.",
            ["outcome"],
            buckets=_DURATIONS,
            registry=self._registry,
        )
        self._rows = Counter(
            "aqueducts_rows_written", "Rows that runs have written.", registry=self._registry
        )
        self._bytes = Counter(
            "aqueducts_bytes_written", "Bytes that runs have written.", registry=self._registry
        )
        self._registry.register(self)
        conductor.on_end.append(self._count)

    async def show(self, _: web.Request) -> web.StreamResponse:
        """Numbers in the text format of Prometheus."""
        text = generate_latest(self._registry)
        return web.Response(
            body=text,
            headers={
                "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
                "Cache-Control": "no-store",
            },
        )

    def collect(self) -> Iterator[Metric]:
        """What is so now."""
        machine, worker = self._conductor.machine, self._conductor.worker
        held = 0 if worker is None else resident_bytes(worker.pid)
        numbers = {
            "aqueducts_running": ("Runs that go on.", int(machine.current is not None)),
            "aqueducts_queue_depth": ("Runs that wait.", len(machine.queue)),
            "aqueducts_worker_memory_bytes": ("Resident memory of the worker.", held),
            "aqueducts_sse_clients": ("Open event streams.", self._streams.count),
            "aqueducts_websocket_clients": ("Open WebSocket connections.", self._sockets.count),
            "aqueducts_server_memory_bytes": ("Resident memory of the server.", resident_bytes()),
            "aqueducts_server_cpu_seconds": ("Processor time of the server.", time.process_time()),
            "aqueducts_server_tasks": ("Tasks of the event loop.", len(asyncio.all_tasks())),
        }
        for name, (text, value) in numbers.items():
            yield GaugeMetricFamily(name, text, value=float(value))

    def _count(self, run: Run) -> None:
        outcome = run.state.value
        self._runs.labels(outcome).inc()
        if run.started_at is not None and run.ended_at is not None:
            seconds = (run.ended_at - run.started_at).total_seconds()
            self._seconds.labels(outcome).observe(max(0.0, seconds))
        if run.outcome is not None:
            self._rows.inc(run.outcome.rows or 0)
            self._bytes.inc(run.outcome.size_bytes or 0)
