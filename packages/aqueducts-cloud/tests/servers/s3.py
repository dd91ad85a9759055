"""What tests know of a server that speaks S3."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any, Self

import boto3
from botocore.config import Config

__all__ = ["S3Server"]


@dataclass(frozen=True)
class S3Server:
    """Where a server is and how to get in."""

    endpoint: str
    access_key_id: str
    secret_access_key: str
    region: str = "us-east-1"
    certificates: str | None = None
    """A file with the certificates to trust, where it speaks TLS."""

    @property
    def storage_config(self) -> dict[str, str]:
        """The options of a pipeline that reach it."""
        options = {
            "endpoint": self.endpoint,
            "region": self.region,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
        }
        return options if self.certificates else {**options, "allow_http": "true"}

    @property
    def port(self) -> int:
        """Its port on this machine."""
        return int(self.endpoint.rpartition(":")[2])

    def through(self, url: str) -> Self:
        """The same server at another address, such as that of a proxy."""
        return replace(self, endpoint=url)

    def client(self, service: str = "s3") -> Any:
        """A client of Amazon's own library, to look at what is there. Close it."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            region_name=self.region,
            verify=self.certificates,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )

    def new_bucket(self) -> str:
        """The name of an empty bucket that no other test uses."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        client = self.client()
        client.create_bucket(Bucket=name)
        client.close()
        return name

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The names of all objects, in order."""
        client = self.client()
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        found = [item["Key"] for page in pages for item in page.get("Contents", [])]
        client.close()
        return sorted(found)

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Store an object."""
        client = self.client()
        client.put_object(Bucket=bucket, Key=key, Body=body)
        client.close()

    def get(self, bucket: str, key: str) -> bytes:
        """Read an object."""
        client = self.client()
        body: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        client.close()
        return body

    def unfinished_uploads(self, bucket: str) -> list[str]:
        """The keys of multipart uploads that were begun and neither completed nor aborted."""
        client = self.client()
        answer = client.list_multipart_uploads(Bucket=bucket)
        client.close()
        return [item["Key"] for item in answer.get("Uploads", [])]
