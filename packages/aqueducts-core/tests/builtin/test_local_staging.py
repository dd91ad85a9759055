"""Writes that replace a file or a folder in one step."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aqueducts.builtin import local_staging
from aqueducts.builtin.local_store import LocalStoreType
from aqueducts.connectors import StagedWrite
from aqueducts.errors import StorageError

Stage = Callable[..., StagedWrite]


@pytest.fixture
def stage(context: Any) -> Stage:
    """Return what begins a write, of a file or a folder."""

    def begin(location: Path, *, is_single_file: bool = True) -> StagedWrite:
        store = LocalStoreType().open(str(location), {})
        return store.stage(context, is_single_file=is_single_file)

    return begin


@pytest.fixture(params=["swap", "two renames"])
def swap(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test once as the kernel is, and once as if it could not swap folders."""
    if request.param == "two renames":
        monkeypatch.setattr(local_staging, "exchange", _cannot_exchange)
    return str(request.param)


def _cannot_exchange(one: str, other: str) -> bool:
    if not Path(other).exists():
        raise FileNotFoundError(other)
    return False


def _fill(folder: Path, text: str) -> None:
    (folder / "day=1").mkdir(parents=True)
    (folder / "a.csv").write_text(text)
    (folder / "day=1" / "b.csv").write_text(text)


def _content(folder: Path) -> list[str]:
    return sorted(
        f"{path.relative_to(folder)}={path.read_text()}"
        for path in folder.rglob("*")
        if path.is_file()
    )


def test_a_file_is_not_seen_before_commit(tmp_path: Path, stage: Stage, context: Any) -> None:
    """Then all of it is, and nothing else is left."""
    target = tmp_path / "new" / "deep" / "a.csv.gz"
    write = stage(target)
    write.path.write_text("new")

    assert context.writes == [write]
    assert write.path.parent.name.startswith(".a.csv.gz.aqueducts-run1-")
    assert write.path.name == "data.csv.gz"
    assert not target.exists()
    write.commit()
    write.abort()
    assert target.read_text() == "new"
    assert _names(target.parent) == ["a.csv.gz"]


def test_abort_leaves_the_old_file_and_no_new_folders(tmp_path: Path, stage: Stage) -> None:
    """Also twice; a commit after it is refused."""
    (tmp_path / "a.csv").write_text("old")
    for target in (tmp_path / "a.csv", tmp_path / "x" / "y" / "a.csv"):
        write = stage(target)
        write.path.write_text("new")
        write.abort()
        write.abort()
        with pytest.raises(StorageError):
            write.commit()

    assert _names(tmp_path) == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "old"


@pytest.mark.usefixtures("swap")
def test_a_folder_is_replaced_as_a_whole(tmp_path: Path, stage: Stage) -> None:
    """What only the old one had is gone."""
    target = tmp_path / "out"
    for text in ("old", "new"):
        write = stage(target, is_single_file=False)
        _fill(write.path, text)
        if text == "old":
            (write.path / "extra.csv").write_text("old")
        write.commit()

    assert _content(target) == ["a.csv=new", "day=1/b.csv=new"]
    assert _names(tmp_path) == ["out"]


