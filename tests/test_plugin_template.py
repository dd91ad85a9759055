"""`aqueducts init --plugin` writes a distribution that builds, is sound, and passes its tests."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

KINDS = (
    *("source", "destination", "format", "store", "secret", "function", "command"),
    *("doctor", "listener"),
)


def _run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"} | environment,
    )


def _make(folder: Path, name: str, *kinds: str) -> Path:
    done = _run(folder, "aqueducts", "init", "--plugin", name, "--kind", ",".join(kinds))
    assert done.returncode == 0, done.stderr
    return folder / f"aqueducts-{name}"


@pytest.mark.parametrize("kinds", [KINDS, *[(kind,) for kind in KINDS]], ids=",".join)
def test_it_is_clean(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    """Its own settings of the linter, the formatter and the type checker find nothing."""
    for name in ("x", "twenty-four-letters-long"):
        project = _make(tmp_path, name, *kinds)
        for tool in (("ruff", "check"), ("ruff", "format", "--check")):
            done = _run(project, *tool, "--no-cache")
            assert done.returncode == 0, done.stdout
    done = _run(tmp_path / "aqueducts-x", "mypy", "src", "tests", "--no-incremental")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_it_builds_and_passes_its_tests(tmp_path: Path) -> None:
    """Built and installed without a network, all that it offers keeps the contract."""
    project = _make(tmp_path, "my-things", *KINDS)
    built = _run(project, "hatchling", "build", "-t", "wheel")
    assert built.returncode == 0, built.stderr
    [wheel] = (project / "dist").glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    assert (site / "aqueducts_my_things" / "py.typed").is_file()
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])

    tested = _run(project, "pytest", "-q", "-p", "no:cacheprovider", PYTHONPATH=path)
    assert tested.returncode == 0, tested.stdout
    assert "skipped" not in tested.stdout

    listed = _run(project, "aqueducts", "plugins", "--output", "json", PYTHONPATH=path)
    assert '"aqueducts-my-things"' in listed.stdout
    counted = _run(project, "aqueducts", "my-things", "README.md", PYTHONPATH=path)
    lines = (project / "README.md").read_text(encoding="utf-8").splitlines()
    assert counted.stdout == f"{len(lines)}\n"
