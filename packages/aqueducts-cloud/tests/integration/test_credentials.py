"""Keys that are wrong, in files that other programs use too, and in nothing that is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers.azurite_server import AzureServer
from servers.places import Place, place_of
from servers.s3 import S3Server

from aqueducts.errors import AqueductsError
from integration.conftest import Run

_CANARY = "c2VjcmV0LWNhbmFyeS1vZi10aGlzLXRlc3Q="


@pytest.fixture(params=["signed_moto", "ceph"])
def guarded(request: pytest.FixtureRequest) -> Place:
    """A bucket of a server that checks signatures, with one file."""
    place = place_of(request.getfixturevalue(f"{request.param}_server"))
    place.put("in.csv", b"id\n1\n")
    return place


def _source(place: Place, **options: str) -> dict[str, object]:
    return {"type": "file", "name": "t", "format": {"type": "csv"}, **place.at("in.csv", **options)}


def _refused(run: Run, place: Place, **options: str) -> str:
    """What a run that reads and one that writes say; never a key."""
    told = []
    with pytest.raises(AqueductsError) as reading:
        run("SELECT * FROM t", [_source(place, **options)])
    target = {"type": "file", "name": "o", "format": {"type": "csv"}}
    with pytest.raises(AqueductsError) as writing:
        run("SELECT 1 AS x", destination={**target, **place.at("out.csv", **options)})
    for caught in (reading.value, writing.value):
        told.append(f"{caught} {caught.hint} {caught!r}")
        assert place.bucket in told[-1]
        assert _CANARY not in told[-1]
    assert "out.csv" not in place.names()
    return " ".join(told)


def test_a_wrong_secret_opens_nothing(guarded: Place, run: Run) -> None:
    """The error names the bucket and what to check, and shows no secret."""
    told = _refused(run, guarded, secret_access_key=_CANARY)
    assert "credentials" in told or "secret" in told


def test_an_unknown_key_opens_nothing(guarded: Place, run: Run) -> None:
    """Nor does a user whom the server does not know."""
    _refused(run, guarded, access_key_id="AKIDUNKNOWN", secret_access_key=_CANARY)


def test_a_wrong_azure_key_opens_nothing(azure_server: AzureServer, run: Run) -> None:
    """As with Amazon's."""
    place = place_of(azure_server)
    place.put("in.csv", b"id\n1\n")
    _refused(run, place, account_key=_CANARY)


def test_a_missing_bucket_is_told(ceph_server: S3Server, run: Run) -> None:
    """By its name."""
    place = Place(ceph_server, "s3", "no-such-bucket", ceph_server.storage_config)
    with pytest.raises(AqueductsError, match="no-such-bucket"):
        run("SELECT * FROM t", [_source(place)])


def test_credentials_come_from_the_environment(
    guarded: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Amazon's tools read it, where the pipeline has none."""
    config = guarded.storage_config
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", config["access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", config["secret_access_key"])
    source = _source(guarded)
    source["storage_config"] = {key: config[key] for key in ("endpoint", "region", "allow_http")}
    assert run("SELECT count(*) FROM t", [source]).outputs


def test_credentials_come_from_a_profile(
    guarded: Place, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of the file that Amazon's tools share."""
    config = guarded.storage_config
    file = tmp_path / "credentials"
    file.write_text(
        f"[loader]\naws_access_key_id = {config['access_key_id']}\n"
        f"aws_secret_access_key = {config['secret_access_key']}\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    source = _source(guarded)
    source["storage_config"] = {
        **{key: config[key] for key in ("endpoint", "region", "allow_http")},
        "profile": "loader",
    }
    assert run("SELECT count(*) FROM t", [source]).outputs
