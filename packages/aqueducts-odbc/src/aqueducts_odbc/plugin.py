"""What this plugin offers. Classes only: drivers are imported where they are used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aqueducts.connectors import Destination, Source
from aqueducts.hookspecs import hookimpl
from aqueducts_odbc.odbc_destination import OdbcDestination
from aqueducts_odbc.odbc_source import OdbcSource


@hookimpl
def aqueducts_sources() -> Iterable[type[Source[Any]]]:
    """Databases."""
    return (OdbcSource,)


@hookimpl
def aqueducts_destinations() -> Iterable[type[Destination[Any]]]:
    """Tables of databases."""
    return (OdbcDestination,)
