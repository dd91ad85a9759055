"""What tests know of the fake of Google Cloud Storage."""

from __future__ import annotations

import json
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self
from urllib.parse import quote
from xml.etree import ElementTree as ET

from servers.processes import HOST, answers_on, free_port, process

__all__ = ["GcsServer", "gcs_fake"]


@dataclass(frozen=True)
class GcsServer:
    """Where the fake is and how to get in."""

    endpoint: str
    token: str | None = None
    """What requests have to bring, where it asks for that."""

    @property
    def service_account_key(self) -> str:
        """A key of a service account that points a client here and asks for no token."""
        nothing = {"client_email": "", "private_key": "", "private_key_id": ""}
        return json.dumps({"gcs_base_url": self.endpoint, "disable_oauth": True, **nothing})

    @property
    def storage_config(self) -> dict[str, str]:
        """The options of a pipeline that reach it."""
        return {"service_account_key": self.service_account_key, "allow_http": "true"}

    @property
    def port(self) -> int:
        """Its port on this machine."""
        return int(self.endpoint.rpartition(":")[2])

    def through(self, url: str) -> Self:
        """The same fake at another address, such as that of a proxy."""
        return replace(self, endpoint=url)

    def new_bucket(self) -> str:
        """The name of an empty bucket that no other test uses."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        self.request("PUT", name)
        return name

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Store an object."""
        self.request("PUT", f"{bucket}/{key}", body=body)

    def get(self, bucket: str, key: str) -> bytes:
        """Read an object."""
        return self.request("GET", f"{bucket}/{key}")

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The names of all objects, in order."""
        answer = self.request("GET", bucket, f"list-type=2&max-keys=100000&prefix={quote(prefix)}")
        return [each.text or "" for each in ET.fromstring(answer).iter("Key")]

    def unfinished_uploads(self, bucket: str) -> list[str]:
        """The keys of uploads in parts that were begun and neither completed nor aborted."""
        return [
            each.text or ""
            for each in ET.fromstring(self.request("GET", bucket, "uploads")).iter("Key")
        ]

    def request(self, method: str, path: str, query: str = "", body: bytes | None = None) -> bytes:
        """What a request is answered with. Raises urllib's HTTPError for an error."""
        request = urllib.request.Request(
            f"{self.endpoint}/{quote(path)}?{query}", body, method=method
        )
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request) as answer:
            content: bytes = answer.read()
            return content


@contextmanager
def gcs_fake(folder: Path, token: str | None = None) -> Iterator[GcsServer]:
    """A running fake; with a token, it refuses requests without it."""
    port = free_port()
    program = Path(__file__).parent / "gcs_fake.py"
    command: list[str | Path] = [sys.executable, program, str(port), *([token] if token else [])]
    with process(command, folder / f"gcs-{port}.log", answers_on(port)):
        yield GcsServer(f"http://{HOST}:{port}", token)
