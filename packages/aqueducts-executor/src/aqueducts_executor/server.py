"""An executor from its start to its end."""

from __future__ import annotations

import asyncio
import signal
import ssl
from importlib.metadata import entry_points

import structlog

from aqueducts_executor import __version__
from aqueducts_executor.conductor import Conductor
from aqueducts_executor.http.application import make_application
from aqueducts_executor.http.authentication import Keys
from aqueducts_executor.http.event_stream import EventStreams
from aqueducts_executor.http.executions import Executions
from aqueducts_executor.http.listening import Listener
from aqueducts_executor.http.operations import operations
from aqueducts_executor.http.state import Identity, StateViews
from aqueducts_executor.http.websocket import WebSockets
from aqueducts_executor.journal import Journal
from aqueducts_executor.machine import Limits
from aqueducts_executor.metrics import Metrics
from aqueducts_executor.options import Options
from aqueducts_executor.run_place import RunPlace
from aqueducts_executor.state_folder import StateFolder
from aqueducts_executor.worker.checker import Checker
from aqueducts_executor.worker.messages import WorkerSetup
from aqueducts_executor.worker.spares import Spares

__all__ = ["serve"]

_log = structlog.get_logger()


async def serve(options: Options, folder: StateFolder) -> None:
    """Serve until SIGTERM or SIGINT. Raises OSError where a port cannot be used."""
    signals = _Signals()
    journal = Journal(folder.journal)
    past = journal.open()
    setup = _worker_setup(options, folder)
    limits = Limits(queue_size=options.queue_size, max_run_seconds=options.max_run_seconds)
    checker = Checker(setup)
    place = RunPlace(folder.spill, options.max_memory or None)
    conductor = Conductor(limits, Spares(setup), checker, journal, place)
    identity = Identity(
        executor_id=options.executor_id or folder.executor_id(),
        version=__version__,
        mode=options.mode,
        queue_size=options.queue_size,
        max_memory_bytes=options.max_memory or None,
        plugins=_plugins(),
    )
    await conductor.remember(past)
    conductor.start()
    warming = asyncio.create_task(checker.prepare())
    views = _Views(conductor, checker, identity)
    listener = Listener(make_application(views.operations, Keys(options.api_key), __version__))
    try:
        ports = await listener.open(options.host, options.port, _tls(options))
        _log.info(
            "listening",
            host=options.host,
            ports=ports,
            tls=options.tls_cert is not None,
            plugins=identity.plugins,
            data_roots=[str(root) for root in options.data_root],
        )
        await signals.asked.wait()
        _log.info("draining", grace_seconds=options.shutdown_grace)
        await conductor.drain(options.shutdown_grace, signals.hurried)
        _log.info("stopping")
        listener.stop_accepting()
        await views.sockets.close()
    finally:
        await conductor.close()
        warming.cancel()
        await checker.close()
        await listener.close()
        journal.close()
    _log.info("stopped")


class _Views:
    """Everything that answers requests."""

    def __init__(self, conductor: Conductor, checker: Checker, identity: Identity) -> None:
        streams = EventStreams(conductor)
        self.sockets = WebSockets(conductor, checker)
        metrics = Metrics(conductor, streams, self.sockets)
        self.operations = operations(
            Executions(conductor, checker, streams),
            StateViews(conductor, identity),
            self.sockets.connect,
            metrics.show,
        )


class _Signals:
    """SIGTERM and SIGINT, from now on: the first asks, the second hurries."""

    def __init__(self) -> None:
        self.asked, self.hurried = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._hear)

    def _hear(self) -> None:
        (self.hurried if self.asked.is_set() else self.asked).set()


def _worker_setup(options: Options, folder: StateFolder) -> WorkerSetup:
    hidden = [options.state_dir, *(each for each in (options.tls_key,) if each is not None)]
    return WorkerSetup(
        spill_dir=str(folder.spill),
        max_memory_bytes=options.max_memory or None,
        roots=tuple(str(root) for root in options.data_root),
        hidden=tuple(str(path) for path in hidden),
        endpoints=options.allow_endpoint,
        secrets=options.allow_secret,
        has_wall=options.sandbox == "auto",
    )


def _tls(options: Options) -> ssl.SSLContext | None:
    if options.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(options.tls_cert, options.tls_key)
    return context


def _plugins() -> tuple[str, ...]:
    """Plugins that are installed, each with its version, without importing any."""
    found = set()
    for entry in entry_points(group="aqueducts"):
        version = "" if entry.dist is None else f" {entry.dist.version}"
        found.add(f"{entry.name}{version}")
    return tuple(sorted(found))
