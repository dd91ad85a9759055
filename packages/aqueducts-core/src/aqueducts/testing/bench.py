"""A run without a pipeline: what connectors are tested in, and what it saw of them."""

from __future__ import annotations

import contextlib
import gc
import io
import logging
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import pyarrow as pa

from aqueducts.connectors import (
    Destination,
    EngineSettings,
    FileFormat,
    RunInfo,
    SecretResolver,
    Session,
    Source,
)
from aqueducts.context import Emitter, LocalRunContext
from aqueducts.errors import SecretError
from aqueducts.events import Event
from aqueducts.hookspecs import hookimpl
from aqueducts.pipeline import Pipeline
from aqueducts.plugins import PluginRecord, Plugins
from aqueducts.relations import Relation
from aqueducts.results import RunResult, RunSettings
from aqueducts.run import run_sync
from aqueducts.secrets import SecretVault
from aqueducts.table_names import select_all
from aqueducts.testing.suite import explained, fail

__all__ = ["SECRET", "SECRET_REFERENCE", "Bench", "Footprint"]

SECRET = "k1t-S3cret+/value"  # noqa: S105 - made up, to be looked for
"""What the secret of a bench is."""

SECRET_REFERENCE = "${secret:kit:password}"  # noqa: S105 - a reference
"""How pipeline files refer to it."""

_SETTLE_SECONDS = 3.0


