"""What locations name."""

from __future__ import annotations

import pytest

from aqueducts.errors import StorageError
from aqueducts_cloud.addresses import parse_address

_CHINA = "core.chinacloudapi.cn"


@pytest.mark.parametrize(
    ("location", "bucket", "key", "is_folder"),
    [
        ("s3://lake/in/a.csv", "lake", "in/a.csv", False),
        ("S3A://lake/in/", "lake", "in", True),
        ("s3://lake", "lake", "", True),
        ("gs://lake/a%20b c#d?.csv", "lake", "a%20b c#d?.csv", False),
        ("gcs://lake/", "lake", "", True),
        ("az://container/a", "container", "a", False),
        ("azure://container/a", "container", "a", False),
        ("abfss://container/a", "container", "a", False),
    ],
)
def test_buckets_and_keys(location: str, bucket: str, key: str, is_folder: bool) -> None:
    """Keys are as they are written."""
    address = parse_address(location)
    assert (address.bucket, address.key, address.is_folder) == (bucket, key, is_folder)
    if key:
        assert address.key_of(address.url(key)) == key


@pytest.mark.parametrize(
    ("host", "account", "endpoint", "is_fabric"),
    [
        ("acct.dfs.core.windows.net", "acct", None, False),
        ("acct.blob.core.windows.net", "acct", None, False),
        (
            "acct.dfs.core.chinacloudapi.cn",
            "acct",
            "https://acct.blob.core.chinacloudapi.cn",
            False,
        ),
        ("onelake.dfs.fabric.microsoft.com", "onelake", None, True),
    ],
)
def test_accounts_of_azure(host: str, account: str, endpoint: str | None, is_fabric: bool) -> None:
    """In the location, as Hadoop and Spark write it; of all of Azure's clouds."""
    address = parse_address(f"abfss://files@{host}/in/a.csv")
    assert (address.bucket, address.account) == ("files", account)
    assert (address.endpoint, address.is_fabric) == (endpoint, is_fabric)
    assert address.url("x") == f"abfss://files@{host}/x"


@pytest.mark.parametrize(
    "location",
    ["s3://", "s3:///a.csv", "s3://lake//a.csv", "s3://lake/a//b", "gs://lake/../x", "az://c/./a"],
)
def test_no_places(location: str) -> None:
    """With an example of one."""
    with pytest.raises(StorageError, match="is no location in a bucket") as caught:
        parse_address(location)
    assert "write it like" in (caught.value.hint or "")


def test_an_account_that_is_none() -> None:
    """Named as it was written."""
    with pytest.raises(StorageError, match="names no account of Azure"):
        parse_address("abfss://files@localhost/in")


def test_passwords_have_no_place_in_locations() -> None:
    """Nor in the message about it."""
    with pytest.raises(StorageError, match="holds no user and password") as caught:
        parse_address("s3://user:hunter2@lake/in")
    assert "hunter2" not in str(caught.value)
