"""Finding files of tests, and the tests in them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from os import PathLike, fspath
from pathlib import Path

from aqueducts.diagnostics import Problem
from aqueducts.errors import PipelineError

__all__ = ["PATTERNS", "find_files"]

PATTERNS = ("test_*.yml", "test_*.yaml", "*_test.yml", "*_test.yaml")
"""Names of files of tests in folders; a file that is named itself may be called anything."""


def find_files(paths: Iterable[str | PathLike[str]]) -> list[str]:
    """Return the files of tests at paths, those in folders sorted by name.

    Raises PipelineError for paths that are not there, and for folders without tests.
    """
    found: dict[str, None] = {}
    problems: list[Problem] = []
    for each in paths:
        path = fspath(each)
        if Path(path).is_dir():
            files = list(_in_folder(path))
            if not files:
                problems.append(_nothing_in(path))
            found.update(dict.fromkeys(files))
        elif Path(path).exists():
            found[path] = None
        else:
            problems.append(Problem("missing-file", "there is no such file or folder", file=path))
    if problems:
        raise PipelineError(problems)
    return list(found)


def _in_folder(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith((".", "__")))
        for name in sorted(names):
            if any(fnmatchcase(name, pattern) for pattern in PATTERNS):
                yield os.path.join(parent, name)  # noqa: PTH118 - keeps a path as it was given


def _nothing_in(folder: str) -> Problem:
    return Problem(
        "no-tests",
        "there are no tests in this folder",
        file=folder,
        help="files of tests are called *_test.yml or test_*.yml",
    )
