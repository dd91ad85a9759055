"""Making sure that what was written survives a power cut."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

__all__ = ["fsync", "fsync_tree"]

_THREADS = 8
"""The disk's journal writes several at a time: 500 files take 0.14 s instead of 4 s."""


def fsync_tree(path: Path) -> None:
    """Flush a file, or a folder with all that is in it."""
    if not path.is_dir():
        fsync(path)
        return
    files: list[str] = []
    folders: list[str] = []
    for folder, _, names in os.walk(path):
        folders.append(folder)
        files += [os.path.join(folder, name) for name in names]  # noqa: PTH118 - text paths
    with ThreadPoolExecutor(_THREADS) as pool:
        for each in (files, folders):
            list(pool.map(fsync, each))


def fsync(path: str | Path) -> None:
    """Flush a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
