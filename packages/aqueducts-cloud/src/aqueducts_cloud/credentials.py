"""Credentials that obstore does not find by itself: profiles, federations, logins.

What is said outright, in options or in the environment, obstore uses as it is; so it does with the
identity that a machine, a container or a pod has. Everything else is asked of the provider's own
library, which the extra of the provider has installed.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aqueducts.diagnostics import nearest
from aqueducts.errors import StorageError
from aqueducts_cloud.addresses import Provider
from aqueducts_cloud.options import StoreOptions

__all__ = ["Credentials", "find_credentials"]

Credentials = Callable[[], dict[str, Any]]
"""Gives credentials as obstore takes them; called again when they expire."""

_LASTING = timedelta(minutes=5)
"""How long credentials that renew themselves are kept before they are asked for again."""


def find_credentials(provider: Provider, options: StoreOptions) -> Credentials | None:
    """Where credentials come from; None where obstore finds them.

    Raises StorageError for a profile that is not there or has none.
    """
    given = _given(provider, options)
    if given is not None:
        return lambda: given
    finders: Mapping[Provider, Callable[[StoreOptions], Credentials | None]] = {
        "s3": _of_profile,
        "gcs": _of_google,
        "azure": _of_azure,
    }
    return finders[provider](options)


def _given(provider: Provider, options: StoreOptions) -> dict[str, Any] | None:
    """Keys that the options say outright.

    obstore would mix them with those of the environment, such as a token that belongs to others.
    """
    given = options.store
    found: dict[str, Any] | None = None
    if provider == "s3" and {"access_key_id", "secret_access_key"} <= given.keys():
        found = {
            "access_key_id": given["access_key_id"],
            "secret_access_key": given["secret_access_key"],
            "token": given.get("session_token"),
        }
    elif provider == "azure" and given.get("use_emulator") != "true":
        names = {"account_key": "access_key", "sas_key": "sas_token", "token": "token"}
        chosen = [name for name in names if name in given]
        if len(chosen) == 1:
            found = {names[chosen[0]]: given[chosen[0]]}
    return None if found is None else {**found, "expires_at": None}


# --- Amazon ---

_S3_OUTRIGHT = (
    *("access_key_id", "skip_signature", "web_identity_token_file", "metadata_endpoint"),
    *("container_credentials_relative_uri", "container_credentials_full_uri"),
)
_AWS_OUTRIGHT = (
    *("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SKIP_SIGNATURE"),
    *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
)


def _of_profile(options: StoreOptions) -> Credentials | None:
    if any(name in options.store for name in _S3_OUTRIGHT):
        return None
    named = options.profile
    if named is None and any(os.environ.get(name) for name in _AWS_OUTRIGHT):
        return None
    named = named or os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE")
    if named is None and not _has_aws_files():
        return None
    found = _session(named).get_credentials()
    if found is None:
        if named is None:
            return None  # files without keys
        raise StorageError(
            f"the profile {named!r} has no credentials",
            hint=f"run aws configure --profile {named}, or aws sso login --profile {named}",
        )

    def give() -> dict[str, Any]:
        frozen = found.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + _LASTING if frozen.token else None,
        }

    return give


def _has_aws_files() -> bool:
    paths = (
        os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials",
        os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config",
    )
    return any(Path(path).expanduser().is_file() for path in paths)


def _session(profile: str | None) -> Any:
    import botocore.session

    session = botocore.session.Session(profile=profile)
    known = session.available_profiles
    if profile is not None and profile not in known:
        near = nearest(profile, known)
        raise StorageError(
            f"there is no profile {profile!r} in the files of Amazon's command",
            hint=f"did you mean {near!r}?" if near else f"there are: {', '.join(known) or 'none'}",
        )
    return session


# --- Google ---

_GOOGLE_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"

_NATIVE_GOOGLE = ("service_account", "authorized_user")
"""Kinds of credentials files that obstore reads."""


def _of_google(options: StoreOptions) -> Credentials | None:
    given = options.store
    if {"service_account", "service_account_key", "skip_signature", "bearer_token"} & given.keys():
        return None
    path = given.get("application_credentials") or os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if path is None or _kind_of_file(path) in (None, *_NATIVE_GOOGLE):
        return None
    import google.auth
    import google.auth.credentials
    import google.auth.exceptions
    from google.auth.transport.requests import Request

    try:
        load: Any = google.auth.load_credentials_from_file  # which has no types
        with warnings.catch_warnings():
            # It warns of files that strangers hand in; this one its user has named.
            warnings.simplefilter("ignore", DeprecationWarning)
            # Given scopes, it would ask Google for the project at once.
            loaded, _ = load(path)
        scoped: Any = google.auth.credentials.with_scopes_if_required
        found = scoped(loaded, [_GOOGLE_SCOPE])
    except (google.auth.exceptions.GoogleAuthError, OSError, ValueError):
        raise StorageError(
            f"the credentials file {path!r} cannot be used",
            hint="make it again: gcloud iam workload-identity-pools create-cred-config",
        ) from None

    def give() -> dict[str, Any]:
        found.refresh(Request())
        expires = found.expiry.replace(tzinfo=UTC) if found.expiry else datetime.now(UTC) + _LASTING
        return {"token": found.token, "expires_at": expires}

    return give


def _kind_of_file(path: str) -> str | None:
    try:
        found = json.loads(Path(path).read_bytes())
    except (OSError, ValueError):
        return None  # obstore says what is wrong with it
    return found.get("type") if isinstance(found, dict) else None


# --- Microsoft ---

_AZURE_OUTRIGHT = (
    *("account_key", "sas_key", "token", "client_secret", "federated_token_file"),
    *("msi_endpoint", "use_azure_cli", "use_emulator", "skip_signature", "fabric_session_token"),
)
_AZURE_ENVIRONMENT = (
    *("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_SAS_KEY"),
    *("AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_TOKEN", "AZURE_STORAGE_CLIENT_SECRET"),
    *("AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_USE_AZURE_CLI"),
    *("AZURE_MSI_ENDPOINT", "AZURE_IDENTITY_ENDPOINT", "AZURE_STORAGE_USE_EMULATOR"),
    *("AZURE_SKIP_SIGNATURE", "AZURE_FABRIC_SESSION_TOKEN"),
)


def _of_azure(options: StoreOptions) -> Credentials | None:
    if any(name in options.store for name in _AZURE_OUTRIGHT):
        return None
    if any(os.environ.get(name) for name in _AZURE_ENVIRONMENT):
        return None
    from azure.identity import DefaultAzureCredential

    found = DefaultAzureCredential()

    def give() -> dict[str, Any]:
        token = found.get_token("https://storage.azure.com/.default")
        return {"token": token.token, "expires_at": datetime.fromtimestamp(token.expires_on, UTC)}

    return give
