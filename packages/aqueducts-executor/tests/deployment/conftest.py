"""The image, built from the Dockerfile on a base of Debian's packages, and containers of it.

No registry is asked: the base is made by mmdebstrap, the wheels of others are fetched once. Both
are kept in the user's cache, outside of the checkout, under names that tell what they are made of.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[4]

BASE = "localhost/debian-python:bookworm"
IMAGE = "localhost/aqueducts-executor:test"

_TOOLS = ("buildah", "podman", "runc", "mmdebstrap")

_BASE_PACKAGES = "python3,python3-venv,ca-certificates,libsqliteodbc,odbc-postgresql,unixodbc"
"""The drivers are there already, so that a build fetches lists of packages at most."""

_OPTIONS = (
    # Machines may be ahead of the archive that they see.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    '--aptopt=Acquire::Check-Date "false"',
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
)


@dataclass(frozen=True)
class Containers:
    """Images and containers in a folder of their own."""

    folder: Path

    def podman(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Call podman."""
        return _call([*self._command("podman"), *self._runtime(), *arguments], check=check)

    def buildah(self, *arguments: str) -> None:
        """Call buildah."""
        _call([*self._command("buildah"), *arguments])

    def inspect(self, image: str) -> dict[str, Any]:
        """What an image says of itself."""
        (found,) = json.loads(self.podman("inspect", "--type", "image", image).stdout)
        assert isinstance(found, dict)
        return found

    def run(self, *arguments: str) -> str:
        """Start a container as a cluster would, and return its id."""
        # Not where there is no systemd: a timer for HEALTHCHECK, and limits above our own.
        limits = ["--no-healthcheck", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]
        safe = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "all"]
        safe += ["--security-opt", "no-new-privileges"]
        return self.podman("run", "--detach", *limits, *safe, *arguments).stdout.strip()

    def remove(self) -> None:
        """Leave nothing mounted and nothing on the disk."""
        self.podman("rm", "--force", "--all", check=False)
        _call(["umount", str(self.folder / "root" / "overlay")], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _command(self, tool: str) -> list[str]:
        root, runs = self.folder / "root", self.folder / "runs"
        return [tool, "--root", str(root), "--runroot", str(runs), "--storage-driver", "overlay"]

    def _runtime(self) -> list[str]:
        return ["--runtime", shutil.which("runc") or "runc", "--cgroup-manager", "cgroupfs"]


def _call(
    command: list[str], *, check: bool = True, **options: Any
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=800, **options
    )
    if check and done.returncode:
        pytest.fail(f"{' '.join(command[:8])} ...: {done.stdout[-2000:]}{done.stderr[-3000:]}")
    return done


def _needed() -> None:
    """Skip where the tools are missing, but not in CI."""
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    reason = ""
    if missing:
        reason = f"install {', '.join(missing)} (system-packages-test.txt)"
    elif os.geteuid() != 0:
        reason = "building the base and running containers of it needs root"
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    """A place with the image in it; gone afterwards."""
    _needed()
    # Short: the sockets of podman are below it.
    found = Containers(Path(tempfile.mkdtemp(prefix="aq-images-")))
    try:
        context = tmp_path_factory.mktemp("context")
        with ThreadPoolExecutor() as threads:
            wheels = threads.submit(_fill_context, context)
            base = threads.submit(
                _cached, f"base-{_digest(_BASE_PACKAGES, *_OPTIONS)}.tar", _make_base
            )
            found.podman("import", "--quiet", str(base.result()), BASE)
            wheels.result()
        # Chroot: the build needs no namespaces, which not every machine allows to nest.
        build = ["bud", "--isolation", "chroot", "--pull-never", "--format", "docker"]
        given = ["--build-arg", f"BASE={BASE}", "--build-arg", "OFFLINE=1"]
        found.buildah(*build, *given, "--tag", IMAGE, str(context))
        yield found
    finally:
        found.remove()


def _fill_context(context: Path) -> None:
    """What `make image` sends to the build, and the wheels of others, since nothing is fetched."""
    for name in ("Dockerfile", ".dockerignore"):
        shutil.copy(ROOT / name, context)
    shutil.copytree(ROOT / "requirements", context / "requirements")
    (context / "deploy/docker").mkdir(parents=True)
    shutil.copy(ROOT / "deploy/docker/healthcheck.py", context / "deploy/docker")
    dist = context / "dist"
    uv = [sys.executable, "-m", "uv"] if _has_uv() else [str(ROOT / ".make/tools/bin/uv")]
    environment = os.environ | {"UV_BUILD_CONSTRAINT": "requirements/constraints.txt"}
    build = ["build", "--quiet", "--require-hashes", "--wheel", "--all-packages"]
    _call([*uv, *build, "--out-dir", str(dist)], cwd=ROOT, env=environment)
    pins = (ROOT / "requirements/constraints.txt").read_text()
    needs = "".join(path.read_text() for path in sorted(ROOT.glob("packages/*/pyproject.toml")))
    wheels = _cached(f"wheels-{_digest(pins, needs)}", lambda folder: _fetch(folder, dist, pins))
    for wheel in wheels.iterdir():
        os.link(wheel, dist / wheel.name) if _same_disk(wheel, dist) else shutil.copy(wheel, dist)


def _has_uv() -> bool:
    return not _call([sys.executable, "-m", "uv", "--version"], check=False).returncode


def _same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


def _fetch(folder: Path, dist: Path, pins: str) -> None:
    """Fetch the wheels of others for the Python of the base, in the versions of the pins."""
    folder.mkdir()
    (folder / "pins.txt").write_text(
        "\n".join(re.findall(r"^\S+==\S+(?: ; [^\\\n]+)?", pins, re.MULTILINE))
    )
    uv = re.search(r"^uv==\S+", (ROOT / "requirements/bootstrap.txt").read_text(), re.MULTILINE)
    assert uv is not None
    with tempfile.TemporaryDirectory() as place:
        _call([sys.executable, "-m", "venv", place])
        pip = [f"{place}/bin/python", "-m", "pip", "download", "--quiet", "--only-binary", ":all:"]
        target = ["--dest", str(folder), "--python-version", "3.11"]
        found = ["--find-links", str(dist), "--constraint", str(folder / "pins.txt")]
        _call([*pip, *target, *found, "aqueducts-executor[all]", uv[0]])
    for ours in [*folder.glob("aqueducts_*.whl"), folder / "pins.txt"]:
        ours.unlink()


def _make_base(tar: Path) -> None:
    # mmdebstrap tells by the name what to write.
    made = tar.with_suffix(".made.tar")
    _call(
        [
            "mmdebstrap",
            "--quiet",
            "--variant=apt",
            f"--include={_BASE_PACKAGES}",
            *_OPTIONS,
            "bookworm",
            str(made),
            "http://deb.debian.org/debian",
        ]
    )
    made.rename(tar)


def _cached(name: str, make: Callable[[Path], None]) -> Path:
    """A file or folder in the user's cache, made where it is missing; never half of it."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = home / "aqueducts-tests"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / name
    if not kept.exists():
        kind = name.partition("-")[0]
        with tempfile.TemporaryDirectory(dir=folder) as place:
            fresh = Path(place) / name
            make(fresh)
            for stale in folder.glob(f"{kind}-*"):
                shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
            fresh.rename(kept)
    return kept


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
