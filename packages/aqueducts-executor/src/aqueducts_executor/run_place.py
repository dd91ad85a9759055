"""Where runs keep temporary files, and how much memory they have."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

__all__ = ["RunPlace"]


@dataclass(frozen=True)
class RunPlace:
    """One folder for each run, below one that only this executor uses."""

    spill: Path
    max_memory_bytes: int | None

    def folder(self, run_id: str) -> str:
        """The folder of a run; nothing is there yet."""
        return str(self.spill / f"run-{run_id}")

    def remove(self, run_id: str) -> None:
        """Remove the folder of a run, whatever is in it."""
        shutil.rmtree(self.folder(run_id), ignore_errors=True)

    def clear(self) -> None:
        """Remove what an executor before this one left."""
        for path in self.spill.glob("*"):
            shutil.rmtree(path, ignore_errors=True)
