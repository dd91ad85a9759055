"""What this plugin offers. Classes only: obstore is imported where it is used."""

from __future__ import annotations

from collections.abc import Iterable

from aqueducts.connectors import ObjectStoreType
from aqueducts.health import HealthCheck
from aqueducts.hookspecs import hookimpl
from aqueducts_cloud.extras import is_installed
from aqueducts_cloud.store_types import (
    AzureStoreType,
    GcsStoreType,
    HttpStoreType,
    S3StoreType,
)


@hookimpl
def aqueducts_object_stores() -> Iterable[type[ObjectStoreType]]:
    """Web servers, and the stores of the extras that are installed."""
    offered: dict[str, type[ObjectStoreType]] = {
        "s3": S3StoreType,
        "gcs": GcsStoreType,
        "azure": AzureStoreType,
    }
    return (
        HttpStoreType,
        *(store for extra, store in offered.items() if is_installed(extra)),
    )


@hookimpl
def aqueducts_doctor_checks() -> Iterable[HealthCheck]:
    """Which extras are installed."""
    from aqueducts_cloud.cloud_health import CLOUD_CHECK  # of one command only

    return (CLOUD_CHECK,)