@pytest.mark.usefixtures("swap")
def test_the_target_of_a_symbolic_link_is_replaced(tmp_path: Path, stage: Stage) -> None:
    """The link stays a link."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real/a.csv")
    (tmp_path / "folder").symlink_to("real/out")
    file, folder = stage(tmp_path / "link.csv"), stage(tmp_path / "folder", is_single_file=False)
    file.path.write_text("new")
    _fill(folder.path, "new")
    file.commit()
    folder.commit()

    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real" / "a.csv").read_text() == "new"
    assert _content(tmp_path / "real" / "out") == ["a.csv=new", "day=1/b.csv=new"]


def test_the_mode_of_what_was_there_is_kept(tmp_path: Path, stage: Stage) -> None:
    """Who could read the result still can; what is new follows the umask."""
    (tmp_path / "a.csv").touch()
    (tmp_path / "a.csv").chmod(0o640)
    (tmp_path / "out").mkdir(mode=0o750)
    file, folder = stage(tmp_path / "a.csv"), stage(tmp_path / "out", is_single_file=False)
    file.path.touch()
    _fill(folder.path, "new")
    file.commit()
    folder.commit()

    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o750


@pytest.mark.parametrize(
    "name", ["a b.csv", "ünï.csv", "1*?[].csv", "a#%20.csv", "x" * 250, "n\nl"]
)
def test_any_name_can_be_written(tmp_path: Path, stage: Stage, name: str) -> None:
    """The engine is given a path that it cannot misread."""
    write = stage(tmp_path / name)
    write.path.write_text("new")
    inner = str(write.path.relative_to(tmp_path))
    write.commit()

    assert (tmp_path / name).read_text() == "new"
    assert _names(tmp_path) == [name]
    assert not set(inner) & set(" *?[]#%\n")


def test_leftovers_of_dead_runs_are_swept(tmp_path: Path, stage: Stage) -> None:
    """Those of this target only, and none whose run lives."""
    target = tmp_path / "a.csv"
    living = stage(target)
    living.path.write_text("living")
    for name in (".a.csv.aqueducts-dead", ".a.csv.aqueducts-x", ".b.csv.aqueducts-dead"):
        (tmp_path / name / "data").mkdir(parents=True)
    (tmp_path / ".a.csv.aqueducts-dead" / "lock").touch()
    write = stage(target)

    names = {name for name in _names(tmp_path) if name.startswith(".")}
    assert names == {living.path.parent.name, write.path.parent.name, ".b.csv.aqueducts-dead"}
    write.path.write_text("new")
    write.commit()
    living.commit()
    assert target.read_text() == "living"


def test_a_folder_that_a_dead_run_had_moved_away_is_put_back(tmp_path: Path, stage: Stage) -> None:
    """Killed between two renames, as happens where folders cannot be swapped."""
    left = tmp_path / ".out.aqueducts-dead"
    _fill(left / "old-00", "older")
    _fill(left / "old-01", "old")
    _fill(left / "data", "new")
    (left / "lock").touch()
    stage(tmp_path / "out", is_single_file=False).abort()

    assert _content(tmp_path / "out") == ["a.csv=old", "day=1/b.csv=old"]
    assert _names(tmp_path) == ["out"]


@pytest.mark.usefixtures("swap")
def test_two_runs_that_write_one_folder_do_not_mix(tmp_path: Path, context: Any) -> None:
    """The last commit wins; each is whole."""
    target = tmp_path / "out"
    barrier = threading.Barrier(4)
    problems: list[BaseException] = []

    def replace(text: str) -> None:
        own_context = dataclasses.replace(context, run_id=text)
        try:
            for _ in range(10):
                store = LocalStoreType().open(str(target), {})
                write = store.stage(own_context, is_single_file=False)
                _fill(write.path, text)
                barrier.wait()
                write.commit()
        except BaseException as error:
            problems.append(error)
            barrier.abort()
            raise

    threads = [threading.Thread(target=replace, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    texts = {line.partition("csv=")[2] for line in _content(target)}
    assert len(texts) == 1
    assert _names(tmp_path) == ["out"]


def test_a_reader_never_sees_a_missing_or_mixed_folder(tmp_path: Path, stage: Stage) -> None:
    """It opens the folder at any moment and finds one version of all files."""
    target = tmp_path / "out"
    is_over = threading.Event()
    seen: list[set[str]] = []

    def read() -> None:
        while not is_over.is_set():
            handle = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
            names = os.listdir(handle)  # noqa: PTH208 - a handle
            os.close(handle)
            # Emptied while it was open: this reader held the old version. A missing one raises.
            seen.append({name.partition("-")[0] for name in names})

    def replace(version: int) -> None:
        write = stage(target, is_single_file=False)
        write.path.mkdir()
        for part in range(3):
            (write.path / f"{version}-{part}.csv").touch()
        write.commit()

    replace(0)
    reader = threading.Thread(target=read)
    reader.start()
    for version in range(1, 100):
        replace(version)
    is_over.set()
    reader.join()

    assert len(seen) > 100
    assert all(len(versions) <= 1 for versions in seen)


def test_abort_from_another_thread_ends_a_write(tmp_path: Path, stage: Stage) -> None:
    """What the writer still adds is removed, or swept by the next run."""
    write = stage(tmp_path / "out", is_single_file=False)
    write.path.mkdir()
    is_over = threading.Event()

    def add_files() -> None:
        number = 0
        while not is_over.is_set():
            write.path.mkdir(parents=True, exist_ok=True)
            (write.path / f"{(number := number + 1)}.csv").touch()

    def add_until_it_fails() -> None:
        while not is_over.is_set():
            try:
                add_files()
            except OSError:
                continue

    writer = threading.Thread(target=add_until_it_fails)
    writer.start()
    write.abort()
    is_over.set()
    writer.join()
    stage(tmp_path / "out", is_single_file=False).abort()

    assert _names(tmp_path) == []


def test_what_is_written_shortly_after_an_abort_is_removed(tmp_path: Path, stage: Stage) -> None:
    """An engine's tasks end some time after their query has failed."""
    write = stage(tmp_path / "out", is_single_file=False)
    late = threading.Timer(0.02, lambda: write.path.mkdir(parents=True))
    late.start()
    write.abort()
    late.join()

    assert _names(tmp_path) == []


def test_a_file_system_without_locks_is_written_but_not_swept(
    tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether an owner lives cannot be known there."""

    def no_locks(_handle: int, _operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    (tmp_path / ".a.csv.aqueducts-other").mkdir()
    write = stage(tmp_path / "a.csv")
    write.path.write_text("new")
    write.commit()

    assert (tmp_path / "a.csv").read_text() == "new"
    assert (tmp_path / ".a.csv.aqueducts-other").exists()


def test_folders_made_for_a_write_that_cannot_begin_are_removed(
    tmp_path: Path, stage: Stage
) -> None:
    """The error is the system's."""
    with pytest.raises(StorageError, match="name too long"):
        stage(tmp_path / "new" / ("x" * 300) / "a.csv")

    assert _names(tmp_path) == []


def test_nothing_written_is_an_error(tmp_path: Path, stage: Stage) -> None:
    """The old file stays."""
    (tmp_path / "a.csv").write_text("old")

    with pytest.raises(StorageError, match=r"cannot write '.*a\.csv'"):
        stage(tmp_path / "a.csv").commit()
    assert (tmp_path / "a.csv").read_text() == "old"
    assert _names(tmp_path) == ["a.csv"]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
