"""What stores answer, as errors that say what to check. Their own words hold URLs and tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from aqueducts.errors import StorageError
from aqueducts_cloud.addresses import Provider

__all__ = ["Doing", "failure", "gone", "is_bucket_missing", "is_list_refused", "is_without_reason"]

Doing = Literal["read", "list", "write", "look at", "delete from"]

_CODE = re.compile(r"<Code>\s*([A-Za-z0-9_]{1,60})\s*</Code>")
_REGION = re.compile(r"expecting \W{0,6}([a-z]{2}(?:-[a-z]+)+-\d)|<Region>\s*([a-z0-9-]{1,30})\s*<")
_STATUS = re.compile(r"status code: (\d{3})")

_CREDENTIALS: Mapping[str, str] = {
    "s3": "check the credentials: access_key_id and secret_access_key (session_token where they "
    "are temporary) in storage_config or AWS_* in the environment, profile, or the role of this "
    "machine; and that they are for this endpoint",
    "gcs": "check the credentials: service_account or service_account_key in storage_config, "
    "GOOGLE_APPLICATION_CREDENTIALS, or the service account of this machine",
    "azure": "check the credentials: account_name with account_key, sas_key, or client_id, "
    "client_secret and tenant_id in storage_config or AZURE_STORAGE_* in the environment",
    "http": "the server wants a login, which http and https sources have none for",
}
_RIGHTS: Mapping[str, str] = {
    "s3": "the credentials are known, but lack a right: s3:ListBucket and s3:GetObject to read, "
    "s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload to write",
    "gcs": "the credentials are known, but lack a right: storage.objects.list and get to read, "
    "create and delete to write",
    "azure": "the credentials are known, but lack a role such as Storage Blob Data Reader, or "
    "Contributor to write",
    "http": "the server does not let anybody read it",
}
_ENDPOINT: Mapping[str, str] = {
    "s3": "check endpoint in storage_config (AWS_ENDPOINT_URL), the region, and the network",
    "gcs": "check the network, and base_url in storage_config",
    "azure": "check account_name and endpoint in storage_config, and the network",
    "http": "check the address, and the network",
}
_BUCKET: Mapping[str, str] = {
    "s3": "check the bucket's name, the region and the endpoint",
    "gcs": "check the bucket's name",
    "azure": "check the container's name and the account",
    "http": "check the address",
}


class _Cause(NamedTuple):
    """What went wrong, in a few words, and what to do."""

    what: str
    hint: str | None


_GONE = _Cause("it was replaced meanwhile", "run again; end what writes there while it is read")

_BAD_KEYS = frozenset(
    {
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "InvalidToken",
        "ExpiredToken",
        "TokenRefreshRequired",
        "RequestTimeTooSkewed",
        "AuthenticationFailed",
        "InvalidAuthenticationInfo",
        "InvalidSecurity",
    }
)
_NO_BUCKET = frozenset({"NoSuchBucket", "ContainerNotFound", "InvalidBucketName"})
_WRONG_REGION = frozenset(
    {"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException"}
)


def failure(
    error: Exception, provider: Provider | Literal["http"], doing: Doing, shown: str
) -> StorageError:
    """`cannot read 's3://lake/a.csv': access denied (AccessDenied)`, with what to check."""
    cause = _cause(error, provider)
    return StorageError(f"cannot {doing} {shown!r}: {cause.what}", hint=cause.hint)


def gone(shown: str) -> StorageError:
    """The error for an object that is no longer the one that was found."""
    return StorageError(f"cannot read {shown!r}: {_GONE.what}", hint=_GONE.hint)


def is_bucket_missing(error: Exception) -> bool:
    """Whether there is no such bucket, rather than no such object."""
    code = _CODE.search(str(error))
    return code is not None and code[1] in _NO_BUCKET


def is_list_refused(error: Exception) -> bool:
    """Whether known credentials may not list: those of writers often may only write."""
    text = str(error)
    code = _CODE.search(text)
    return type(error).__name__ == "PermissionDeniedError" and (
        code is not None and code[1] == "AccessDenied"
    )


def is_without_reason(error: Exception) -> bool:
    """Whether access was denied, and the answer does not say why."""
    return type(error).__name__ == "PermissionDeniedError" and not _CODE.search(str(error))


def _cause(error: Exception, provider: str) -> _Cause:
    text = str(error)
    kind = type(error).__name__
    code = _CODE.search(text)
    name = code[1] if code else ""
    if name in _WRONG_REGION or "incorrectly configured region" in text:
        return _region(text)
    if name in _NO_BUCKET:
        noun = "container" if provider == "azure" else "bucket"
        return _Cause(f"there is no such {noun} ({name})", _BUCKET[provider])
    if name in _BAD_KEYS:
        return _Cause(f"the credentials are refused ({name})", _CREDENTIALS[provider])
    if kind == "UnauthenticatedError":
        return _Cause("the credentials are refused (401)", _CREDENTIALS[provider])
    if kind == "PermissionDeniedError":
        return _Cause(f"access denied ({name or 403})", _RIGHTS[provider])
    if isinstance(error, FileNotFoundError):
        return _Cause(f"it does not exist ({name or 404})", _BUCKET[provider])
    if kind == "PreconditionError":
        return _GONE
    if kind == "NotSupportedError":
        return _Cause("the store cannot do this", None)
    return _network(text, provider, name)


def _region(text: str) -> _Cause:
    found = _REGION.search(text)
    region = (found[1] or found[2]) if found else None
    return _Cause(
        "the bucket is in another region",
        f"set region: {region} in storage_config"
        if region
        else "set region in storage_config (AWS_REGION) to the bucket's own",
    )


_NETWORK = (
    ("credentials", "no credentials were found", _CREDENTIALS),
    ("url scheme is not allowed", "the endpoint is plain http", None),
    ("builder error", "the endpoint is plain http, or no URL", None),
    ("certificate", "the server's certificate is not trusted", None),
    ("unknownissuer", "the server's certificate is not trusted", None),
    ("timed out", "the store did not answer in time", _ENDPOINT),
    ("timedout", "the store did not answer in time", _ENDPOINT),
    ("kind: timeout", "the store did not answer in time", _ENDPOINT),
    ("connection refused", "the connection was refused", _ENDPOINT),
    ("connectionrefused", "the connection was refused", _ENDPOINT),
    ("dns error", "the name of the store's host is not known", _ENDPOINT),
    ("lookup", "the name of the store's host is not known", _ENDPOINT),
    ("invalidmessage", "the server does not speak TLS", _ENDPOINT),
    ("connect", "no connection could be made", _ENDPOINT),
    ("reset", "the connection was broken", _ENDPOINT),
    ("body", "the answer was cut off", _ENDPOINT),
)
_PLAIN_HTTP = "set allow_http: true in storage_config if that is meant"
_CERTIFICATE = (
    "name the file of your authority in the environment variable SSL_CERT_FILE, or put its text "
    "into root_certificate in storage_config"
)


def _network(text: str, provider: str, code: str) -> _Cause:
    status = _STATUS.search(text)
    if status is not None:
        detail = f"{status[1]} {code}".strip()
        if status[1].startswith("5"):
            return _Cause(f"the store is overloaded or broken ({detail})", "run again later")
        return _Cause(f"the store refuses it ({detail})", _ENDPOINT[provider])
    text = text.lower()
    if any(each in text for each in ("169.254.", "metadata.google", "security-credentials")):
        return _Cause("no credentials were found", _CREDENTIALS[provider])
    for mark, what, hints in _NETWORK:
        if mark in text:
            if hints is not None:
                return _Cause(what, hints[provider])
            return _Cause(what, _CERTIFICATE if "certificate" in what else _PLAIN_HTTP)
    return _Cause("the request failed", _ENDPOINT[provider])
