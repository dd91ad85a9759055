"""The installed command, in a folder of its own."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from servers.fixtures import azure_server, ceph_server, gcs_server, moto_server

__all__ = ["azure_server", "ceph_server", "gcs_server", "moto_server"]

COMMAND = Path(sys.executable).with_name("aqueducts")


class Command:
    """Runs `aqueducts` as a user does: a process, files, and what it prints."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("AQUEDUCTS_") and name not in ("CI", "NO_COLOR", "FORCE_COLOR")
        }
        self.environment = {**kept, "TMPDIR": str(self.temporary)}

    def __call__(
        self,
        *arguments: str,
        text: str | None = None,
        largest_file: int = resource.RLIM_INFINITY,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end; `largest_file` is what the system lets it write, in bytes."""
        limit = (largest_file, resource.RLIM_INFINITY)
        return subprocess.run(
            [COMMAND, *arguments],
            cwd=self.folder,
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
            env={**self.environment, **environment},
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it; the caller ends it."""
        return subprocess.Popen(
            [COMMAND, *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self, pipeline: str, *arguments: str, **environment: str) -> str:
        """Run a pipeline that has to work; returns what it printed on standard output."""
        self.write("pipeline.yml", pipeline)
        result = self("run", "pipeline.yml", *arguments, environment=environment)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def leftovers(self) -> list[str]:
        """Hidden files beside the targets, and temporary ones."""
        hidden = [path.name for path in self.folder.iterdir() if path.name.startswith(".")]
        return hidden + [path.name for path in self.temporary.iterdir()]


@pytest.fixture
def aqueducts_command(tmp_path: Path) -> Command:
    """The command in an empty folder."""
    return Command(tmp_path)
