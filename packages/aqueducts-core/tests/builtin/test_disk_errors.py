"""Full disks and missing permissions: the old target stays, the error says what to do."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from aqueducts.builtin.os_errors import is_about_storage, storage_error

_WRITE_TOO_MUCH = """
import resource, sys
from types import SimpleNamespace
import pyarrow as pa
from aqueducts.builtin import plugin
from aqueducts.builtin.local_store import LocalStoreType
from aqueducts.errors import StorageError
from aqueducts.plugins import Plugins

plugins = Plugins.of(builtin=plugin)
document = plugins.pipeline_model().model_validate({"destination": {
    "type": "file", "name": "out", "location": sys.argv[1], "format": {"type": "csv"}}})
formats = {tag: each() for tag, each in plugins.file_formats.items()}
destination = plugins.destinations["file"](document.destination, formats)
context = SimpleNamespace(run_id="1", staged=lambda write: None, reveal=str,
    store=lambda location, options: LocalStoreType().open(location, {}))

class Frame:
    schema = pa.schema([("a", pa.int64())])
    def write_files(self, path, writer, *, is_single_file, partition_columns):
        with path.open("wb") as file:
            for _ in range(64):
                file.write(b"1\\n" * 65536)

destination.prepare(context)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    destination.write(Frame(), context)
except StorageError as error:
    print(error)
"""

_WRITE_WITHOUT_PERMISSION = """
import os, sys
from types import SimpleNamespace
from aqueducts.builtin.local_store import LocalStoreType
from aqueducts.errors import StorageError
if os.getuid() == 0:  # who may write everywhere
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
context = SimpleNamespace(run_id="1", staged=lambda write: None)
for name in ("a.csv", "new/a.csv", "old.csv"):
    store = LocalStoreType().open(os.path.join(sys.argv[1], name), {})
    for call in (
        lambda: store.check_target(is_single_file=True, extensions=(".csv",)),
        lambda: store.stage(context, is_single_file=True),
    ):
        try:
            call()
        except StorageError as error:
            print(str(error).replace(chr(10), " "))
"""


def _run(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_disk_that_takes_no_more_leaves_the_old_file(tmp_path: Path) -> None:
    """A limit on file sizes fails like a full disk, in every container."""
    target = tmp_path / "out.csv"
    target.write_text("old")
    output = _run(_WRITE_TOO_MUCH, str(target))

    assert "cannot write" in output
    assert "larger than the limit" in output
    assert target.read_text() == "old"
    assert _names(tmp_path) == ["out.csv"]


@pytest.fixture
def readable_folder() -> Iterator[Path]:
    """Return a folder that another user can look into; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "old.csv").write_text("old")
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


def test_a_folder_without_permission_to_write(readable_folder: Path) -> None:
    """Found before anything is read, and once more when writing begins."""
    output = _run(_WRITE_WITHOUT_PERMISSION, str(readable_folder)).splitlines()

    assert len(output) == 6
    assert all("ermission" in line and str(readable_folder) in line for line in output)
    assert all("help: give this user the permission" in line for line in output)
    assert _names(readable_folder) == ["old.csv"]


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.ENOSPC, "disk is full"), (errno.EDQUOT, "quota"), (errno.EROFS, "read only")],
)
def test_what_the_system_says_gets_advice(number: int, advice: str) -> None:
    """With the path, and what was being done."""
    error = OSError(number, os.strerror(number))
    told = storage_error(error, "/a", "write")

    assert is_about_storage(error)
    assert str(told).startswith("cannot write '/a': ")
    assert advice in str(told)


def test_other_errors_are_not_taken_for_the_disks() -> None:
    """A broken connection is an OSError as well."""
    assert not is_about_storage(ConnectionResetError(errno.ECONNRESET, "reset"))
    assert storage_error(OSError("odd"), "/a", "read").message == "cannot read '/a': odd"


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
