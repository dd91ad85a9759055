"""A limit of memory in a process that nobody else watches: the Python API's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

PROGRAM = """\
import os
import sys
os.environ["MIMALLOC_TARGET_SEGMENTS_PER_THREAD"] = "4"  # as docs/memory.md says

import aqueducts
import datafusion
from aqueducts.errors import OutOfMemoryError
from aqueducts.memory import peak_memory_bytes
from aqueducts.results import RunSettings

def run(query, limit):
    settings = RunSettings(max_memory_bytes=limit, spill_dir="spill", threads=2)
    pipeline = aqueducts.load("p.yml", params={"query": query})
    session = datafusion.SessionContext()
    return aqueducts.run_sync(pipeline, settings=settings, session=session)

try:
    run(sys.argv[1], 400_000_000)
except OutOfMemoryError as error:
    print(error.step, error.operator)
    print(error.message)
    print(peak_memory_bytes())
print(run("SELECT count(*) AS n FROM rows", 800_000_000).rows)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with about 330 MB of rows, an old target and a pipeline."""
    rows = 3_000_000
    numbers = pa.array(range(rows), pa.int64())
    text = pc.utf8_lpad(pc.cast(numbers, pa.string()), 100, "x")
    table = pa.table({"k": numbers, "text": text})
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=65_536)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "out.parquet").write_text("old")
    return tmp_path


def attempt(home: Path, query: str, kind: str) -> list[str]:
    """What the program prints."""
    (home / "p.yml").write_text(
        "sources:\n"
        "  - {type: file, name: rows, format: {type: parquet}, location: rows.parquet}\n"
        "stages:\n"
        "  - - {name: wide, query: '${query}'}\n"
        f"destination: {{name: out, {kind}}}\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, query],
        cwd=home,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def test_a_run_ends_itself_short_of_its_limit(home: Path) -> None:
    """With an error for the caller, whose process goes on; here a table in memory grows."""
    place, message, peak, counted = attempt(home, "SELECT * FROM rows", "type: in_memory")
    assert place.startswith("wide ")
    assert "does not fit in 400MB (the run was ended when it held" in message
    # A thread of the same process looks: where the machine is busy, it may come a little late.
    assert int(peak) < 500_000_000
    assert counted == "1"


def test_a_step_that_cannot_be_stopped_ends_with_the_error_too(home: Path) -> None:
    """An operator may copy all it holds at once: the limit is passed, and the run ends then."""
    query = "SELECT k, text, percent_rank() OVER (ORDER BY k) AS total FROM rows"
    target = "type: file, location: out/out.parquet, format: {type: parquet}"
    place, message, _, counted = attempt(home, query, target)
    assert place.startswith("wide ")
    assert message.startswith("out of memory: the ")
    assert "does not fit in 400MB (the run was ended when it held" in message
    assert counted == "1"
    assert [path.name for path in (home / "out").iterdir()] == ["out.parquet"]
    assert list((home / "spill").iterdir()) == []
