"""Writing files that must not be there yet: all of them, or none."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import msgspec

from aqueducts.cli.console import Console
from aqueducts.cli.console.cells import cell_width, pad, visible
from aqueducts.errors import StorageError

__all__ = ["NewFile", "tell_what_was_made", "write_new_files"]

_MOST_NAMED = 5


class NewFile(msgspec.Struct, frozen=True):
    """A file to write."""

    path: str
    """Below the folder of the project."""
    content: str | bytes
    purpose: str = ""
    """A few words for the list of what was made."""
    may_exist: bool = False
    """Whether one that is there already is kept, and not an error."""


def write_new_files(folder: Path, files: Sequence[NewFile]) -> list[NewFile]:
    """Write the files below `folder`, which is made where it is missing; returns those written.

    Nothing that exists is ever overwritten. Raises StorageError, and leaves nothing behind, where
    a file is there already or one cannot be written.
    """
    there = [each for each in files if os.path.lexists(folder / each.path)]
    taken = [each.path for each in there if not each.may_exist]
    if taken:
        raise StorageError(
            f"already there in {_shown(folder)}: {_listed(taken)}; nothing was written",
            hint="choose another folder (aqueducts init NAME), or move what is there out of the "
            "way; init overwrites nothing",
        )
    made: list[Path] = []
    try:
        written = [each for each in files if each not in there]
        for each in written:
            _write(folder / each.path, each.content, made)
    except OSError as error:
        _remove(made)
        raise StorageError(
            f"cannot write {str(error.filename or folder)!r}: {error.strerror}; nothing was left "
            "behind",
            hint="choose a folder that you may write to: aqueducts init NAME",
        ) from error
    except BaseException:
        _remove(made)
        raise
    return written


def tell_what_was_made(
    folder: Path,
    files: Sequence[NewFile],
    written: Sequence[NewFile],
    commands: Sequence[str],
    console: Console,
) -> None:
    """List the files with what each is for, then the commands to type next."""
    if console.is_quiet:
        return
    style = console.results
    width = max(cell_width(visible(each.path)) for each in files)
    lines = [f"made in {visible(_shown(folder))}:"]
    for each in files:
        purpose = each.purpose if each in written else "is there already, and was kept"
        lines.append(f"  {style(pad(visible(each.path), width), 'bold')}  {purpose}".rstrip())
    if folder != Path():
        commands = [f"cd {shlex.quote(str(folder))}", *commands]
    lines += ["", "next:", *(f"  {style(visible(each), 'cyan')}" for each in commands)]
    console.write_result("\n".join(lines))


def _write(path: Path, content: str | bytes, made: list[Path]) -> None:
    _make_folders(path.parent, made)
    with path.open("xb") as file:
        made.append(path)
        file.write(content.encode() if isinstance(content, str) else content)


def _make_folders(folder: Path, made: list[Path]) -> None:
    if folder.is_dir():
        return
    if os.path.lexists(folder):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    _make_folders(folder.parent, made)
    folder.mkdir()
    made.append(folder)


def _remove(made: Sequence[Path]) -> None:
    for path in reversed(made):
        with contextlib.suppress(OSError):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()


def _shown(folder: Path) -> str:
    return "this folder" if folder == Path() else f"{folder}/"


def _listed(paths: Sequence[str]) -> str:
    shown = ", ".join(paths[:_MOST_NAMED])
    more = len(paths) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
