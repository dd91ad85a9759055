"""What this plugin offers. Classes only: obstore is imported where it is used."""

from __future__ import annotations

from collections.abc import Iterable

from aqueducts.connectors import ObjectStoreType
from aqueducts.hookspecs import hookimpl
from aqueducts_cloud.cloud_store import AzureStoreType, GcsStoreType, S3StoreType
from aqueducts_cloud.extras import is_installed


@hookimpl
def aqueducts_object_stores() -> Iterable[type[ObjectStoreType]]:
    """The stores of the extras that are installed."""
    offered: dict[str, type[ObjectStoreType]] = {
        "s3": S3StoreType,
        "gcs": GcsStoreType,
        "azure": AzureStoreType,
    }
    return tuple(store for extra, store in offered.items() if is_installed(extra))
