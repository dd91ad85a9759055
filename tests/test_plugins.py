"""A plugin as a stranger publishes it: installed as a wheel, found from outside, used by name."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import aqueducts

COMMAND = str(Path(sys.executable).with_name("aqueducts"))


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def test_it_is_found_and_described() -> None:
    """`aqueducts plugins` names the distribution, its version and what it offers."""
    shown = _run(Path.cwd(), "plugins").stdout

    for text in ("aqueducts-fixedwidth", "1.2.3", "countdown", "digest", "fixed_width", "widths"):
        assert text in shown


def test_its_source_and_destination_run(tmp_path: Path) -> None:
    """A cursor that can be read once streams into a destination that keeps a fingerprint."""
    pipeline = aqueducts.Pipeline.from_dict(
        {
            "sources": [{"type": "countdown", "name": "down", "start": 2500}],
            "stages": [
                [{"name": "odd", "query": "SELECT n FROM down WHERE NOT is_even ORDER BY n"}]
            ],
            "destination": {"type": "digest", "name": "d", "location": str(tmp_path / "d.txt")},
        }
    )

    result = aqueducts.run_sync(pipeline)

    expected = hashlib.sha256()
    for n in range(1, 2500, 2):
        expected.update(repr({"n": n}).encode())
    assert result.rows == 1250
    assert (tmp_path / "d.txt").read_text() == f"1250 {expected.hexdigest()}\n"


def test_its_one_time_source_is_kept_where_it_is_read_twice(tmp_path: Path) -> None:
    """Two uses of rows that can be read once see the same rows."""
    pipeline = aqueducts.Pipeline.from_dict(
        {
            "sources": [{"type": "countdown", "name": "down", "start": 100}],
            "stages": [
                [
                    {"name": "low", "query": "SELECT n FROM down WHERE n <= 50"},
                    {"name": "high", "query": "SELECT n FROM down WHERE n > 50"},
                ],
                [{"name": "both", "query": "SELECT * FROM low UNION ALL SELECT * FROM high"}],
            ],
            "destination": {"type": "digest", "name": "d", "location": str(tmp_path / "d.txt")},
        }
    )

    assert aqueducts.run_sync(pipeline).rows == 100


def test_its_file_format_reads_and_writes(tmp_path: Path) -> None:
    """The built-in file source and destination take the stranger's format, by its alias too."""
    (tmp_path / "in.fwf").write_text("ada  1815\ngrace1906\n")
    (tmp_path / "p.yml").write_text(
        """
sources:
  - type: file
    name: people
    location: in.fwf
    format: {type: fwf, options: {widths: {name: 5, born: 4}}}
stages: [[{name: later, query: "SELECT name, born FROM people WHERE born > '1850'"}]]
destination:
  type: file
  name: out
  location: out.fwf
  format: {type: fixed_width, options: {widths: {born: 6, name: 6}}}
"""
    )

    done = _run(tmp_path, "run", "p.yml", "-q")

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.fwf").read_text() == "1906  grace \n"


def test_its_check_refuses_before_anything_is_written(tmp_path: Path) -> None:
    """A column without a width is an error that names it; the target is as it was."""
    (tmp_path / "out.fwf").write_text("old")
    (tmp_path / "p.yml").write_text(
        """
sources: [{type: countdown, name: down, start: 3}]
stages: [[{name: s, query: SELECT n AS tall FROM down}]]
destination:
  {type: file, name: out, location: out.fwf, format: {type: fwf, options: {widths: {a: 1}}}}
"""
    )

    done = _run(tmp_path, "run", "p.yml")

    assert done.returncode == 1
    assert "fixed_width has no width for: tall" in done.stderr
    assert (tmp_path / "out.fwf").read_text() == "old"


def test_its_command_is_one_of_ours(tmp_path: Path) -> None:
    """`aqueducts widths` runs, and the help lists it."""
    (tmp_path / "lines.txt").write_text("four\nseven77\n")

    assert _run(tmp_path, "widths", "lines.txt").stdout == "4\n7\n"
    assert "widths" in _run(tmp_path, "--help").stdout


def test_its_fields_are_in_the_schema() -> None:
    """Editors complete the fields of the stranger's source."""
    assert '"countdown"' in _run(Path.cwd(), "schema").stdout
