"""Install the workspace's wheels and tools into one environment, pinned and hash-checked.

Every environment of the project (tox, make demo, the tools themselves) is filled by this
script, so that there is one place that knows the pins. Wheels are built once, and again only
when the files of their distribution change.

    python tools/provision.py --group test core      # into the running Python's environment
    python tools/provision.py --group cross --plugins all
    python tools/provision.py --python .venv --group demo --editable core
"""

import argparse
import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = "requirements/constraints.txt"
OVERRIDES = "requirements/overrides.txt"
"""Relative to the root: uv splits the variables that name such files at spaces."""
DIST = ROOT / "dist"
PLUGIN_DIST = ROOT / "build" / "plugins"
NAMES = ("core", "executor", "odbc", "delta", "cloud")


def main() -> None:
    """Build what is stale, then install exactly what was asked for."""
    arguments = _parse_arguments()
    names = NAMES if "all" in arguments.names else _with_siblings(arguments.names)
    sources = [_source(name) for name in names]
    if arguments.editable:
        requirements = [word for source in sources for word in ("--editable", str(source))]
    else:
        wheels = [_wheel(source, DIST) for source in sources]
        if arguments.plugins:
            wheels += [_wheel(source, PLUGIN_DIST) for source in _plugins()]
        requirements = [word for wheel in wheels for word in (str(wheel), *_reinstall(wheel))]
    # This script runs uv from the environment it runs in, which therefore keeps it.
    kept = ["bootstrap"] if arguments.python == sys.executable else []
    groups = [word for group in (*kept, *arguments.group) for word in ("--group", group)]
    if groups or requirements:
        exact = [] if arguments.inexact else ["--exact"]
        _uv("pip", "install", "--python", arguments.python, *exact, *groups, *requirements)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    choices = f"all, or any of {', '.join(NAMES)}"
    parser.add_argument("names", nargs="*", metavar="NAME", help=choices)
    parser.add_argument("--group", action="append", default=[])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--plugins", action="store_true", help="also tests/plugins/*")
    parser.add_argument("--editable", action="store_true", help="the sources instead of wheels")
    parser.add_argument("--inexact", action="store_true", help="leave other packages in place")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - {*NAMES, "all"}:
        parser.error(f"no such distribution: {', '.join(sorted(unknown))}")
    return arguments


def _source(name: str) -> Path:
    return ROOT / "packages" / f"aqueducts-{name}"


def _with_siblings(names: Iterable[str]) -> list[str]:
    """Add the distributions of this workspace that the named ones depend on."""
    found: list[str] = []
    queue = list(names)
    while queue:
        name = queue.pop()
        if name not in found:
            found.append(name)
            text = (_source(name) / "pyproject.toml").read_text(encoding="utf-8")
            dependencies = tomllib.loads(text)["project"]["dependencies"]
            queue += re.findall(r"aqueducts-(\w+)", " ".join(dependencies))
    return sorted(found)


def _plugins() -> list[Path]:
    return sorted(path.parent for path in ROOT.glob("tests/plugins/*/pyproject.toml"))


def _reinstall(wheel: Path) -> tuple[str, str]:
    return "--reinstall-package", wheel.name.split("-")[0]


def _wheel(source: Path, target: Path) -> Path:
    """Return the wheel of a distribution, built (with its sdist) if its files have changed."""
    target.mkdir(parents=True, exist_ok=True)
    stem = source.name.replace("-", "_")
    record = target / f".{stem}.sources"
    with _locked(target / ".lock"):
        fingerprint = _fingerprint(source)
        if not (record.is_file() and record.read_text() == fingerprint):
            for stale in target.glob(f"{stem}-*"):
                stale.unlink()
            _uv("build", "--quiet", "--require-hashes", "--out-dir", str(target), str(source))
            record.write_text(fingerprint)
        (wheel,) = target.glob(f"{stem}-*.whl")
    return wheel


def _fingerprint(source: Path) -> str:
    digest = hashlib.sha256((ROOT / CONSTRAINTS).read_bytes())
    for path in sorted(source.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(source)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _uv(*arguments: str) -> None:
    """Run uv with the pins: it checks the hash of each package that the constraints name."""
    environment = os.environ | {
        "UV_CONSTRAINT": CONSTRAINTS,
        "UV_BUILD_CONSTRAINT": CONSTRAINTS,
        "UV_OVERRIDE": OVERRIDES,
        "UV_PYTHON_DOWNLOADS": "never",
    }
    command = [sys.executable, "-m", "uv", *arguments]
    completed = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if completed.returncode:
        sys.exit(completed.returncode)


if __name__ == "__main__":
    main()
