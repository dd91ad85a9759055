"""What stores answer, as errors that say what to check and hold no secrets."""

from __future__ import annotations

import pytest
from obstore.exceptions import (
    GenericError,
    NotSupportedError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from aqueducts_cloud.failures import failure, is_bucket_missing, is_list_refused

_STATUS = "Server returned non-2xx status code: "


def _body(code: str, more: str = "") -> str:
    return f"{_STATUS}403 Forbidden: <Error><Code>{code}</Code>{more}</Error>?sig=hunter2"


@pytest.mark.parametrize(
    ("error", "what", "hint"),
    [
        (
            PermissionDeniedError(_body("InvalidAccessKeyId")),
            "the credentials are refused",
            "AWS_*",
        ),
        (PermissionDeniedError(_body("SignatureDoesNotMatch")), "credentials are refused", "AWS_*"),
        (PermissionDeniedError(_body("ExpiredToken")), "refused (ExpiredToken)", "session_token"),
        (PermissionDeniedError(_body("AccessDenied")), "access denied", "s3:GetObject"),
        (UnauthenticatedError("401"), "the credentials are refused (401)", "profile"),
        (FileNotFoundError(_body("NoSuchBucket")), "there is no such bucket", "bucket's name"),
        (FileNotFoundError(_body("NoSuchKey")), "it does not exist (NoSuchKey)", "bucket's name"),
        (
            GenericError(
                _body(
                    "AuthorizationHeaderMalformed",
                    "<Message>the region 'us-east-1' is wrong; expecting 'eu-west-1'</Message>"
                    "<Region>eu-west-1</Region>",
                )
            ),
            "another region",
            "set region: eu-west-1 in",
        ),
        (
            GenericError("Received redirect without LOCATION, an incorrectly configured region"),
            "another region",
            "set region in storage_config",
        ),
        (PreconditionError("412"), "it was replaced meanwhile", "run again"),
        (NotSupportedError("501"), "the store cannot do this", ""),
        (GenericError(f"{_STATUS}503 <Code>SlowDown</Code>"), "(503 SlowDown)", "run again later"),
        (GenericError(f"{_STATUS}418 teapot"), "the store refuses it (418)", "endpoint"),
        (GenericError("http://169.254.169.254/latest"), "no credentials were found", "AWS_*"),
        (GenericError("kind: Timeout, source: TimedOut"), "did not answer in time", "endpoint"),
        (GenericError("tcp connect error: Connection refused"), "was refused", "endpoint"),
        (GenericError("dns error: failed to lookup address"), "host is not known", "endpoint"),
        (GenericError("invalid peer certificate: UnknownIssuer"), "not trusted", "SSL_CERT_FILE"),
        (GenericError("HTTP error: builder error"), "plain http", "allow_http: true"),
        (GenericError("error decoding response body"), "was cut off", "endpoint"),
        (ValueError("something else with hunter2"), "the request failed", "endpoint"),
    ],
)
def test_causes(error: Exception, what: str, hint: str) -> None:
    """Each with the object, what is wrong, and what to do; never with the store's own words."""
    told = failure(error, "s3", "read", "s3://lake/a.csv")
    assert told.message.startswith("cannot read 's3://lake/a.csv': ")
    assert what in told.message
    assert hint in (told.hint or "")
    assert "hunter2" not in str(told)


def test_words_of_providers() -> None:
    """A container, and an account."""
    told = failure(FileNotFoundError(_body("ContainerNotFound")), "azure", "list", "az://files/in")
    assert "there is no such container (ContainerNotFound)" in told.message
    assert "account" in (told.hint or "")
    told = failure(PermissionDeniedError(_body("Forbidden")), "gcs", "write", "gs://lake/x")
    assert "storage.objects" in (told.hint or "")


def test_what_is_missing_and_what_is_refused() -> None:
    """A bucket is not an object; a right to list is not a wrong key."""
    assert is_bucket_missing(FileNotFoundError(_body("NoSuchBucket")))
    assert not is_bucket_missing(FileNotFoundError(_body("NoSuchKey")))
    assert is_list_refused(PermissionDeniedError(_body("AccessDenied")))
    assert not is_list_refused(PermissionDeniedError(_body("InvalidAccessKeyId")))
    assert not is_list_refused(GenericError(_body("AccessDenied")))