class Bench:
    """A context for connectors, with real plugins, secrets and an engine; use it in `with`.

    `folder` is the author's, for files and targets. Events are in `events`, and what is printed
    and logged while the bench is open in `printed`.
    """

    def __init__(
        self, folder: Path, plugins: Plugins | None = None, session: Any | None = None
    ) -> None:
        self.folder = folder / "place"
        self.work_dir = folder / "work"
        self.temporary = folder / "tmp"
        for each in (self.folder, self.work_dir, self.temporary):
            each.mkdir(parents=True, exist_ok=True)
        self.revealed = 0
        """How often the secret was asked for."""
        installed = plugins if plugins is not None else Plugins.discover()
        self.plugins = Plugins([*installed.records, self._secrets()])
        self.session = session
        self.events: list[Event] = []
        self._printed = io.StringIO()
        self._vault = SecretVault(self.plugins)
        self._engine = self.plugins.get(self.plugins.engines, "datafusion")()
        tables = None if session is None else self._engine.tables_of(session)
        self.context = LocalRunContext(
            "kit",
            self.work_dir,
            self.plugins,
            self._vault,
            Emitter(RunInfo("kit"), [lambda _, event: self.events.append(event)], self._vault),
            tables,
        )
        self._sessions: list[Session] = []
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Bench:
        self._stack.enter_context(contextlib.redirect_stdout(self._printed))
        self._stack.enter_context(contextlib.redirect_stderr(self._printed))
        handler = logging.StreamHandler(self._printed)
        logging.getLogger().addHandler(handler)
        self._stack.callback(logging.getLogger().removeHandler, handler)
        self._stack.callback(setattr, tempfile, "tempdir", tempfile.tempdir)
        tempfile.tempdir = str(self.temporary)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()
        self.context.abort_staged()
        for session in self._sessions:
            session.close()
        self.context.close()

    @property
    def printed(self) -> str:
        """What went to the terminal and to logs."""
        return self._printed.getvalue()

    @property
    def files(self) -> list[str]:
        """Paths of all files in the author's folder, relative to it."""
        return files_in(self.folder)

    def source(self, config: Mapping[str, Any], name: str = "t") -> Source[Any]:
        """The source that a part of a pipeline file describes."""
        pipeline = self.pipeline(sources=[dict(config) | {"name": name}])
        [model] = pipeline.sources
        self._vault.remember(model)
        kind: type[Source[Any]] = self._offered(self.plugins.sources, model.type)
        return kind(model, self.formats())

    def destination(self, config: Mapping[str, Any]) -> Destination[Any]:
        """The destination that a part of a pipeline file describes, in a run of its own.

        A destination may know a run that has written before, and not write again.
        """
        self.context.run_id = uuid.uuid4().hex[:12]
        model = self.pipeline(destination=config).destination
        self._vault.remember(model)
        kind: type[Destination[Any]] = self._offered(self.plugins.destinations, model.type)
        return kind(model, self.formats())

    def pipeline(
        self,
        *,
        sources: Sequence[Mapping[str, Any]] = (),
        query: str = "SELECT 1 AS one",
        destination: Mapping[str, Any] | None = None,
    ) -> Pipeline:
        """A pipeline of one stage; a wrong part of it fails the check."""
        data: dict[str, Any] = {
            "version": "v2",
            "sources": [dict(each) for each in sources],
            "stages": [[{"name": "result", "query": query}]],
        }
        if destination is not None:
            data["destination"] = {"name": "out"} | dict(destination)
        with explained(
            "what the suite's config gives is not valid in a pipeline file",
            "return the fields as a user writes them in a pipeline file. Where the type is "
            "unknown, install the plugin (pip install --editable .), or name its module in the "
            "suite: module = my_plugin",
        ):
            return Pipeline.from_dict(data, plugins=self.plugins, strict=True)

    def run(self, pipeline: Pipeline) -> RunResult:
        """Run a pipeline as `aqueducts run` does."""
        settings = RunSettings(spill_dir=str(self.work_dir / "spill"), threads=2)
        return run_sync(
            pipeline, session=self.session, settings=settings, on_event=self.events.append
        )

    def formats(self) -> dict[str, FileFormat]:
        """All file formats that are installed."""
        return {tag: each() for tag, each in self.plugins.file_formats.items()}

    def engine_session(self) -> Session:
        """A new session of the engine."""
        work_dir = Path(tempfile.mkdtemp(prefix="engine-", dir=self.work_dir))
        settings = EngineSettings(work_dir=work_dir, threads=2)
        session = self._engine.open_session(settings, self.session)
        self._sessions.append(session)
        return session

    def read(self, relation: Relation, query: str | None = None, name: str = "t") -> pa.Table:
        """All rows of a relation, or what a query makes of it, read by the engine."""
        session = self.engine_session()
        try:
            session.register(name, relation, is_joined=False)
            session.define("result", query or select_all(name))
            with session.frame("result").stream() as reader:
                return reader.read_all()
        finally:
            session.close()  # or tables of a caller's session would be in the way of the next

    def told(self, error: BaseException) -> str:
        """An error and what caused it as a run tells them: secrets that it knows are masked."""
        self._vault.mask_error(error)
        texts: list[str] = []
        cause: BaseException | None = error
        while cause is not None:
            texts.append(f"{cause!r} {cause}")
            cause = cause.__cause__ or cause.__context__
        return "\n".join(texts)

    def shown(self) -> str:
        """Everything that a user or a log sees of this bench: events, what is printed."""
        return "\n".join([self.printed, *map(repr, self.events)])

    def _offered(self, offer: Any, tag: str) -> Any:
        if tag not in offer:
            fail(
                f"the plugin offers no {offer.kind} of type {tag!r}; there are {sorted(offer)}",
                "the class has the same `type` as its model",
            )
        return offer[tag]

    def _secrets(self) -> PluginRecord:
        bench = self

        class KitResolver(SecretResolver):
            scheme = "kit"

            def resolve(self, reference: str) -> str:
                if reference != "password":
                    raise SecretError(f"the kit has no secret {reference}")
                bench.revealed += 1
                return SECRET

        def aqueducts_secret_resolvers() -> list[type[SecretResolver]]:
            return [KitResolver]

        module = ModuleType("kit_secrets")
        vars(module)["aqueducts_secret_resolvers"] = hookimpl(aqueducts_secret_resolvers)
        return PluginRecord(name="kit", distribution="kit", version="", module=module)


class Footprint:
    """What a process holds: open files and sockets, threads, temporary files."""

    def __init__(self, temporary: Path) -> None:
        self._temporary = temporary
        self._before = self._now()

    def left_over(self) -> list[str]:
        """What is there now and was not before, once everything had time to end."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while True:
            gc.collect()
            more = self._now() - self._before
            if not more or time.monotonic() > deadline:
                return sorted(more.elements())
            time.sleep(0.02)

    def _now(self) -> Counter[str]:
        threads = (f"thread {each.name}" for each in threading.enumerate() if each.is_alive())
        temporary = (f"temporary file {path}" for path in files_in(self._temporary))
        return Counter([*threads, *temporary, *_open_files()])


def files_in(folder: Path) -> list[str]:
    """Paths of all files below a folder, relative to it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _open_files() -> Iterator[str]:
    links = Path("/proc/self/fd")
    if not links.is_dir():  # not Linux
        return
    for link in links.iterdir():
        with contextlib.suppress(OSError):
            target = str(link.readlink())
            if not target.startswith(("anon_inode:", "/proc/", "/dev/")):
                yield f"open file {target}" if target.startswith("/") else f"open {target}"
