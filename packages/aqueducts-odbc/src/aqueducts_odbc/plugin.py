"""What this plugin offers. Classes only: drivers are imported where they are used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from aqueducts.connectors import Destination, Source
from aqueducts.health import HealthCheck
from aqueducts.hookspecs import hookimpl
from aqueducts_odbc.adbc_destination import AdbcDestination
from aqueducts_odbc.adbc_source import AdbcSource
from aqueducts_odbc.cli import odbc
from aqueducts_odbc.health import ODBC_CHECK
from aqueducts_odbc.odbc_destination import OdbcDestination
from aqueducts_odbc.odbc_source import OdbcSource


@hookimpl
def aqueducts_sources() -> Iterable[type[Source[Any]]]:
    """Databases."""
    return (OdbcSource, AdbcSource)


@hookimpl
def aqueducts_destinations() -> Iterable[type[Destination[Any]]]:
    """Tables of databases."""
    return (OdbcDestination, AdbcDestination)


@hookimpl
def aqueducts_cli_commands() -> Iterable[click.Command]:
    """Trying connections."""
    return (odbc,)


@hookimpl
def aqueducts_doctor_checks() -> Iterable[HealthCheck]:
    """The driver manager, drivers and data sources."""
    return (ODBC_CHECK,)
