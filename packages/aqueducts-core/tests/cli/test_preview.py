"""`aqueducts preview`: forms of its output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from aqueducts.cli.exit_codes import ExitCode

TYPES = """\
stages:
  - - name: types
      query: >
        SELECT 1 AS i, 1.5 AS f, 'NaN'::double AS nan, 'a"b' AS t, true AS b,
        1.10::decimal(5,2) AS d, DATE '2024-05-01' AS day,
        TIMESTAMP '2024-05-01T10:00:00' AS at, X'00ff' AS bytes,
        [1, 2] AS list, struct(DATE '2024-05-01' AS x, X'ff' AS y) AS st, NULL AS nothing
"""


@pytest.fixture
def show(folder: Path, invoke: Any) -> Any:
    """Preview in the folder; returns standard output."""

    def run(*arguments: str) -> str:
        result = invoke("preview", "pipeline.yml", "-p", "min=0", *arguments)
        assert (result.exit_code, result.stderr) == (0, "")
        return str(result.stdout)

    return run


def test_a_table_for_people(show: Any) -> None:
    """As `show` prints it, with how many rows there are."""
    text = show("people", "--limit", "1")
    assert text.startswith("people: first rows\n")
    assert "│ Ann    │    31 │ Rome   │" in text
    assert text.endswith("1 row (more left out)\n")


def test_csv_has_a_header(show: Any) -> None:
    """A null is empty."""
    assert (
        show("people", "--output", "csv") == "name,age,city\nAnn,31,Rome\nBob,,Oslo\nCyd,54,Rome\n"
    )


def test_arrow_is_a_stream(folder: Path, run_process: Any) -> None:
    """With the types of the columns."""
    import subprocess
    import sys

    command = ["preview", "pipeline.yml", "-p", "min=0", "people", "-n2", "--output", "arrow"]
    done = subprocess.run(
        [sys.executable, "-m", "aqueducts", *command], capture_output=True, check=True, timeout=60
    )
    table = pa.ipc.open_stream(done.stdout).read_all()
    assert table.schema.types == [pa.string(), pa.int64(), pa.string()]
    assert table.num_rows == 2


def test_json_keeps_values(folder: Path, invoke: Any) -> None:
    """What JSON has no form for is text."""
    (folder / "types.yml").write_text(TYPES)
    result = invoke("preview", "types.yml", "--output", "json")
    document = json.loads(result.stdout)
    assert (document["schema_version"], document["name"], document["kind"]) == (1, "types", "stage")
    assert document["has_more"] is False
    names = [column["name"] for column in document["columns"]]
    [row] = document["rows"]
    assert dict(zip(names, row, strict=True)) == {
        "i": 1,
        "f": 1.5,
        "nan": "nan",
        "t": 'a"b',
        "b": True,
        "d": "1.10",
        "day": "2024-05-01",
        "at": "2024-05-01 10:00:00.000000000",
        "bytes": "00ff",
        "list": [1, 2],
        "st": {"x": "2024-05-01", "y": "ff"},
        "nothing": None,
    }


def test_the_stage_may_stand_behind_an_option(folder: Path, invoke: Any) -> None:
    """With `--file` the one argument is the stage."""
    result = invoke("preview", "-f", "pipeline.yml", "people", "-n1", "-p", "min=1", "--output=csv")
    assert result.stdout == "name,age,city\nAnn,31,Rome\n"


def test_errors_have_their_exit_codes(folder: Path, invoke: Any) -> None:
    """A name that is not there is a usage error; a source that is not there cannot be reached."""
    unknown = invoke("preview", "pipeline.yml", "-p", "min=0", "adult")
    assert unknown.exit_code == ExitCode.USAGE
    assert "did you mean 'adults'?" in unknown.stderr
    (folder / "people.csv").unlink()
    missing = invoke("preview", "pipeline.yml", "-p", "min=0")
    assert missing.exit_code == ExitCode.UNREACHABLE
    assert missing.stdout == ""


def test_too_little_memory_is_a_usage_error(folder: Path, invoke: Any) -> None:
    """As for a run; 0 means no limit."""
    given = ("preview", "pipeline.yml", "-p", "min=0", "people", "--output", "csv", "--max-memory")
    assert invoke(*given, "10MB").exit_code == ExitCode.USAGE
    assert invoke(*given, "0").exit_code == ExitCode.DONE
