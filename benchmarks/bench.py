"""What every task needs: inputs, a folder to write to, the commands to compare."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from inputs import Inputs
from measuring import Command

__all__ = ["OURS", "Bench"]

HERE = Path(__file__).resolve().parent

OURS = "aqueducts"
"""Name of our own side in the tables."""


@dataclass(frozen=True)
class Bench:
    """Settings of this run of the benchmarks."""

    inputs: Inputs
    output: Path
    rounds: int
    threads: int
    kill_rounds: int

    @property
    def is_full(self) -> bool:
        """Whether the figures mean anything: on small inputs only the results are checked."""
        return self.inputs.size.name == "full"

    def program(self) -> str:
        """The installed command."""
        return str(Path(sys.executable).with_name("aqueducts"))

    def aqueducts(
        self, pipeline: str, data: Path, output: Path, *options: str, **params: str
    ) -> Command:
        """Run a pipeline of `pipelines/` as a user does."""
        known = {"data": str(data), "output": str(output), **params}
        return [
            *(self.program(), "run", str(HERE / "pipelines" / f"{pipeline}.yml")),
            *("--threads", str(self.threads), "--no-progress"),
            *options,
            *(word for name, value in known.items() for word in ("--param", f"{name}={value}")),
        ]

    def peer(self, name: str, data: Path, output: Path, *words: str) -> Command:
        """Run a script of `peers/` that does the same with another tool."""
        script = HERE / "peers" / f"{name}.py"
        return [sys.executable, str(script), str(data), str(output), str(self.threads), *words]

    def fresh(self, name: str) -> Path:
        """A path to write to, where nothing is."""
        path = self.output / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        return path
