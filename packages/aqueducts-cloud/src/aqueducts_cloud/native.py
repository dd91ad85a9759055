"""Locations and options for libraries that bring their own clients, such as deltalake."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aqueducts.connectors import NativeAddress
from aqueducts_cloud.addresses import Address, Provider
from aqueducts_cloud.credentials import find_credentials
from aqueducts_cloud.options import StoreOptions
from aqueducts_cloud.stores import from_address, refuse_plain_http

__all__ = ["native_address"]

_SCHEMES = {"s3a": "s3", "gcs": "gs", "azure": "az"}
"""Schemes by the names that all libraries know."""

_AZURE_PLAIN = frozenset(
    {
        *("use_fabric_endpoint", "msi_endpoint", "object_id", "msi_resource_id"),
        *("federated_token_file", "use_azure_cli", "skip_signature", "disable_tagging"),
        *("fabric_token_service_url", "fabric_workload_host", "fabric_session_token"),
        "fabric_cluster_identifier",
    }
)
"""Options whose prefix is `azure_`; that of others is `azure_storage_`."""

_UNPREFIXED = frozenset({"delta_dynamo_table_name"})


def native_address(address: Address, options: StoreOptions) -> NativeAddress:
    """The location and all options, in the words of the crate object_store.

    Credentials of profiles are looked up here: they are those of this moment. Raises StorageError.
    """
    refuse_plain_http(address.provider, address.shown, options)
    scheme = _SCHEMES.get(address.scheme, address.scheme)
    own = {**from_address(address), **options.store, **options.table}
    if address.provider == "s3":
        own |= _of_profile(options)
    if address.provider == "gcs":
        own = _without_base_url(own)
    found = {_prefixed(address.provider, name): value for name, value in own.items()}
    found |= {name: _text(value) for name, value in options.client.items()}
    found |= _retries(options.retry)
    return NativeAddress(url=f"{scheme}://{address.authority}/{address.key}", options=found)


def _of_profile(options: StoreOptions) -> dict[str, str]:
    give = find_credentials("s3", options)
    if give is None:
        return {}
    names = {
        "access_key_id": "access_key_id",
        "secret_access_key": "secret_access_key",
        "token": "session_token",
    }
    given = give()
    return {names[name]: given[name] for name in names if given[name] is not None}


def _without_base_url(own: Mapping[str, str]) -> dict[str, str]:
    """Another endpoint is a part of the service account to those libraries."""
    rest = dict(own)
    base_url = rest.pop("base_url", None)
    if base_url is not None and rest.get("skip_signature") == "true":
        rest["service_account_key"] = json.dumps(
            {
                "gcs_base_url": base_url,
                "disable_oauth": True,
                "client_email": "",
                "private_key": "",
                "private_key_id": "",
            }
        )
    return rest


def _prefixed(provider: Provider, name: str) -> str:
    if name in _UNPREFIXED or name.startswith("aws_"):
        return name
    if provider == "azure":
        return f"azure_{name}" if name in _AZURE_PLAIN else f"azure_storage_{name}"
    return f"aws_{name}" if provider == "s3" else f"google_{name}"


def _retries(retry: Mapping[str, Any]) -> dict[str, str]:
    backoff = retry.get("backoff", {})
    return {
        "max_retries": str(retry["max_retries"]),
        "retry_timeout": _text(retry["retry_timeout"]),
        **{f"backoff_config.{name}": _text(value) for name, value in backoff.items()},
    }


def _text(value: Any) -> str:
    if isinstance(value, timedelta):
        return f"{round(value.total_seconds() * 1000)}ms"
    return str(value).lower() if isinstance(value, bool) else str(value)
