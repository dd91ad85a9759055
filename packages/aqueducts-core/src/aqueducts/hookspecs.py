"""Every hook that a plugin may implement, and nothing else.

Hooks collect: they return data, their order never matters, and a name claimed twice is an error
that names both distributions. Entry-point group `aqueducts`; the value is a module that holds
functions of these names, each marked with `aqueducts.hookimpl`. A hook may be called more than
once in a process, and gives the same each time; it connects to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from aqueducts.connectors import (
        Destination,
        Engine,
        FileFormat,
        ObjectStoreType,
        RunInfo,
        SecretResolver,
        Source,
        UdfPack,
    )
    from aqueducts.events import Event
    from aqueducts.explanations import Explanation
    from aqueducts.health import HealthCheck

__all__ = ["hookimpl"]

hookspec = pluggy.HookspecMarker("aqueducts")
hookimpl = pluggy.HookimplMarker("aqueducts")
"""Marks a function of a plugin module as an implementation of the hook of the same name."""


@hookspec
def aqueducts_sources() -> Iterable[type[Source[Any]]]:  # type: ignore[empty-body]  # a spec
    """Kinds of sources."""


@hookspec
def aqueducts_destinations() -> Iterable[type[Destination[Any]]]:  # type: ignore[empty-body]  # a spec
    """Kinds of destinations."""


@hookspec
def aqueducts_file_formats() -> Iterable[type[FileFormat]]:  # type: ignore[empty-body]  # a spec
    """File formats, for every source and destination that reads or writes files."""


@hookspec
def aqueducts_object_stores() -> Iterable[type[ObjectStoreType]]:  # type: ignore[empty-body]  # a spec
    """Stores, by the schemes of their URLs."""


@hookspec
def aqueducts_secret_resolvers() -> Iterable[type[SecretResolver]]:  # type: ignore[empty-body]  # a spec
    """Resolvers of `${secret:SCHEME:REF}`."""


@hookspec
def aqueducts_engines() -> Iterable[type[Engine]]:  # type: ignore[empty-body]  # a spec
    """Engines that run queries."""


@hookspec
def aqueducts_udfs() -> Iterable[UdfPack]:  # type: ignore[empty-body]  # a spec
    """Functions for queries."""


@hookspec
def aqueducts_on_event(run: RunInfo, event: Event) -> None:
    """Hear every event of every run. Must be fast; what it raises is logged and ignored."""


@hookspec
def aqueducts_cli_commands() -> Iterable[click.Command]:  # type: ignore[empty-body]  # a spec
    """Commands under `aqueducts`. Import what is heavy inside the command."""


@hookspec
def aqueducts_doctor_checks() -> Iterable[HealthCheck]:  # type: ignore[empty-body]  # a spec
    """Things for `aqueducts doctor` to look at, such as a driver that has to be there."""


@hookspec
def aqueducts_explanations() -> Iterable[Explanation]:  # type: ignore[empty-body]  # a spec
    """What the codes of the plugin's own errors mean, for `aqueducts explain`."""
