"""What a pipeline under test is run with: made-up secrets, and an engine that is watched."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import msgspec
from pydantic import Field

from aqueducts.connectors import (
    Engine,
    EngineSettings,
    Frame,
    ModelClass,
    RunContext,
    SecretResolver,
    Session,
    Source,
)
from aqueducts.diagnostics import nearest
from aqueducts.errors import SecretError
from aqueducts.hookspecs import hookimpl
from aqueducts.models.fields import Name, PipelineModel
from aqueducts.plugins import PluginRecord, Plugins
from aqueducts.relations import ArrowTable, Relation

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["GivenRowsConfig", "SandboxPlugins"]


class GivenRowsConfig(PipelineModel):
    """Rows of a test, in the place of a source."""

    type: Literal["rows of a test"] = Field(description="Kind of source.")
    name: Name = Field(description="Name of the table in queries.")
    table: Any = Field(description="The rows, as an Arrow table.")


class _GivenRows(Source[GivenRowsConfig]):
    """A table that the test holds."""

    type = "rows of a test"
    config_model: ClassVar[ModelClass] = GivenRowsConfig

    def open(self, context: RunContext) -> Relation:  # noqa: ARG002 - nothing to ask
        """Give the rows."""
        return ArrowTable(self.config.table)


@hookimpl
def aqueducts_sources() -> Sequence[type[Source[Any]]]:
    """The one source that tests have and pipeline files have not."""
    return (_GivenRows,)


class SandboxPlugins(Plugins):
    """The plugins of one test: secrets are made up, and an engine that is watched."""

    def __init__(
        self,
        plugins: Plugins,
        *,
        secrets: Mapping[str, str],
        has_real_secrets: bool,
        now: datetime | None,
    ) -> None:
        module = ModuleType("aqueducts.pipeline_tests")
        module.aqueducts_sources = aqueducts_sources  # type: ignore[attr-defined]  # a plugin made here
        own = PluginRecord("rows of a test", "aqueducts-core", "", module=module)
        super().__init__([*plugins.records, own])
        self._secrets = secrets
        self.has_real_secrets = has_real_secrets
        self._now = now
        self.tables: dict[str, pa.Table] = {}
        """Rows of the stages that were kept, by name."""
        self.schemas: dict[str, pa.Schema] = {}
        """Columns of the stages that were asked for, by name."""

    @cached_property
    def secret_resolvers(self) -> Any:
        """Resolvers that know what the test gives."""
        real = super().secret_resolvers
        by_name = {
            scheme: _resolver(scheme, self._secrets, each if self.has_real_secrets else None)
            for scheme, each in real.items()
        }
        return _offering(real, by_name)

    @cached_property
    def engines(self) -> Any:
        """Engines whose clock stands still, and that keep the rows of stages."""
        real = super().engines
        by_name = {name: self._watched(each) for name, each in real.items()}
        return _offering(real, by_name)

    def _watched(self, engine: type[Engine]) -> Callable[[], Engine]:
        return lambda: cast("Engine", _WatchedEngine(engine(), self, self._now))


def _offering(offer: Any, by_name: Mapping[str, Any]) -> Any:
    """The same names, for other things."""
    changed = copy.copy(offer)
    changed.by_name = by_name
    return changed


def _resolver(
    given_scheme: str, secrets: Mapping[str, str], real: type[SecretResolver] | None
) -> type[SecretResolver]:
    class GivenSecrets(SecretResolver):
        scheme = given_scheme

        def resolve(self, reference: str) -> str:
            name = f"{given_scheme}:{reference}"
            if name in secrets:
                return secrets[name]
            if real is not None:
                return real().resolve(reference)
            guess = nearest(name, secrets)
            advice = f"did you mean {guess}? " if guess else ""
            raise SecretError(
                f"the test gives no secret {name}",
                hint=f"{advice}add it to the test: secrets: {{{name}: anything}}",
            )

    return GivenSecrets


class _WatchedEngine:
    """An engine whose clock stands still, and whose sessions keep rows for the test."""

    def __init__(self, engine: Engine, plugins: SandboxPlugins, now: datetime | None) -> None:
        self._engine = engine
        self._plugins = plugins
        self._now = now

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def open_session(self, settings: EngineSettings, given: Any | None) -> Session:
        settings = msgspec.structs.replace(settings, now=self._now)
        session = self._engine.open_session(settings, given)
        return cast("Session", _WatchedSession(session, self._plugins))


class _WatchedSession:
    """A session that passes everything on, and looks at what is materialised."""

    def __init__(self, session: Session, plugins: SandboxPlugins) -> None:
        self._session = session
        self._plugins = plugins

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def materialise(self, name: str) -> tuple[int, int]:
        found = self._session.materialise(name)
        self._plugins.tables[name] = self.frame(name).stream().read_all()
        return found

    def frame(self, name: str) -> Frame:
        frame = self._session.frame(name)
        self._plugins.schemas[name] = frame.schema
        return frame
