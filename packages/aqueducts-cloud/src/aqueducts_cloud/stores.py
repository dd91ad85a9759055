"""obstore's stores, made of locations and options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aqueducts.errors import StorageError
from aqueducts_cloud.addresses import Address
from aqueducts_cloud.options import StoreOptions

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["make_store"]


def make_store(address: Address, options: StoreOptions) -> ObjectStore:
    """The store of a location's bucket.

    What the options leave out, obstore takes from the environment. Raises StorageError, without
    values, for options that it refuses.
    """
    from obstore.store import AzureStore, GCSStore, S3Store

    classes: dict[str, Any] = {"s3": S3Store, "gcs": GCSStore, "azure": AzureStore}
    config = {**_from_address(address), **options.store}
    try:
        store: ObjectStore = classes[address.provider](
            address.bucket,
            config=config,
            client_options=dict(options.client),
            retry_config=dict(options.retry),
        )
    # obstore raises a kind of its own, ValueError or OSError, with what it was given in the text.
    except Exception as error:  # noqa: BLE001
        raise _refused(error, address, options) from None
    return store


def _from_address(address: Address) -> dict[str, str]:
    """Options that the location tells; those that users give win."""
    found = {
        "account_name": address.account,
        "endpoint": address.endpoint,
        "use_fabric_endpoint": "true" if address.is_fabric else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _refused(error: Exception, address: Address, options: StoreOptions) -> StorageError:
    text = str(error)
    if "Missing" in text and "account" in text.lower():
        return StorageError(
            f"{address.shown!r} names no account",
            hint="set account_name in storage_config, or write "
            f"abfss://{address.bucket}@account.dfs.core.windows.net/...",
        )
    names = ", ".join(sorted([*options.store, *options.client])) or "none"
    kind = type(error).__name__
    return StorageError(
        f"the options for {address.shown!r} do not fit together ({kind})",
        hint=f"check the values in storage_config ({names}) and in the environment",
    )
