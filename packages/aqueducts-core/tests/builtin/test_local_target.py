"""What a run may replace on the local file system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aqueducts.builtin.local_store import LocalStoreType
from aqueducts.errors import StorageError


def _check(location: str | Path, *, is_single_file: bool) -> None:
    store = LocalStoreType().open(str(location), {})
    store.check_target(is_single_file=is_single_file, extensions=(".csv",))


def test_new_targets_are_fine(tmp_path: Path) -> None:
    """Nothing is made yet."""
    _check(tmp_path / "a" / "b.csv", is_single_file=True)
    _check(tmp_path / "a" / "b", is_single_file=False)

    assert list(tmp_path.iterdir()) == []


def test_data_of_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    """Files of the format, Hive folders, and what belongs to them."""
    (tmp_path / "out" / "day=1" / "hour=2").mkdir(parents=True)
    for name in ("a.csv", "b.csv.gz", "_SUCCESS", ".a.csv.crc", ".DS_Store", "day=1/hour=2/c.CSV"):
        (tmp_path / "out" / name).touch()

    _check(tmp_path / "out", is_single_file=False)
    _check(tmp_path / "out" / "a.csv", is_single_file=True)


@pytest.mark.parametrize(
    "name",
    ["notes.txt", "a.parquet", ".env", "sub/a.csv", ".git/config", "_delta_log/0.json", "d=1/x.md"],
)
def test_a_folder_that_holds_something_else_is_never_replaced(tmp_path: Path, name: str) -> None:
    """The error names what would be lost."""
    path = tmp_path / "out" / name
    path.parent.mkdir(parents=True)
    path.touch()
    (tmp_path / "out" / "a.csv").touch()
    shown = name if "=" in name else name.split("/", maxsplit=1)[0]

    with pytest.raises(StorageError, match=f"would be replaced as a whole.*'{shown}/?'"):
        _check(tmp_path / "out", is_single_file=False)


def test_files_and_folders_do_not_replace_each_other(tmp_path: Path) -> None:
    """Each error says how to get the other."""
    (tmp_path / "file.csv").touch()
    (tmp_path / "folder").mkdir()

    with pytest.raises(StorageError, match=r"(?s)is a folder, but one file.*single_file: false"):
        _check(tmp_path / "folder", is_single_file=True)
    with pytest.raises(StorageError, match="is a folder, but one file"):
        _check(f"{tmp_path}/new/", is_single_file=True)
    with pytest.raises(StorageError, match=r"(?s)is a file, but a folder.*single_file: true"):
        _check(tmp_path / "file.csv", is_single_file=False)
    for is_single_file in (True, False):
        with pytest.raises(StorageError, match=r"'.*file\.csv' is not a folder"):
            _check(tmp_path / "file.csv" / "x" / "y", is_single_file=is_single_file)


def test_devices_and_pipes_are_not_replaced(tmp_path: Path) -> None:
    """A rename would remove them."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")

    for name in ("pipe", "null"):
        with pytest.raises(StorageError, match="not a regular file"):
            _check(tmp_path / name, is_single_file=True)


def test_folders_that_cannot_be_swapped_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working directory would be gone, the root of a disk cannot move."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")

    for location in (".", "..", tmp_path / "a"):
        with pytest.raises(StorageError, match="working directory"):
            _check(location, is_single_file=False)
    with pytest.raises(StorageError, match="mounted disk"):
        _check("/proc", is_single_file=False)


def test_links_that_go_in_circles(tmp_path: Path) -> None:
    """The system's error is told with the path."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    with pytest.raises(StorageError, match=r"(?s)cannot write '.*circle"):
        _check(tmp_path / "a", is_single_file=True)


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    """Found now, not when all is written."""
    with pytest.raises(StorageError, match="shorter name"):
        _check(tmp_path / "new" / ("x" * 300), is_single_file=True)
    with pytest.raises(StorageError, match="shorter name"):
        _check(tmp_path / ("x" * 300), is_single_file=False)
