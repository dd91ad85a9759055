"""Keys of `storage_config` in all spellings, their values, and what errors about them say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from aqueducts.errors import StorageError
from aqueducts_cloud.addresses import Provider
from aqueducts_cloud.keys import find_option, known_names, options_of
from aqueducts_cloud.options import read_options

_ALL: tuple[Provider, ...] = ("s3", "gcs", "azure")


@pytest.mark.parametrize(
    ("provider", "key", "name"),
    [
        ("s3", "AWS_ACCESS_KEY_ID", "access_key_id"),
        ("s3", "aws_access_key_id", "access_key_id"),
        ("s3", "access_key_id", "access_key_id"),
        ("s3", "Access-Key-Id", "access_key_id"),
        ("s3", "AWS_ENDPOINT_URL", "endpoint"),
        ("s3", "endpoint_url", "endpoint"),
        ("s3", "aws_endpoint", "endpoint"),
        ("s3", "AWS_ENDPOINT_URL_S3", "aws_endpoint_url_s3"),
        ("s3", "AWS_SESSION_TOKEN", "session_token"),
        ("s3", "aws_token", "session_token"),
        ("s3", "AWS_ALLOW_HTTP", "allow_http"),
        ("s3", "allow_http", "allow_http"),
        ("s3", "aws_s3_allow_unsafe_rename", "s3_allow_unsafe_rename"),
        ("s3", "AWS_PROFILE", "profile"),
        ("gcs", "GOOGLE_SERVICE_ACCOUNT", "service_account"),
        ("gcs", "google_service_account_path", "service_account"),
        ("gcs", "service_account_key", "service_account_key"),
        ("gcs", "GOOGLE_APPLICATION_CREDENTIALS", "application_credentials"),
        ("azure", "AZURE_STORAGE_ACCOUNT_NAME", "account_name"),
        ("azure", "azure_storage_access_key", "account_key"),
        ("azure", "AZURE_CLIENT_ID", "client_id"),
        ("azure", "azure_storage_sas_token", "sas_key"),
        ("azure", "timeout", "timeout"),
    ],
)
def test_spellings(provider: Provider, key: str, name: str) -> None:
    """object_store's and delta-rs's, with and without prefix, in any case."""
    assert find_option(provider, key).name == name


@pytest.mark.parametrize("provider", _ALL)
def test_every_name_means_its_option(provider: Provider) -> None:
    """What advice says to write is understood, and no two options share a spelling."""
    found = [find_option(provider, name).name for name in known_names(provider)]
    assert len(found) == len(set(found)) == len(options_of(provider))
    spellings = [
        spelling for option in options_of(provider) for spelling in (option.name, *option.aliases)
    ]
    assert len(spellings) == len(set(spellings))


@pytest.mark.parametrize(
    ("provider", "key", "hint"),
    [
        ("s3", "AWS_REGOIN", "did you mean 'AWS_REGION'?"),
        ("s3", "secret_acces_key", "did you mean 'aws_secret_access_key'?"),
        ("s3", "azure_storage_account_name", "it is an option of Azure"),
        ("gcs", "service_acount", "did you mean 'google_service_account'?"),
        ("azure", "conect_timeout", "did you mean 'connect_timeout'?"),
    ],
)
def test_unknown_keys_name_the_nearest(provider: Provider, key: str, hint: str) -> None:
    """And never the value."""
    with pytest.raises(StorageError, match="is no option of") as caught:
        read_options(provider, {key: "hunter2"})
    assert caught.value.hint == hint
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"allow_http": "perhaps-hunter2"}, "'allow_http' is not true or false"),
        ({"timeout": "hunter2"}, "'timeout' is not a time such as 30s"),
        ({"timeout": "0"}, "'timeout' is not a time"),
        ({"connect_timeout": "5 parsecs hunter2"}, "'connect_timeout' is not a time"),
        ({"max_retries": "-1"}, "'max_retries' is not a number"),
        ({"bucket": "hunter2"}, "'bucket': the location names it"),
        ({"region": "a", "AWS_REGION": "hunter2"}, "'region' and 'AWS_REGION', which are one"),
    ],
)
def test_bad_values_are_told_without_them(given: dict[str, str], message: str) -> None:
    """They may be secrets."""
    with pytest.raises(StorageError) as caught:
        read_options("s3", given)
    assert message in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 30), ("30s", 30), ("1.5 min", 90), ("2m 5s", 125), ("250ms", 0.25), ("1 HOUR", 3600)],
)
def test_times(text: str, seconds: float) -> None:
    """As people write them; a number alone is seconds."""
    assert read_options("s3", {"timeout": text}).client["timeout"] == timedelta(seconds=seconds)


def test_defaults() -> None:
    """5 seconds to connect, a minute for a request, and a minute in which it is tried again."""
    options = read_options("gcs", {})
    assert options.client["connect_timeout"] == timedelta(seconds=5)
    assert options.client["timeout"] == timedelta(seconds=60)
    assert options.retry == {"max_retries": 10, "retry_timeout": timedelta(seconds=60)}


def test_options_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the client and of retries; those of the store obstore takes from there itself."""
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_TIMEOUT", "7s")
    monkeypatch.setenv("AWS_MAX_RETRIES", "3")
    monkeypatch.setenv("AZURE_TIMEOUT", "8s")
    options = read_options("s3", {"timeout": "9s"})
    assert options.client["timeout"] == timedelta(seconds=9)
    assert options.client["allow_http"] is True
    assert options.retry["max_retries"] == 3
    assert read_options("azure", {}).client["timeout"] == timedelta(seconds=8)


def test_what_is_shown_has_no_values() -> None:
    """Names only."""
    shown = repr(read_options("s3", {"secret_access_key": "hunter2", "max_backoff": "3s"}))
    assert "secret_access_key" in shown
    assert "hunter2" not in shown


def test_backoff() -> None:
    """All of it, where a part is set."""
    found: Any = read_options("s3", {"backoff_config.init_backoff": "50ms", "base": "3"}).retry
    assert found["backoff"] == {
        "init_backoff": timedelta(milliseconds=50),
        "max_backoff": timedelta(seconds=15),
        "base": 3.0,
    }
