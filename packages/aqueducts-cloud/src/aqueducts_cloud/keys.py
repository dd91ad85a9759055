"""Names of the options in `storage_config`, in all the spellings that users have.

Those of the Rust crate object_store, and what delta-rs takes beside them: with the provider's
prefix or without, in any case, with `-` for `_`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from aqueducts.diagnostics import nearest
from aqueducts.errors import StorageError
from aqueducts_cloud.addresses import Provider

__all__ = ["Kind", "Option", "environment_names", "find_option", "known_names", "options_of"]

Kind: TypeAlias = Literal["store", "client", "retry", "profile", "table", "bucket"]
"""What an option is for: the store, its HTTP client, its retries, the choice of credentials, Delta
tables alone; or it is refused, since the location names the bucket."""


class Option(msgspec.Struct, frozen=True):
    """One option."""

    name: str
    """What obstore calls it."""
    kind: Kind
    aliases: tuple[str, ...] = ()
    is_flag: bool = False
    is_duration: bool = False
    is_count: bool = False


def _store(name: str, *aliases: str) -> Option:
    return Option(name, "store", aliases)


def _flag(name: str, *aliases: str) -> Option:
    return Option(name, "store", aliases, is_flag=True)


_S3 = (
    _store("access_key_id"),
    _store("secret_access_key"),
    _store("session_token", "token"),
    _store("region"),
    _store("default_region"),
    _store("endpoint", "endpoint_url"),
    _store("aws_endpoint_url_s3", "endpoint_url_s3"),
    _flag("virtual_hosted_style_request"),
    _flag("skip_signature"),
    _flag("unsigned_payload"),
    _store("checksum_algorithm"),
    _flag("imdsv1_fallback"),
    _store("metadata_endpoint"),
    _store("container_credentials_relative_uri"),
    _store("container_credentials_full_uri"),
    _store("container_authorization_token_file"),
    _store("web_identity_token_file"),
    _store("role_arn"),
    _store("role_session_name"),
    _store("sts_endpoint", "endpoint_url_sts"),
    _flag("s3_express"),
    _store("request_payer"),
    _store("copy_if_not_exists"),
    _store("conditional_put"),
    _flag("disable_tagging"),
    _flag("disable_bulk_delete"),
    _store("server_side_encryption"),
    _store("sse_kms_key_id"),
    _flag("sse_bucket_key_enabled"),
    _store("sse_customer_key_base64"),
    Option("profile", "profile"),
    Option("s3_allow_unsafe_rename", "table", is_flag=True),
    Option("s3_locking_provider", "table"),
    Option("endpoint_url_dynamodb", "table"),
    Option("access_key_id_dynamodb", "table"),
    Option("secret_access_key_dynamodb", "table"),
    Option("region_dynamodb", "table"),
    Option("delta_dynamo_table_name", "table"),
    Option("bucket", "bucket", ("bucket_name",)),
)
_GCS = (
    _store("service_account", "service_account_path"),
    _store("service_account_key"),
    _store("application_credentials"),
    _store("base_url"),
    _store("bearer_token"),
    _flag("skip_signature"),
    Option("bucket", "bucket", ("bucket_name",)),
)
_AZURE = (
    _store("account_name"),
    _store("account_key", "access_key", "master_key"),
    _store("client_id"),
    _store("client_secret"),
    _store("tenant_id", "authority_id"),
    _store("authority_host"),
    _store("sas_key", "sas_token"),
    _store("token", "bearer_token"),
    _flag("use_emulator"),
    _store("endpoint"),
    _flag("use_fabric_endpoint"),
    _store("msi_endpoint", "identity_endpoint"),
    _store("object_id"),
    _store("msi_resource_id"),
    _store("federated_token_file"),
    _flag("use_azure_cli"),
    _flag("skip_signature"),
    _flag("disable_tagging"),
    _store("fabric_token_service_url"),
    _store("fabric_workload_host"),
    _store("fabric_session_token"),
    _store("fabric_cluster_identifier"),
    Option("container_name", "bucket", ("container",)),
)
_CLIENT = (
    Option("allow_http", "client", is_flag=True),
    Option("allow_invalid_certificates", "client", is_flag=True),
    Option("root_certificate", "client"),
    Option("connect_timeout", "client", is_duration=True),
    Option("timeout", "client", is_duration=True),
    Option("read_timeout", "client", is_duration=True),
    Option("pool_idle_timeout", "client", is_duration=True),
    Option("pool_max_idle_per_host", "client", is_count=True),
    Option("http1_only", "client", is_flag=True),
    Option("http2_only", "client", is_flag=True),
    Option("http2_keep_alive_interval", "client", is_duration=True),
    Option("http2_keep_alive_timeout", "client", is_duration=True),
    Option("http2_keep_alive_while_idle", "client", is_flag=True),
    Option("proxy_url", "client"),
    Option("proxy_ca_certificate", "client"),
    Option("proxy_excludes", "client"),
    Option("randomize_addresses", "client", is_flag=True),
    Option("user_agent", "client"),
    Option("default_content_type", "client"),
    Option("max_retries", "retry", is_count=True),
    Option("retry_timeout", "retry", is_duration=True),
    Option("init_backoff", "retry", ("backoff_config.init_backoff",), is_duration=True),
    Option("max_backoff", "retry", ("backoff_config.max_backoff",), is_duration=True),
    Option("base", "retry", ("backoff_config.base",)),
)
_PREFIXES: Mapping[Provider | Literal["http"], Sequence[str]] = {
    "s3": ("aws_", "s3_"),
    "gcs": ("google_", "gcs_", "gs_"),
    "azure": ("azure_storage_", "azure_"),
    "http": (),
}
_OWN: Mapping[Provider | Literal["http"], Sequence[Option]] = {
    "s3": _S3,
    "gcs": _GCS,
    "azure": _AZURE,
    "http": (),
}


def options_of(provider: Provider | Literal["http"]) -> tuple[Option, ...]:
    """All options of a provider."""
    return (*_OWN[provider], *_CLIENT)


def known_names(provider: Provider | Literal["http"]) -> list[str]:
    """Names to write, each with the provider's usual prefix, in lower case."""
    prefix = (*_PREFIXES[provider], "")[0]
    own = [f"{prefix}{option.name.removeprefix('aws_')}" for option in _OWN[provider]]
    return [*own, *(option.name for option in _CLIENT)]


