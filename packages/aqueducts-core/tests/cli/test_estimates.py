"""What `plan` thinks that a run takes, beside what the run takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

ROWS = 1_000_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Parquet files of about 50 MB each in memory."""
    folder = tmp_path_factory.mktemp("estimates")
    numbers = pa.array(range(ROWS), pa.int64())
    text = pc.utf8_lpad(pc.cast(pc.multiply(numbers, 7919), pa.string()), 40, "x")
    table = pa.table({"k": numbers, "v": pc.cast(numbers, pa.float64()), "s": text})
    for name in ("rows", "others"):
        pq.write_table(table, folder / f"{name}.parquet", use_dictionary=False)
    return folder


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM rows",
        "SELECT * FROM rows ORDER BY s DESC",
        "SELECT s, sum(v) AS v FROM rows GROUP BY s",
        "SELECT r.*, o.s AS t FROM rows r JOIN others o ON r.k = o.k",
        "SELECT k, s, last_value(k) OVER () AS last FROM rows",
    ],
    ids=["copy", "sort", "group", "join", "window"],
)
def test_estimates_are_of_the_right_size(home: Path, query: str) -> None:
    """The upper end is between a third and twice of what the process takes."""
    (home / "p.yml").write_text(
        "sources:\n"
        "  - {type: file, name: rows, format: {type: parquet}, location: rows.parquet}\n"
        "  - {type: file, name: others, format: {type: parquet}, location: others.parquet}\n"
        f"stages:\n  - - {{name: s, query: {json.dumps(query)}}}\n"
        "destination: {type: file, name: out, location: out.parquet, format: {type: parquet}}\n"
    )
    memory = told(home, "plan")["memory"]
    assert memory["is_complete"]
    peak = told(home, "run")["peak_memory_bytes"]
    assert peak / 3 < memory["high_bytes"] < peak * 2


def told(home: Path, verb: str) -> Any:
    """What a command writes as JSON."""
    command = [sys.executable, "-m", "aqueducts", verb, "p.yml", "--output", "json"]
    ended = subprocess.run(
        [*command, "--threads", "2"],
        cwd=home,
        env={name: text for name, text in os.environ.items() if "COVERAGE" not in name},
        stdout=subprocess.PIPE,
        timeout=100,
        check=True,
    )
    return json.loads(ended.stdout)
