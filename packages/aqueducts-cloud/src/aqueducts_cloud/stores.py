"""obstore's stores, made of locations and options."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aqueducts.errors import StorageError
from aqueducts_cloud.addresses import Address, Provider
from aqueducts_cloud.credentials import find_credentials
from aqueducts_cloud.options import StoreOptions

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["from_address", "make_store", "refuse_plain_http"]

_ENDPOINTS: Mapping[str, Sequence[tuple[str, str]]] = {
    "s3": (
        ("aws_endpoint_url_s3", "AWS_ENDPOINT_URL_S3"),
        ("endpoint", "AWS_ENDPOINT_URL"),
        ("endpoint", "AWS_ENDPOINT"),
    ),
    "gcs": (("base_url", "GOOGLE_BASE_URL"),),
    "azure": (("endpoint", "AZURE_STORAGE_ENDPOINT"), ("endpoint", "AZURE_ENDPOINT")),
}
"""Options that name an endpoint, and the variables that do where they are not set."""

_BAD_VALUES = (
    ("InvalidAccessKey", "account_key"),
    ("OpenCredentials", "the file of the service account"),
    ("DecodeCredentials", "the key of the service account"),
)
"""Words of obstore, and the option that they are about."""


def make_store(address: Address, options: StoreOptions) -> ObjectStore:
    """The store of a location's bucket.

    What the options leave out, obstore takes from the environment. Raises StorageError, without
    values, for options that it refuses.
    """
    from obstore.store import AzureStore, GCSStore, S3Store

    refuse_plain_http(address.provider, address.shown, options)
    classes: dict[str, Any] = {"s3": S3Store, "gcs": GCSStore, "azure": AzureStore}
    try:
        store: ObjectStore = classes[address.provider](
            address.bucket,
            config={**from_address(address), **options.store},
            client_options=dict(options.client),
            retry_config=dict(options.retry),
            credential_provider=find_credentials(address.provider, options),
        )
    except StorageError:
        raise
    # obstore raises a kind of its own, ValueError or OSError, with what it was given in the text.
    except Exception as error:  # noqa: BLE001
        raise _refused(error, address, options) from None
    return store


def from_address(address: Address) -> dict[str, str]:
    """Options that the location tells; those that users give win."""
    found = {
        "account_name": address.account,
        "endpoint": address.endpoint,
        "use_fabric_endpoint": "true" if address.is_fabric else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def refuse_plain_http(provider: Provider, shown: str, options: StoreOptions) -> None:
    """Refuse an endpoint without encryption, unless that was asked for (StorageError)."""
    if options.client.get("allow_http") or options.store.get("use_emulator") == "true":
        return
    for name, variable in _ENDPOINTS[provider]:
        found = options.store.get(name) or os.environ.get(variable, "")
        if found.lower().startswith("http://"):
            origin = f"{name} in storage_config" if name in options.store else variable
            raise StorageError(
                f"the endpoint for {shown!r} is plain http, by which keys and data can be read",
                hint=f"write https:// in {origin}, or set allow_http: true in storage_config if "
                "that is meant",
            )


def _refused(error: Exception, address: Address, options: StoreOptions) -> StorageError:
    text = str(error)
    if "MissingAccount" in text:
        return StorageError(
            f"{address.shown!r} names no account",
            hint="set account_name in storage_config, or write "
            f"abfss://{address.bucket}@account.dfs.core.windows.net/...",
        )
    for mark, name in _BAD_VALUES:
        if mark in text:
            return StorageError(
                f"{name} for {address.shown!r} cannot be used",
                hint="check it in storage_config, or in the environment",
            )
    names = ", ".join(sorted(options.store)) or "none"
    return StorageError(
        f"the options for {address.shown!r} do not fit together",
        hint=f"check the values in storage_config ({names}) and in the environment",
    )