def environment_names(provider: Provider | Literal["http"]) -> list[tuple[Option, str]]:
    """Variables for the options of the client and of retries, with the provider's prefixes."""
    return [
        (option, f"{prefix}{option.name}".upper())
        for option in _CLIENT
        for prefix in _PREFIXES[provider]
        if prefix.rstrip("_") in ("aws", "google", "azure_storage", "azure")
    ]


def find_option(provider: Provider | Literal["http"], key: str) -> Option:
    """The option that a key means. Raises StorageError with the nearest name for no option."""
    plain = key.strip().lower().replace("-", "_")
    by_name = {
        spelling: option
        for option in options_of(provider)
        for spelling in (option.name, *option.aliases)
    }
    for candidate in _without_prefix(plain, _PREFIXES[provider]):
        if candidate in by_name:
            return by_name[candidate]
    raise _unknown(provider, key, plain)


def _without_prefix(name: str, prefixes: Sequence[str]) -> Iterable[str]:
    yield name
    for prefix in prefixes:
        if name.startswith(prefix):
            yield name.removeprefix(prefix)


_TITLES: Mapping[Provider | Literal["http"], str] = {
    "s3": "S3",
    "gcs": "Google Cloud Storage",
    "azure": "Azure",
    "http": "http and https",
}


def _unknown(provider: Provider | Literal["http"], key: str, plain: str) -> StorageError:
    names = known_names(provider)
    bare = next(reversed(list(_without_prefix(plain, _PREFIXES[provider]))))
    by_bare = {
        next(reversed(list(_without_prefix(name, _PREFIXES[provider])))): name for name in names
    }
    near = nearest(bare, list(by_bare))
    other = _owner(plain)
    if near is not None:
        written = by_bare[near].upper() if key.isupper() else by_bare[near]
        hint = f"did you mean {written!r}?"
    elif other is not None and other != provider:
        hint = f"it is an option of {_TITLES[other]}"
    else:
        hint = f"options are {', '.join(names[:8])}, ...: see the page on cloud stores"
    return StorageError(
        f"storage_config has a key {key!r}, which is no option of {_TITLES[provider]}", hint=hint
    )


def _owner(plain: str) -> Provider | Literal["http"] | None:
    """Whose prefix a key has."""
    return next(
        (
            provider
            for provider, prefixes in _PREFIXES.items()
            if any(plain.startswith(prefix) for prefix in prefixes)
        ),
        None,
    )
