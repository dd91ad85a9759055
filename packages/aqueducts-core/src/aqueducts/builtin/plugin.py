"""What this plugin offers. Classes only: drivers are imported where they are used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aqueducts.builtin.csv_format import CsvFormat
from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
from aqueducts.builtin.file_destination import FileDestination
from aqueducts.builtin.file_sources import DirectorySource, FileSource
from aqueducts.builtin.json_format import JsonFormat
from aqueducts.builtin.json_functions.pack import JSON_PACK
from aqueducts.builtin.local_store import LocalStoreType
from aqueducts.builtin.memory_tables import InMemoryDestination, InMemorySource
from aqueducts.builtin.parquet_format import ParquetFormat
from aqueducts.builtin.secret_resolvers import EnvSecretResolver, FileSecretResolver
from aqueducts.connectors import (
    Destination,
    Engine,
    FileFormat,
    ObjectStoreType,
    SecretResolver,
    Source,
    UdfPack,
)
from aqueducts.hookspecs import hookimpl

if TYPE_CHECKING:
    from aqueducts.health import HealthCheck


@hookimpl
def aqueducts_sources() -> Iterable[type[Source[Any]]]:
    """Files, folders, and tables of the caller's session."""
    return (FileSource, DirectorySource, InMemorySource)


@hookimpl
def aqueducts_destinations() -> Iterable[type[Destination[Any]]]:
    """Files, and tables of the caller's session."""
    return (FileDestination, InMemoryDestination)


@hookimpl
def aqueducts_file_formats() -> Iterable[type[FileFormat]]:
    """CSV, JSON and Parquet."""
    return (CsvFormat, JsonFormat, ParquetFormat)


@hookimpl
def aqueducts_object_stores() -> Iterable[type[ObjectStoreType]]:
    """The local file system."""
    return (LocalStoreType,)


@hookimpl
def aqueducts_secret_resolvers() -> Iterable[type[SecretResolver]]:
    """Environment variables and files."""
    return (EnvSecretResolver, FileSecretResolver)


@hookimpl
def aqueducts_engines() -> Iterable[type[Engine]]:
    """DataFusion."""
    return (DataFusionEngine,)


@hookimpl
def aqueducts_doctor_checks() -> Iterable[HealthCheck]:
    """Whether the engine works."""
    from aqueducts.builtin.engine_health import ENGINE_CHECK  # of one command only

    return (ENGINE_CHECK,)


@hookimpl
def aqueducts_udfs() -> Iterable[UdfPack]:
    """Functions that read JSON text."""
    return (JSON_PACK,)
