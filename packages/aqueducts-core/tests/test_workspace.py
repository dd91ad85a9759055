"""The folder of a run: gone when the run is, and swept where the run died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aqueducts.errors import StorageError
from aqueducts.workspace import Workspace


def test_the_folder_lives_as_long_as_its_run(tmp_path: Path) -> None:
    """With everything in it, whatever ends the run."""

    def fail() -> None:
        with Workspace(tmp_path / "spill", "r1") as workspace:
            assert workspace.path == tmp_path / "spill" / "aqueducts-run-r1"
            (workspace.path / "sub").mkdir()
            (workspace.path / "sub" / "file").write_text("x")
            raise RuntimeError("broke")

    with pytest.raises(RuntimeError):
        fail()
    assert list((tmp_path / "spill").iterdir()) == []


def test_without_a_parent_it_is_in_the_systems_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all temporary files are."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Workspace(None, "r1") as workspace:
        assert workspace.path.parent == tmp_path


def test_removing_twice_does_no_harm(tmp_path: Path) -> None:
    """A run that is stopped may do so from two threads."""
    workspace = Workspace(tmp_path, "r1")
    with workspace:
        workspace.remove()
        workspace.remove()


def test_folders_of_the_living_are_left_alone(tmp_path: Path) -> None:
    """Runs may share a folder, in one process and in several."""
    with Workspace(tmp_path, "first") as first:
        (first.path / "file").write_text("x")
        with Workspace(tmp_path, "second"):
            assert (first.path / "file").exists()
        assert (first.path / "file").exists()


def test_folders_of_the_dead_are_swept(tmp_path: Path) -> None:
    """A process that was killed leaves its folder; the next run removes it."""
    program = (
        "import pathlib, sys, time\n"
        "from aqueducts.workspace import Workspace\n"
        f"with Workspace(pathlib.Path({str(tmp_path)!r}), 'dead') as workspace:\n"
        "    (workspace.path / 'file').write_text('x')\n"
        "    print('there', flush=True)\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        dead = tmp_path / "aqueducts-run-dead"
        with Workspace(tmp_path, "while alive"):
            assert (dead / "file").exists()
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert (dead / "file").exists()
    with Workspace(tmp_path, "next"):
        assert not dead.exists()


def test_what_was_written_while_a_folder_was_removed_is_swept(tmp_path: Path) -> None:
    """The lock is gone by then."""
    late = tmp_path / "aqueducts-run-0123456789ab" / "spill"
    late.mkdir(parents=True)
    (late / "file").write_text("x")
    with Workspace(tmp_path, "next"):
        assert not late.parent.exists()


def test_the_lock_is_removed_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in the middle of it, the folder still says that its run is dead."""
    workspace = Workspace(tmp_path, "r1")
    with workspace:
        (workspace.path / "spill").mkdir()
        (workspace.path / "file").write_text("x")
        with monkeypatch.context() as killed:
            killed.setattr("aqueducts.workspace.shutil.rmtree", lambda *_, **__: None)
            workspace.remove()
        assert {path.name for path in workspace.path.iterdir()} == {"spill", "lock"}
        workspace.remove()
    assert not workspace.path.exists()


def test_what_is_not_a_runs_folder_is_left_alone(tmp_path: Path) -> None:
    """Without a lock nobody knows whose it is."""
    (tmp_path / "aqueducts-run-other").mkdir()
    (tmp_path / "aqueducts-run-file").write_text("x")
    (tmp_path / "something").mkdir()
    with Workspace(tmp_path, "r1"):
        pass
    assert len(list(tmp_path.iterdir())) == 3


def test_folders_that_never_got_their_name_are_swept(tmp_path: Path) -> None:
    """Those of runs that were killed while they began, not of runs that begin right now."""
    old, new = tmp_path / ".aqueducts-unborn-old", tmp_path / ".aqueducts-unborn-new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "lock").touch()
    os.utime(old, (0, 0))

    with Workspace(tmp_path, "r1"):
        assert not old.exists()
        assert new.exists()


def test_a_place_where_no_folder_can_be_made(tmp_path: Path) -> None:
    """A wrong --spill-dir, or a full disk."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(StorageError, match="Not a directory") as error,
        Workspace(tmp_path / "file" / "spill", "r1"),
    ):
        pass
    assert "--spill-dir" in (error.value.hint or "")
