"""What is in the built distributions: everything a user needs, and nothing else."""

import re
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
IMPORT_NAMES = {
    "aqueducts-core": "aqueducts",
    "aqueducts-executor": "aqueducts_executor",
    "aqueducts-odbc": "aqueducts_odbc",
    "aqueducts-delta": "aqueducts_delta",
    "aqueducts-cloud": "aqueducts_cloud",
}
distributions = pytest.mark.parametrize("name", IMPORT_NAMES)


def test_there_is_one_wheel_and_one_sdist_each() -> None:
    """The folder holds what would be published, once."""
    built = sorted(path.name for path in (ROOT / "dist").glob("aqueducts*"))
    stems = [name.replace("-", "_") for name in IMPORT_NAMES]
    version = _metadata("aqueducts-core")["Version"]
    assert built == sorted(
        f"{stem}-{version}{suffix}" for stem in stems for suffix in ("-py3-none-any.whl", ".tar.gz")
    )


@distributions
def test_wheel_holds_its_own_package_only(name: str) -> None:
    """No tests, no stray files, no part of a sibling."""
    folders = {path.split("/")[0] for path in _wheel_files(name)}
    version = _metadata(name)["Version"]
    assert folders == {IMPORT_NAMES[name], f"{name.replace('-', '_')}-{version}.dist-info"}


@distributions
def test_wheel_holds_every_file_of_the_package(name: str) -> None:
    """What is in the source tree is in the wheel, the marker for type checkers included."""
    source = ROOT / "packages" / name / "src"
    expected = {
        str(path.relative_to(source))
        for path in source.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert f"{IMPORT_NAMES[name]}/py.typed" in expected
    assert expected == {path for path in _wheel_files(name) if ".dist-info/" not in path}


@distributions
def test_wheel_carries_the_license(name: str) -> None:
    """The text of the license travels with the code."""
    assert any(path.endswith(".dist-info/licenses/LICENSE") for path in _wheel_files(name))
    assert _metadata(name)["License-Expression"] == "Apache-2.0"


@distributions
def test_metadata_pins_siblings_to_the_same_version(name: str) -> None:
    """A mix of versions cannot be installed."""
    metadata = _metadata(name)
    requirements = [Requirement(line) for line in metadata.get_all("Requires-Dist") or []]
    siblings = [r for r in requirements if r.name in IMPORT_NAMES]
    assert siblings
    assert {str(r.specifier) for r in siblings} == {f"=={metadata['Version']}"}
    assert metadata["Requires-Python"] == ">=3.11"


@pytest.mark.parametrize("name", ["aqueducts-core", "aqueducts-executor"])
def test_extras_are_feature_flags(name: str) -> None:
    """The same extras, with the same meaning, on the command and on the server."""
    extras = set(_metadata(name).get_all("Provides-Extra") or [])
    kit = {"testing"} if name == "aqueducts-core" else set()
    assert extras - kit == {"all", "azure", "delta", "gcs", "odbc", "s3"}
    assert kit <= extras


@distributions
def test_only_what_is_run_has_a_command(name: str) -> None:
    """Installing a connector adds no command."""
    entry_points = next((f for f in _wheel_files(name) if f.endswith("/entry_points.txt")), None)
    text = _read(name, entry_points) if entry_points else ""
    has_command = name in ("aqueducts-core", "aqueducts-executor")
    assert ("[console_scripts]" in text) == has_command


@distributions
def test_sdist_can_be_built_from(name: str) -> None:
    """The source archive holds the package, its tests and regular files only."""
    (archive,) = (ROOT / "dist").glob(f"{name.replace('-', '_')}-*.tar.gz")
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
    assert all(member.isfile() for member in members)
    tops = {re.sub(r"^[^/]+/", "", member.name).split("/")[0] for member in members}
    assert tops - {".gitignore"} == {
        "LICENSE",
        "PKG-INFO",
        "README.md",
        "pyproject.toml",
        "src",
        "tests",
    }


def _wheel(name: str) -> Path:
    (path,) = (ROOT / "dist").glob(f"{name.replace('-', '_')}-*.whl")
    return path


def _wheel_files(name: str) -> list[str]:
    with zipfile.ZipFile(_wheel(name)) as wheel:
        return wheel.namelist()


def _read(name: str, path: str) -> str:
    with zipfile.ZipFile(_wheel(name)) as wheel:
        return wheel.read(path).decode()


def _metadata(name: str) -> Message:
    (path,) = (f for f in _wheel_files(name) if f.endswith(".dist-info/METADATA"))
    return Parser().parsestr(_read(name, path))
