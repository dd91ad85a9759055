"""Files that are meant to hurt, or are no pipelines: a clear error, soon and in little memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MOST_CPU_SECONDS = 10
"""Where the system ends the process; on a quiet machine all of them stay below one second."""

MOST_MEMORY_MB = 200

_MEASURED = """\
import resource, subprocess, sys
seconds = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
command = [sys.executable, "-m", "aqueducts", "check", sys.argv[2]]
done = subprocess.run(command, stderr=subprocess.STDOUT)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""
"""A small process between, since a child inherits the peak of the one that it is forked from."""

_BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 20)
)
_MERGES = "m0: &m0 {x: 1}\n" + "".join(
    f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}], k{n}: 1}}\n" for n in range(1, 2000)
)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("bomb.yml", _BOMB, "alias-expansion"),
        ("merges.yml", _MERGES, "alias-expansion"),
        ("deep.yml", "[" * 100_000, "too-deep"),
        ("deep.json", "[" * 900_000, "too-deep"),
        ("deep.toml", "a = " + "[" * 100_000, "too-deep"),
        ("dots.toml", ".".join(["a"] * 100_000) + " = 1\n", "too-deep"),
        ("types.yml", f"a: '{'list<' * 50_000}'\n", None),
        ("duplicates.yml", "a: b\n" * 5_000, "duplicate-key"),
        ("nul.yml", "sources:\x00\n", "not-text"),
        ("binary.yml", os.urandom(500_000) + b"\x00", "not-text"),
        ("latin1.yml", b"name: caf\xe9\n", "not-utf-8"),
        ("large.yml", b"# a line of a very long comment\n" * 3_300_000, "unreadable-file"),
        ("operators.yml", f"stages: [[{{name: a, query: SELECT {'1+' * 10_000}1}}]]", "sql-syntax"),
        ("brackets.yml", f"stages: [[{{name: a, query: SELECT {'(' * 5000}}}]]", "sql-syntax"),
    ],
)
def test_hostile_files(name: str, content: str | bytes, code: str | None, tmp_path: Path) -> None:
    """The command says what it is, and neither hangs nor dies nor takes the machine along."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    exit_code, output, memory_mb = _check(path)
    if code is None:
        assert exit_code == 0
    else:
        assert f"error[{code}]" in output
        assert exit_code == 2
    assert len(output) < 50_000
    assert "Traceback" not in output
    # The engine, whose parser looks at queries, takes most of what a small run takes.
    assert memory_mb < MOST_MEMORY_MB


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/", sys.executable])
def test_no_files_at_all(path: str) -> None:
    """Devices, folders and programs are refused by their kind or their name."""
    exit_code, output, memory_mb = _check(Path(path))
    assert exit_code == 2
    assert "error[" in output
    assert "Traceback" not in output
    assert memory_mb < MOST_MEMORY_MB


def _check(path: Path) -> tuple[int, str, int]:
    """Exit code, output and peak memory in MB of the command, which may not compute for long."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(MOST_CPU_SECONDS), str(path)],
        capture_output=True,
        text=True,
        check=True,
        # Measuring coverage takes memory and time of its own.
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
    )
    exit_code, memory_mb = done.stdout.splitlines()[-1].split()
    return int(exit_code), done.stdout, int(memory_mb)
