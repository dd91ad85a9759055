"""A folder to run pipelines in, and a stranger's plugin, for the tests of runs."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Literal

import pyarrow as pa
import pytest
from pydantic import Field

import aqueducts
from aqueducts import hookimpl
from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.connectors import (
    Destination,
    Frame,
    ModelClass,
    RunContext,
    Source,
    UdfPack,
    WriteReport,
)
from aqueducts.errors import DestinationError
from aqueducts.events import Event
from aqueducts.models.fields import Name, PipelineModel
from aqueducts.pipeline import Pipeline
from aqueducts.plugins import Plugins
from aqueducts.relations import ArrowStream, Relation
from aqueducts.results import RunResult, RunSettings


class Lab:
    """A folder with files, and runs in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spill = folder / "spill"
        self.events: list[Event] = []

    def source(self, name: str, content: str) -> dict[str, Any]:
        """Write a CSV file and describe it as a source."""
        path = self.folder / f"{name}.csv"
        path.write_text(content)
        return {"type": "file", "name": name, "format": {"type": "csv"}, "location": str(path)}

    def target(self, name: str = "out.csv") -> dict[str, Any]:
        """Describe a CSV file as a destination."""
        return {
            "type": "file",
            "name": "out",
            "format": {"type": "csv"},
            "location": str(self.folder / name),
        }

    def pipeline(
        self,
        sources: list[dict[str, Any]],
        *groups: list[dict[str, Any]],
        to: dict[str, Any] | None,
    ) -> Pipeline:
        """Return the pipeline."""
        data: dict[str, Any] = {"version": "v2", "sources": sources, "stages": list(groups)}
        if to is not None:
            data["destination"] = to
        return Pipeline.from_dict(data)

    def run(self, pipeline: Pipeline, **options: Any) -> RunResult:
        """Run it, keeping its events."""
        settings = RunSettings(spill_dir=str(self.spill), threads=2)
        options.setdefault("on_event", self.events.append)
        return aqueducts.run_sync(pipeline, settings=settings, **options)

    def kinds(self) -> list[type[Event]]:
        """Kinds of the events so far."""
        return [type(event) for event in self.events]

    def event(self, kind: type[Any]) -> Any:
        """The one event of a kind."""
        [event] = [each for each in self.events if isinstance(each, kind)]
        return event

    def rows(self, name: str = "out.csv") -> list[list[str]]:
        """Rows of a written CSV file, without its header."""
        with (self.folder / name).open(newline="") as file:
            return list(csv.reader(file))[1:]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """An empty folder to run in."""
    return Lab(tmp_path)


SCHEMA = pa.schema([("a", pa.int64())])


class CursorConfig(PipelineModel):
    """A cursor."""

    type: Literal["cursor"] = Field(description="Kind.")
    name: Name = Field(description="Name.")
    behaviour: str = Field(default="rows", description="What it does.")


class SinkConfig(PipelineModel):
    """A sink."""

    type: Literal["sink"] = Field(description="Kind.")
    name: Name = Field(description="Name.")
    behaviour: str = Field(default="keep", description="What it does.")


class Shop:
    """A plugin with a source, a destination and a function, and what happened to them."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.written: list[pa.Table] = []
        self.prepared = 0
        self.event = threading.Event()
        self.target = Path("out.txt")
        shop = self

        class Cursor(Source[CursorConfig]):
            """Rows that can be read once."""

            type = "cursor"
            config_model: ClassVar[ModelClass] = CursorConfig

            def open(self, context: RunContext) -> Relation:
                if self.config.behaviour == "refuse":
                    raise ConnectionError("refused")
                if self.config.behaviour == "hang on open":
                    shop.event.wait(20)
                return ArrowStream(SCHEMA, lambda *_: shop.rows(self.config))

        class Sink(Destination[SinkConfig]):
            """Keeps tables."""

            type = "sink"
            config_model: ClassVar[ModelClass] = SinkConfig

            def prepare(self, context: RunContext) -> None:
                shop.prepared += 1

            def check(self, schema: pa.Schema, context: RunContext) -> None:
                if self.config.behaviour == "refuse":
                    raise DestinationError("no such columns here")

            def write(self, frame: Frame, context: RunContext) -> WriteReport:
                return shop.write(self.config, frame, context)

        def register(context: Any) -> None:
            from datafusion import udf
            from datafusion.user_defined import Volatility

            counter = iter(range(1 << 60))
            ticket = udf(
                lambda x: pa.array([next(counter) for _ in x]),
                [pa.int64()],
                pa.int64(),
                Volatility.Volatile,
                "ticket",
            )
            context.register_udf(ticket)

        module = ModuleType("shop")
        module.aqueducts_sources = hookimpl(_named("aqueducts_sources", [Cursor]))  # type: ignore[attr-defined]
        module.aqueducts_destinations = hookimpl(_named("aqueducts_destinations", [Sink]))  # type: ignore[attr-defined]
        packs = [UdfPack("shop", "datafusion", register, volatile_functions=("TICKET",))]
        module.aqueducts_udfs = hookimpl(_named("aqueducts_udfs", packs))  # type: ignore[attr-defined]
        self.plugins = Plugins.of(builtin=builtin_plugin, shop=module)

    def write(self, config: SinkConfig, frame: Frame, context: RunContext) -> WriteReport:
        """Keep a table, or do what the sink was told."""
        if config.behaviour == "break":
            frame.stream().read_next_batch()
            raise OSError("disk on fire")
        if "commit" in config.behaviour:
            return self._replace_target(config, context)
        self.written.append(frame.stream().read_all())
        return WriteReport(rows=self.written[-1].num_rows)

    def _replace_target(self, config: SinkConfig, context: RunContext) -> WriteReport:
        staged = context.store(str(self.target), {}).stage(context, is_single_file=True)
        staged.path.write_text("new")
        if config.behaviour == "slow commit":
            self.event.wait(1)
        staged.commit()
        if config.behaviour == "commit and be slow":
            self.event.wait(1)
        return WriteReport(rows=1)

    def rows(self, config: CursorConfig) -> Iterator[pa.RecordBatch]:
        """Batches as the cursor was told."""
        self.opened.append(config.name)
        try:
            yield pa.record_batch({"a": list(range(8192))}, schema=SCHEMA)
            if config.behaviour == "break":
                raise TimeoutError("no answer")
            if config.behaviour == "hang":
                self.event.wait(20)
            while config.behaviour == "endless":
                time.sleep(0.001)
                yield pa.record_batch({"a": list(range(8192))}, schema=SCHEMA)
        finally:
            self.closed.append(config.name)


def _named(name: str, offer: list[Any]) -> Any:
    def hook() -> list[Any]:
        return offer

    hook.__name__ = name
    return hook


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A plugin; what hangs in it is let go at the end."""
    made = Shop()
    yield made
    made.event.set()
