"""A pipeline that runs, and the command in this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result

from aqueducts.cli.group import cli

Invoke: TypeAlias = Callable[..., Result]
RunProcess: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]

PIPELINE = """\
sources:
  - type: file
    name: people
    format: {type: csv}
    location: people.csv
stages:
  - - name: adults
      query: select name, age, city from people where age > ${min} order by name
      show: 2
  - - name: cities
      query: select city, count(*) as n from adults group by city order by city
destination:
  type: file
  name: out
  location: out.csv
  format: {type: csv}
"""

SLOW_PIPELINE = """\
sources:
  - {type: file, name: numbers, format: {type: csv}, location: numbers.csv}
stages:
  - - name: pairs
      query: >
        select count(*) as n from numbers a join numbers b on a.i + b.i > 5 and a.i * b.i > 7
destination: {type: file, name: out, location: out.csv, format: {type: csv}}
"""
"""A join that takes hours and does not yield."""


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AQUEDUCTS_") or name in ("CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
            monkeypatch.delenv(name)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with `pipeline.yml` and what it reads."""
    (tmp_path / "pipeline.yml").write_text(PIPELINE)
    (tmp_path / "people.csv").write_text("name,age,city\nAnn,31,Rome\nBob,,Oslo\nCyd,54,Rome\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def slow_folder(folder: Path) -> Path:
    """The same with `slow.yml`."""
    (folder / "slow.yml").write_text(SLOW_PIPELINE)
    (folder / "numbers.csv").write_text("i\n" + "\n".join(map(str, range(300_000))) + "\n")
    return folder


@pytest.fixture
def invoke() -> Invoke:
    """The command in this process; returns exit code, stdout and stderr."""

    def run(*arguments: str, text: str | bytes | None = None) -> Result:
        return CliRunner().invoke(cli, arguments, input=text, prog_name="aqueducts")

    return run


@pytest.fixture
def run_process() -> RunProcess:
    """The command in a process of its own."""

    def run(
        *arguments: str, text: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "aqueducts", *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, **environment},
            check=False,
        )

    return run
