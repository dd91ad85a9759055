"""Replaces a target again and again, until it is killed; started by test_killed_writes.

Reads lines `KIND TARGET` and forks a process for each, so that modules are imported once.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from aqueducts.builtin import local_staging
from aqueducts.builtin.local_store import LocalStoreType

PARTS = 4
LINES = 5000


def write_forever(kind: str, target: str) -> None:
    """Write version after version; `renames` stands for a kernel that cannot swap folders."""
    if kind == "renames":
        patch.object(local_staging, "exchange", _cannot_exchange).start()
        patch.object(os, "rename", _rename_slowly).start()
    for number in itertools.count():
        context: Any = SimpleNamespace(run_id=f"{os.getpid()}-{number}", staged=lambda _write: None)
        text = f"{os.getpid()}-{number}\n" * LINES
        store = LocalStoreType().open(target, {})
        store.check_target(is_single_file=kind == "file", extensions=(".csv",))
        write = store.stage(context, is_single_file=kind == "file")
        if kind == "file":
            write.path.write_text(text)
        else:
            for part in range(PARTS):
                path = write.path / f"part={part}" / "data.csv"
                path.parent.mkdir(parents=True)
                path.write_text(text)
        write.commit()


def _cannot_exchange(_one: str, other: str) -> bool:
    if not Path(other).exists():
        raise FileNotFoundError(other)
    return False


def _rename_slowly(source: str, target: str, rename: Any = os.rename) -> None:
    """Make the moment between two renames long enough to be killed in it."""
    rename(source, target)
    time.sleep(0.003)


def main() -> None:
    """Start writers on request and tell their process ids."""
    for line in sys.stdin:
        kind, target = line.rstrip("\n").split(" ", 1)
        child = os.fork()
        if child == 0:
            write_forever(kind, target)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)
        sys.stdout.write("dead\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
