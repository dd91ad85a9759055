"""What may be replaced: never something that no run wrote."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from aqueducts.builtin.shown_names import listed, shown_path
from aqueducts.errors import StorageError

__all__ = ["check_file_target", "check_folder_target", "foreign_files"]

_HIDDEN_METADATA = (".crc", ".DS_Store")
"""Endings of hidden files that writers of data and file managers leave."""


def check_file_target(target: str, shown: str, *, is_folder_meant: bool) -> None:
    """Refuse a target that one file cannot replace."""
    status = _status(target)
    if is_folder_meant or (status is not None and stat.S_ISDIR(status.st_mode)):
        raise StorageError(
            f"{shown!r} is a folder, but one file is to be written",
            hint="add a file name, or set single_file: false to write a folder of files",
        )
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise StorageError(
            f"{shown!r} is not a regular file and cannot be replaced in one step",
            hint="write to a file, and copy it from there",
        )
    _check_parent(target, shown)


def check_folder_target(target: str, shown: str, endings: tuple[str, ...]) -> None:
    """Refuse a target that a folder of data files cannot replace."""
    status = _status(target)
    if status is not None:
        _check_old_folder(target, shown, status)
        foreign = foreign_files(target, endings)
        if foreign:
            kinds = ", ".join(ending for ending in endings if ending.count(".") == 1)
            raise StorageError(
                f"{shown!r} would be replaced as a whole, but it holds more than files that end "
                f"in {kinds}: {listed(foreign)}",
                hint="choose a folder of its own for the result, or remove them yourself",
            )
    _check_parent(target, shown)


def foreign_files(folder: str, endings: tuple[str, ...]) -> list[str]:
    """What is in a folder and is not data of these endings, nor metadata of such data."""
    foreign: list[str] = []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if entry.is_dir(follow_symlinks=False):
                if "=" in entry.name:
                    inner = foreign_files(entry.path, endings)
                    foreign += [f"{entry.name}/{name}" for name in inner]
                else:
                    foreign.append(f"{entry.name}/")
            elif not _is_data(entry, endings):
                foreign.append(entry.name)
    return foreign


def _is_data(entry: os.DirEntry[str], endings: tuple[str, ...]) -> bool:
    if not entry.is_file():
        return False
    name = entry.name
    if name.startswith("."):
        return name.endswith(_HIDDEN_METADATA)
    return name.startswith("_") or name.lower().endswith(endings)


def _status(target: str) -> os.stat_result | None:
    try:
        return os.stat(target)  # noqa: PTH116 - text path
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        return None  # _check_parent says which parent is not a folder


def _check_old_folder(target: str, shown: str, status: os.stat_result) -> None:
    if not stat.S_ISDIR(status.st_mode):
        raise StorageError(
            f"{shown!r} is a file, but a folder of files is to be written",
            hint="choose another name or remove the file; single_file: true writes one file",
        )
    if os.path.ismount(target):
        raise StorageError(
            f"{shown!r} is the root of a mounted disk and cannot be replaced",
            hint="choose a folder in it",
        )
    working_directory = os.path.realpath(".")
    if f"{working_directory}/".startswith(f"{target.rstrip('/')}/"):
        raise StorageError(
            f"{shown!r} holds the working directory and cannot be replaced",
            hint="choose a folder in it",
        )


def _check_parent(target: str, shown: str) -> None:
    parent = Path(target).parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir():
        raise StorageError(
            f"{shown!r} cannot be written: {shown_path(str(parent))!r} is not a folder",
            hint="choose a place in a folder, or rename what is there",
        )
    if len(os.fsencode(Path(target).name)) > os.pathconf(parent, "PC_NAME_MAX"):
        raise StorageError(
            f"{shown!r} cannot be written: the name is too long", hint="choose a shorter name"
        )
    if not os.access(parent, os.W_OK | os.X_OK):
        raise StorageError(
            f"{shown!r} cannot be written: no permission to write in {str(parent)!r}",
            hint="give this user the permission, or choose another place",
        )
