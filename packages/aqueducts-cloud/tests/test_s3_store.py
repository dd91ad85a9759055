"""The store of S3 held to the contract, against moto."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import boto3
import pytest

from aqueducts.connectors import ObjectStoreType
from aqueducts.testing import ObjectStoreSuite
from aqueducts_cloud.cloud_store import S3StoreType

BUCKET = "store-suite"


class TestS3(ObjectStoreSuite):
    """Every check of the kit."""

    @pytest.fixture(autouse=True)
    def a_bucket(self, moto_endpoint: str) -> None:
        """A bucket of a running server."""
        self.endpoint = moto_endpoint
        self.client = boto3.client(
            "s3",
            endpoint_url=moto_endpoint,
            aws_access_key_id="key",
            aws_secret_access_key="secret",
            region_name="us-east-1",
        )
        self.client.create_bucket(Bucket=BUCKET)

    def store_type(self) -> type[ObjectStoreType]:
        """The class."""
        return S3StoreType

    def location(self, folder: Path) -> str:
        """A folder of its own for each check."""
        place = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        return f"s3://{BUCKET}/{place}/a folder"

    def options(self) -> Mapping[str, str]:
        """Keys in several spellings."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "aws_allow_http": "true",
            "access_key_id": "key",
            "Secret_Access_Key": "secret",
            "region": "us-east-1",
        }

    def read_file(self, path: str) -> bytes:
        """By Amazon's own client."""
        key = path.removeprefix(f"s3://{BUCKET}/")
        content: bytes = self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return content

    def bad_location(self) -> str:
        """No bucket."""
        return "s3:///no-bucket.csv"
