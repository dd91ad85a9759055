"""Where credentials come from, with a server that checks signatures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from servers.s3 import S3Server

from aqueducts.errors import StorageError
from aqueducts_cloud.cloud_store import open_cloud_store
from aqueducts_cloud.credentials import find_credentials
from aqueducts_cloud.options import read_options


@pytest.fixture(autouse=True)
def an_empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine that the tests run on."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE", "REGION"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)


class _Lake:
    def __init__(self, server: S3Server) -> None:
        self.server = server
        self.bucket = server.new_bucket()
        server.put(self.bucket, "a.csv", b"id\n1\n")

    def find(self, **options: str) -> int:
        """The size of the file, as a reader with these options finds it."""
        given = {"endpoint": self.server.endpoint, "allow_http": "true", "region": "us-east-1"}
        store = open_cloud_store(f"s3://{self.bucket}/a.csv", {**given, **options})
        try:
            return store.find((".csv",)).files[0].size_bytes
        finally:
            store.close()


@pytest.fixture
def lake(signed_moto_server: S3Server) -> _Lake:
    """A bucket that wants right keys."""
    return _Lake(signed_moto_server)


def _keys(server: S3Server) -> dict[str, str]:
    return {
        "access_key_id": server.access_key_id,
        "secret_access_key": server.secret_access_key,
    }


def test_keys_in_options(lake: _Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not mixed with what the environment has for others."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-somebody-else")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-somebody-else")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-somebody-else")
    assert lake.find(**_keys(lake.server)) == 5


def test_keys_in_the_environment(lake: _Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """What options leave out."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", lake.server.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", lake.server.secret_access_key)
    assert lake.find() == 5


@pytest.mark.parametrize("where", ["option", "environment", "default"])
def test_profiles(lake: _Lake, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by an option or the environment, or the default one."""
    name = "default" if where == "default" else "reports"
    keys = "".join(f"aws_{key} = {value}\n" for key, value in _keys(lake.server).items())
    (tmp_path / "credentials").write_text(f"[{name}]\n{keys}")
    if where == "environment":
        monkeypatch.setenv("AWS_PROFILE", name)
    assert lake.find(**({"profile": name} if where == "option" else {})) == 5


def test_a_profile_that_is_not_there(lake: _Lake, tmp_path: Path) -> None:
    """With the nearest one."""
    (tmp_path / "credentials").write_text("[reports]\naws_access_key_id = x\n")
    with pytest.raises(StorageError, match="there is no profile 'report'") as caught:
        lake.find(profile="report")
    assert caught.value.hint == "did you mean 'reports'?"


def test_a_profile_without_keys(lake: _Lake, tmp_path: Path) -> None:
    """With the commands that make some."""
    (tmp_path / "config").write_text("[profile empty]\nregion = eu-west-1\n")
    with pytest.raises(StorageError, match="the profile 'empty' has no credentials") as caught:
        lake.find(profile="empty")
    assert "aws sso login --profile empty" in (caught.value.hint or "")


@pytest.mark.parametrize("wrong", ["access_key_id", "secret_access_key"])
def test_wrong_keys_are_told_without_them(lake: _Lake, wrong: str) -> None:
    """What to check, and never a key."""
    with pytest.raises(StorageError, match="the credentials are refused") as caught:
        lake.find(**{**_keys(lake.server), wrong: "hunter2-hunter2-hunter2"})
    text = f"{caught.value} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert "hunter2" not in text
    assert lake.server.secret_access_key not in text


def test_two_sets_of_keys_at_once(lake: _Lake, moto_server: S3Server) -> None:
    """Each location has its own."""
    other = _Lake(moto_server)
    keys = {"access_key_id": "other", "secret_access_key": "other"}
    assert (lake.find(**_keys(lake.server)), other.find(**keys)) == (5, 5)
    with pytest.raises(StorageError):
        lake.find(**keys)


def _chosen(provider: Any, **options: str) -> bool:
    return find_credentials(provider, read_options(provider, options)) is not None


def test_what_is_left_to_obstore(monkeypatch: pytest.MonkeyPatch) -> None:
    """Identities that it finds itself."""
    assert not _chosen("s3")
    assert not _chosen("s3", skip_signature="true")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")
    monkeypatch.setenv("AWS_PROFILE", "anything")
    assert not _chosen("s3")
    assert not _chosen("gcs")
    assert not _chosen("azure", client_id="a", client_secret="b", tenant_id="c")
    assert not _chosen("azure", use_emulator="true")
    assert _chosen("azure", account_key="a2V5")
    assert _chosen("azure")


def test_files_of_federations_are_read_by_google(tmp_path: Path) -> None:
    """Files of service accounts are not."""
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({"type": "service_account"}))
    assert not _chosen("gcs", application_credentials=str(path))
    path.write_text(json.dumps({"type": "external_account"}))
    with pytest.raises(StorageError, match="cannot be used"):
        _chosen("gcs", application_credentials=str(path))
    source = {"file": str(tmp_path / "token")}
    path.write_text(
        json.dumps(
            {
                "type": "external_account",
                "audience": "//iam.googleapis.com/projects/1/locations/global/x",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "token_url": "https://127.0.0.1:1/token",
                "credential_source": source,
            }
        )
    )
    assert _chosen("gcs", application_credentials=str(path))
