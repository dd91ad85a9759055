"""What this plugin offers. Classes only: deltalake is imported where it is used."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from aqueducts.connectors import Destination, Source
from aqueducts.explanations import Explanation, read_explanations
from aqueducts.hookspecs import hookimpl
from aqueducts_delta.cli import delta
from aqueducts_delta.delta_destination import DeltaDestination
from aqueducts_delta.delta_source import DeltaSource


@hookimpl
def aqueducts_sources() -> Iterable[type[Source[Any]]]:
    """Delta tables."""
    return (DeltaSource,)


@hookimpl
def aqueducts_destinations() -> Iterable[type[Destination[Any]]]:
    """Delta tables."""
    return (DeltaDestination,)


@hookimpl
def aqueducts_cli_commands() -> Iterable[click.Command]:
    """Upkeep of tables."""
    return (delta,)


@hookimpl
def aqueducts_explanations() -> Iterable[Explanation]:
    """What goes wrong with tables only."""
    return read_explanations(Path(__file__).parent / "explanations")
