"""The kernel's wall around a worker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aqueducts_executor.worker.sandbox import wall_version

PROGRAM = """
import sys, threading
from aqueducts_executor.worker.sandbox import raise_wall
root, outside = sys.argv[1:]
assert raise_wall([root], [])
import datafusion
from pathlib import Path

def try_to(action):
    try:
        return str(action())
    except Exception as error:
        return type(error).__name__

context = datafusion.SessionContext()
print(try_to(lambda: Path(root, "in.csv").read_text().strip()))
print(try_to(lambda: context.read_csv(f"{root}/in.csv").count()))
print(try_to(lambda: Path(root, "new.csv").write_text("x")))
print(try_to(lambda: Path(root, "new.csv").replace(Path(root, "newer.csv"))))
print(try_to(lambda: Path(outside, "in.csv").read_text()))
print(try_to(lambda: Path(root, "linked", "in.csv").read_text()))
print(try_to(lambda: context.read_csv(f"{root}/linked/in.csv").count()))
print(try_to(lambda: Path(outside, "new.csv").write_text("x")))
print(try_to(lambda: Path("/etc/passwd").read_text()))
print(try_to(lambda: Path("/proc/1/environ").read_bytes()))
"""


@pytest.mark.skipif(wall_version() == 0, reason="this kernel has no Landlock")
def test_wall_holds_python_and_the_engine(tmp_path: Path) -> None:
    """Inside everything works; outside nothing does, whatever opens it."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root, outside):
        folder.mkdir()
        (folder / "in.csv").write_text("a\n1\n", encoding="utf-8")
    (root / "linked").symlink_to(outside)
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(root), str(outside)],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = found.stdout.splitlines()
    assert lines[:3] == ["a", "1", "1"]
    assert lines[3:5] == ["1", f"{root}/newer.csv"]
    assert lines[5:7] == ["PermissionError", "PermissionError"]
    assert lines[7] not in ("0", "1")
    assert lines[8:] == ["PermissionError"] * 3
    assert not (outside / "new.csv").exists()
