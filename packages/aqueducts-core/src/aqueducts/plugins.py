"""Finding plugins and looking up what they offer.

Plugins are modules named by entry points of the group `aqueducts`. Each is imported in its own
`try`: one that is broken is recorded, shown by `aqueducts plugins`, and raised where it is needed.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
import pluggy

from aqueducts import hookspecs
from aqueducts.diagnostics import nearest
from aqueducts.errors import (
    MissingPluginError,
    PluginConflictError,
    PluginLoadError,
)
from aqueducts.install_hints import distribution_for
from aqueducts.models.fields import snake_case
from aqueducts.models.pipeline import FormatModels, PipelineDocument, build_pipeline_model

if TYPE_CHECKING:
    from aqueducts.connectors import (
        Destination,
        Engine,
        FileFormat,
        ObjectStoreType,
        SecretResolver,
        Source,
        UdfPack,
    )
    from aqueducts.explanations import Explanation
    from aqueducts.health import HealthCheck

__all__ = ["ENTRY_POINT_GROUP", "PluginRecord", "Plugins"]

ENTRY_POINT_GROUP = "aqueducts"

OfferT = TypeVar("OfferT")


class PluginRecord(msgspec.Struct, frozen=True):
    """One plugin as it was found."""

    name: str
    distribution: str
    version: str
    module: ModuleType | None = None
    error: str | None = None
    """Why it could not be loaded."""
    load_ms: float = 0.0


class _Offer(Mapping[str, OfferT]):
    """What plugins offer of one kind, by canonical name."""

    def __init__(
        self,
        kind: str,
        by_name: Mapping[str, OfferT],
        owner: Mapping[str, PluginRecord],
        spellings: Mapping[str, str],
    ) -> None:
        self.kind = kind
        self.by_name = by_name
        self.owner = owner
        self.spellings = spellings

    def __getitem__(self, name: str) -> OfferT:
        return self.by_name[name]

    def __iter__(self) -> Any:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)

    def canonical(self, tag: str) -> str | None:
        """Canonical name for any accepted spelling of a tag, or None."""
        return self.spellings.get(tag) or self.spellings.get(snake_case(tag))


class Plugins:
    """The plugins of one process, passed to whatever needs them; never global."""

    def __init__(self, records: Iterable[PluginRecord]) -> None:
        self.records: Sequence[PluginRecord] = tuple(records)
        self._manager = pluggy.PluginManager("aqueducts")
        self._manager.add_hookspecs(hookspecs)
        for record in self.records:
            if record.module is not None:
                self._manager.register(record.module, name=f"{record.distribution}:{record.name}")

    @classmethod
    def discover(cls, *, blocked: Sequence[str] = ()) -> Plugins:
        """All installed plugins, but those whose entry point name is in `blocked`."""
        found = sorted(
            entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: (entry.name, entry.value)
        )
        return cls(_load(entry) for entry in found if entry.name not in blocked)

    @classmethod
    def of(cls, **modules: ModuleType) -> Plugins:
        """Plugins from modules at hand, by name; for tests and embedding."""
        return cls(
            PluginRecord(name=name, distribution=module.__name__, version="", module=module)
            for name, module in modules.items()
        )

    @property
    def failed(self) -> Sequence[PluginRecord]:
        """Plugins that could not be loaded."""
        return tuple(record for record in self.records if record.error is not None)

    @cached_property
    def sources(self) -> _Offer[type[Source[Any]]]:
        """Kinds of sources by type."""
        return self._collect("source", "aqueducts_sources", _types)

    @cached_property
    def destinations(self) -> _Offer[type[Destination[Any]]]:
        """Kinds of destinations by type."""
        return self._collect("destination", "aqueducts_destinations", _types)

    @cached_property
    def file_formats(self) -> _Offer[type[FileFormat]]:
        """File formats by type."""
        return self._collect("file format", "aqueducts_file_formats", _types)

    @cached_property
    def object_stores(self) -> _Offer[type[ObjectStoreType]]:
        """Kinds of stores by URL scheme."""
        return self._collect("storage scheme", "aqueducts_object_stores", lambda each: each.schemes)

    @cached_property
    def secret_resolvers(self) -> _Offer[type[SecretResolver]]:
        """Secret resolvers by scheme."""
        return self._collect(
            "secret scheme", "aqueducts_secret_resolvers", lambda each: (each.scheme,)
        )

    @cached_property
    def engines(self) -> _Offer[type[Engine]]:
        """Engines by name."""
        return self._collect("engine", "aqueducts_engines", lambda each: (each.name,))

    @cached_property
    def udf_packs(self) -> _Offer[UdfPack]:
        """Packs of functions by name."""
        return self._collect("function pack", "aqueducts_udfs", lambda each: (each.name,))

    @cached_property
    def cli_commands(self) -> _Offer[Any]:
        """Commands by name."""
        return self._collect("command", "aqueducts_cli_commands", lambda each: (each.name,))

    @cached_property
    def explanations(self) -> _Offer[Explanation]:
        """Pages of error codes by code; those of core are not among them."""
        return self._collect("error code", "aqueducts_explanations", lambda each: (each.code,))

    def health_checks(
        self,
    ) -> Iterator[tuple[PluginRecord, Sequence[HealthCheck] | PluginLoadError]]:
        """What each plugin has for `aqueducts doctor`, or why that cannot be told."""
        hook = "aqueducts_doctor_checks"
        by_module = {id(record.module): record for record in self.records}
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            record = by_module[id(implementation.plugin)]
            try:
                yield record, _call_hook(implementation.function, hook, record)
            except PluginLoadError as error:
                yield record, error

    @property
    def event_listeners(self) -> Sequence[Callable[..., object]]:
        """Functions that hear every event, each on its own."""
        return tuple(
            implementation.function
            for implementation in self._manager.hook.aqueducts_on_event.get_hookimpls()
        )

    def get(self, offer: _Offer[OfferT], name: str) -> OfferT:
        """Look up a name in one kind of offer.

        Raises PluginLoadError where the plugin that should have it is broken, and
        MissingPluginError with the install command or the names there are.
        """
        canonical = offer.canonical(name)
        if canonical is not None:
            return offer[canonical]
        raise self.missing(offer, name)

    def missing(self, offer: _Offer[Any], name: str) -> MissingPluginError | PluginLoadError:
        """The error for a name that nothing installed offers."""
        kind = f"{offer.kind} type" if offer.kind in ("source", "destination") else offer.kind
        what = f"{kind} '{name}'"
        distribution = distribution_for(offer.kind, snake_case(name))
        if distribution is not None:
            for record in self.failed:
                if record.distribution == distribution.name:
                    return PluginLoadError(
                        f"{what} is offered by {record.distribution}, which cannot be loaded: "
                        f"{record.error}",
                        hint=f"reinstall it: pip install --force-reinstall {record.distribution}",
                    )
            return MissingPluginError(
                f"{what} is not installed", hint=f"run: pip install '{distribution.requirement}'"
            )
        names = ", ".join(sorted(offer)) or "none"
        guess = nearest(name, offer.spellings)
        hint = f"did you mean '{offer.canonical(guess)}'? " if guess else ""
        hint += f"installed: {names}"
        if self.failed:
            broken = ", ".join(record.distribution for record in self.failed)
            hint += f"; could not be loaded: {broken} (see: aqueducts plugins)"
        return MissingPluginError(f"unknown {what}", hint=hint)

    def pipeline_model(self) -> type[PipelineDocument]:
        """The pydantic model of pipeline files that the installed plugins make together."""
        return self._pipeline_model

    @cached_property
    def _pipeline_model(self) -> type[PipelineDocument]:
        return build_pipeline_model(
            {tag: each.config_model for tag, each in self.sources.items()},
            {tag: each.config_model for tag, each in self.destinations.items()},
            {
                tag: FormatModels(read=each.read_options, write=each.write_options)
                for tag, each in self.file_formats.items()
            },
        )

    def _collect(self, kind: str, hook: str, names: Callable[[Any], Iterable[str]]) -> _Offer[Any]:
        by_name: dict[str, Any] = {}
        owner: dict[str, PluginRecord] = {}
        spellings: dict[str, str] = {}
        by_module = {id(record.module): record for record in self.records}
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            record = by_module[id(implementation.plugin)]
            for each in _call_hook(implementation.function, hook, record):
                for name in _names(each, names, kind, hook, record):
                    _claim(kind, name, name, record, spellings, owner)
                    by_name[name] = each
                    for alias in getattr(each, "aliases", ()):
                        _claim(kind, alias, name, record, spellings, owner)
        return _Offer(kind=kind, by_name=by_name, owner=owner, spellings=spellings)


def _call_hook(function: Callable[..., object], hook: str, record: PluginRecord) -> list[Any]:
    try:
        return list(cast("Iterable[Any]", function()))
    # A stranger's hook may raise anything; the error must say whose it is.
    except Exception as error:
        raise PluginLoadError(
            f"{hook} of {record.distribution} failed: {type(error).__name__}: {error}",
            hint=f"reinstall or remove it: pip uninstall {record.distribution}",
        ) from error


def _names(
    each: Any,
    names: Callable[[Any], Iterable[str]],
    kind: str,
    hook: str,
    record: PluginRecord,
) -> list[str]:
    try:
        return list(names(each))
    except (AttributeError, TypeError) as error:
        raise PluginLoadError(
            f"{hook} of {record.distribution} gave {each!r}, which is no {kind}",
            hint=f"update or remove it: pip uninstall {record.distribution}",
        ) from error


def _claim(
    kind: str,
    spelling: str,
    name: str,
    record: PluginRecord,
    spellings: dict[str, str],
    owner: dict[str, PluginRecord],
) -> None:
    other = owner.get(spelling)
    if other is not None:
        raise PluginConflictError(
            f"{kind} {spelling!r} is offered by two plugins: "
            f"{other.distribution} and {record.distribution}",
            hint=f"uninstall one of them: pip uninstall {record.distribution}",
        )
    spellings[spelling] = name
    owner[spelling] = record


def _types(each: Any) -> tuple[str, ...]:
    return (each.type,)


def _load(entry: EntryPoint) -> PluginRecord:
    # Every access of a distribution's metadata parses the whole file again.
    metadata = entry.dist.metadata if entry.dist is not None else None
    started = time.perf_counter()
    module: ModuleType | None = None
    error: str | None = None
    try:
        module = importlib.import_module(entry.module)
    # A stranger's module may raise anything while it is imported, and must not take others down.
    except Exception as problem:  # noqa: BLE001
        error = f"{type(problem).__name__}: {problem}"
    return PluginRecord(
        name=entry.name,
        distribution=entry.module if metadata is None else metadata["Name"],
        version="" if metadata is None else metadata["Version"],
        module=module,
        error=error,
        load_ms=(time.perf_counter() - started) * 1000,
    )
