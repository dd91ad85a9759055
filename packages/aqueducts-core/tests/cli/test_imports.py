"""What the command does not import: start-up is a feature, and imports are most of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_FOR_SOME_PIPELINES_ONLY = {
    "ctypes",  # interval types
    "numpy",
    "pandas",
    "pyarrow.compute",
    "pyarrow.csv",
    "pyarrow.dataset",  # cursors and APIs
    "pyarrow.json",
    "sqlglot",  # several sources or stages
    "tomllib",
}

_FOR_MISTAKES = {"difflib", "structlog", "traceback"}

_FOR_TERMINALS = {"rich"}

_FOR_RUNS = {"datafusion", "msgspec", "pyarrow", "pydantic", "yaml"}

_LISTED = "atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))"
"""The last line of standard error is then what the process imported."""


def _imported(code: str, *arguments: str) -> set[str]:
    """Modules that are imported when a process with that code ends."""
    done = subprocess.run(
        [sys.executable, "-c", f"import atexit, sys; {_LISTED}; {code}", *arguments],
        check=True,
        capture_output=True,
        text=True,
        # Coverage would import what the command does not.
        env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")},
    )
    return set(done.stderr.splitlines()[-1].split())


_COMMAND = "from aqueducts.cli import main; main()"


def test_a_trivial_run_imports_only_what_it_needs(tmp_path: Path) -> None:
    """One CSV file, one query, one Parquet file: no SQL parser, no datasets, no live display."""
    (tmp_path / "in.csv").write_text("a,b\n1,2\n")
    (tmp_path / "pipeline.yml").write_text(
        f"""\
sources:
  - {{type: file, name: t, format: {{type: csv}}, location: {tmp_path}/in.csv}}
stages:
  - - {{name: s, query: 'SELECT a, sum(b) AS b FROM t GROUP BY a'}}
destination:
  {{type: file, name: out, location: {tmp_path}/out.parquet, format: {{type: parquet}}}}
"""
    )
    imported = _imported(_COMMAND, "run", str(tmp_path / "pipeline.yml"))
    assert "datafusion" in imported
    assert (tmp_path / "out.parquet").exists()
    # Where pandas is installed, the engine's own package imports it, and much with it.
    ours = imported - _imported("import datafusion")
    assert not ours & (_FOR_SOME_PIPELINES_ONLY | _FOR_MISTAKES | _FOR_TERMINALS)


def test_the_version_needs_no_libraries() -> None:
    """It is told without the engine, the models and the plugins."""
    imported = _imported(_COMMAND, "--version")
    assert "aqueducts.cli.group" in imported
    assert not imported & (_FOR_SOME_PIPELINES_ONLY | _FOR_TERMINALS | _FOR_RUNS)
