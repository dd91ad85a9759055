"""Swapping two folders in one step."""

from __future__ import annotations

import ctypes
import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aqueducts.builtin.exchange import exchange


def test_two_folders_are_swapped(tmp_path: Path) -> None:
    """Names and content change places."""
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()

    assert exchange(str(tmp_path / "a"), str(tmp_path / "b"))
    assert (tmp_path / "a" / "b").exists()
    assert (tmp_path / "b" / "a").exists()


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    """It is no sign of an old kernel."""
    (tmp_path / "a").mkdir()

    with pytest.raises(FileNotFoundError):
        exchange(str(tmp_path / "a"), str(tmp_path / "b"))


def _refuse(*_arguments: Any) -> int:
    ctypes.set_errno(errno.EINVAL)
    return -1


@pytest.mark.parametrize(
    "library", [SimpleNamespace(), SimpleNamespace(renameat2=_refuse)], ids=["libc", "file system"]
)
def test_what_cannot_be_swapped_in_one_step_says_so(
    monkeypatch: pytest.MonkeyPatch, library: SimpleNamespace
) -> None:
    """An old libc lacks the call, some file systems refuse it."""
    monkeypatch.setattr(ctypes, "CDLL", lambda *_arguments, **_options: library)

    assert not exchange("/a", "/b")
