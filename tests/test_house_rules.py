"""Rules of the house that no linter knows."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted(ROOT.glob("packages/*"))
MODULES = sorted(ROOT.glob("packages/*/src/**/*.py"))

LINE_CEILING = 500
"""A module that needs more lines holds more than one idea."""

VAGUE_NAMES = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}

ENGINE = {"datafusion", "deltalake", "pyarrow"}

DOTTED = "."
REGISTRY_HOSTS = [
    DOTTED.join(words)
    for words in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("anaconda", "org"),
        ("crates", "io"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("rubygems", "org"),
        ("proxy", "golang", "org"),
        ("maven", "apache", "org"),
    )
]
"""Where packages come from is a matter of the machine; spelt in pieces, or this file would break
its own rule."""


def test_there_is_something_to_check() -> None:
    """The other tests would pass on an empty tree."""
    assert len(PACKAGES) >= 5
    assert MODULES


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_are_short(module: Path) -> None:
    """No module is longer than the ceiling."""
    assert len(module.read_text(encoding="utf-8").splitlines()) <= LINE_CEILING


def test_modules_are_named_after_something() -> None:
    """No module has a name that could hold anything."""
    vague = [
        str(path.relative_to(ROOT))
        for path in [*MODULES, *(path.parent for path in MODULES)]
        if path.stem.strip("_") in VAGUE_NAMES
    ]
    assert not vague


def test_versions_move_in_lockstep() -> None:
    """All distributions carry one version, in their metadata and in their code."""
    versions = set()
    for package in PACKAGES:
        (init,) = package.glob("src/*/__init__.py")
        in_code = re.search(r'^__version__ = "(.+)"$', init.read_text("utf-8"), re.MULTILINE)
        assert in_code, f"{init} has no __version__"
        versions |= {in_code[1], _project(package)["version"]}
        versions.add(importlib.metadata.version(package.name))
    assert len(versions) == 1


def test_siblings_are_pinned_exactly() -> None:
    """A distribution only ever asks for its siblings in its own version."""
    loose = []
    for package in PACKAGES:
        project = _project(package)
        extras = project.get("optional-dependencies", {}).values()
        pin = f"=={project['version']}"
        loose += [
            f"{package.name}: {requirement}"
            for requirement in chain(project["dependencies"], *extras)
            if requirement.startswith("aqueducts") and not requirement.endswith(pin)
        ]
    assert not loose


def test_licenses_are_the_same() -> None:
    """Each distribution carries the license of the whole."""
    expected = (ROOT / "LICENSE").read_bytes()
    assert all((package / "LICENSE").read_bytes() == expected for package in PACKAGES)


def test_no_committed_file_names_a_package_registry() -> None:
    """Pins and documents hold wherever packages come from."""
    found = []
    for path in _committed_files():
        text = path.read_bytes().decode(errors="replace").lower()
        found += [f"{path.relative_to(ROOT)}: {host}" for host in REGISTRY_HOSTS if host in text]
    assert not found


def test_everything_installed_is_pinned() -> None:
    """What the tests run with is what the constraints name, with a hash for each."""
    text = (ROOT / "requirements/constraints.txt").read_text(encoding="utf-8")
    pins = set(re.findall(r"^(\S+==\S+).*\\\n +--hash=sha256:", text, re.MULTILINE))
    own = {package.name for package in PACKAGES} | {
        _project(plugin.parent)["name"] for plugin in ROOT.glob("tests/plugins/*/pyproject.toml")
    }
    installed = {
        f"{name}=={distribution.version}"
        for distribution in importlib.metadata.distributions()
        if (name := re.sub(r"[-_.]+", "-", distribution.name).lower()) not in own
    }
    assert installed <= pins


@pytest.mark.parametrize(
    ("option", "unwanted"),
    [
        ("--version", ENGINE | {"pydantic", "sqlglot"}),
        # Help lists the commands of plugins, and their modules import their models.
        ("--help", ENGINE | {"sqlglot"}),
    ],
)
def test_the_command_answers_without_loading_the_engine(option: str, unwanted: set[str]) -> None:
    """Help and version come at once: no engine, no Arrow, no driver is imported for them."""
    probe = (
        "import atexit, sys\n"
        "from aqueducts.cli import main\n"
        f"atexit.register(lambda: print(sorted({unwanted!r} & set(sys.modules))))\n"
        f"sys.argv = ['aqueducts', {option!r}]\n"
        "sys.exit(main())\n"
    )
    completed = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stderr
    assert completed.stdout.splitlines()[-1] == "[]"


def test_files_are_listed_without_git(tmp_path: Path) -> None:
    """The list of files falls back to the tree where there is no git (an unpacked archive)."""
    (tmp_path / "a.txt").touch()
    (tmp_path / ".tox").mkdir()
    (tmp_path / ".tox/b.txt").touch()
    assert _files_without_git(tmp_path) == [tmp_path / "a.txt"]


def _project(package: Path) -> dict[str, Any]:
    text = (package / "pyproject.toml").read_text(encoding="utf-8")
    project: dict[str, Any] = tomllib.loads(text)["project"]
    return project


def _committed_files() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        return _files_without_git(ROOT)
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in names.split("\0") if name and (path := ROOT / name).is_file()]


def _files_without_git(root: Path) -> list[Path]:
    ignored = {".git", ".make", ".tox", ".venv", "__pycache__", "build", "dist", "site"}
    return sorted(
        path
        for path in root.rglob("*")
        if path.is_file() and not ignored & set(path.relative_to(root).parts)
    )
