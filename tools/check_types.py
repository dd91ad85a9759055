"""Run mypy over each distribution with its tests, the tests across them, plugins and scripts.

One run each, because tests of different distributions share module names.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Check every part, then exit with 1 if one of them has errors."""
    failures = 0
    for part in _parts():
        print(f"mypy {' '.join(part)}", flush=True)
        # The folders that hold packages; those of plugins are not in pyproject.toml.
        environment = os.environ | {"MYPYPATH": os.pathsep.join(part)}
        exclude = ["--exclude", "^tests/plugins/"] if part == ["tests"] else []
        command = [sys.executable, "-m", "mypy", *exclude, *part]
        failures += subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0
    sys.exit(failures > 0)


def _parts() -> list[list[str]]:
    """Return what is checked in one run each: the folders of a distribution, or one of scripts."""
    homes = sorted([*ROOT.glob("packages/*"), *ROOT.glob("tests/plugins/*")])
    parts = [
        [str(path.relative_to(ROOT)) for path in (home / "src", home / "tests") if path.is_dir()]
        for home in homes
    ]
    parts.append(["tests"])
    scripts = ("tools", "examples", "benchmarks")
    parts += [[folder] for folder in scripts if any(ROOT.glob(f"{folder}/*.py"))]
    return [part for part in parts if part]


if __name__ == "__main__":
    main()
