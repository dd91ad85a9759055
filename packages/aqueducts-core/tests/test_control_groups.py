"""Limits of containers, of both versions of control groups."""

from __future__ import annotations

from pathlib import Path

import pytest

from aqueducts.control_groups import GroupLimits, read_limits


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize(
    ("files", "limits"),
    [
        ({}, GroupLimits()),
        (
            {"cgroup.controllers": "cpu memory", "memory.max": "max\n", "cpu.max": "max 100000\n"},
            GroupLimits(version=2),
        ),
        (
            {
                "cgroup.controllers": "cpu memory",
                "a/memory.max": "2000000000\n",
                "a/b/memory.max": "max\n",
                "a/b/cpu.max": "150000 100000\n",
                "a/cpu.max": "400000 100000\n",
            },
            GroupLimits(version=2, memory_bytes=2_000_000_000, cores=1.5),
        ),
        (
            {
                "memory/memory.limit_in_bytes": "9223372036854771712\n",
                "memory/a/memory.limit_in_bytes": "1073741824\n",
                "cpu/cpu.cfs_quota_us": "-1\n",
                "cpu/cpu.cfs_period_us": "100000\n",
                "cpu/a/b/cpu.cfs_quota_us": "200000\n",
                "cpu/a/b/cpu.cfs_period_us": "100000\n",
            },
            GroupLimits(version=1, memory_bytes=1_073_741_824, cores=2.0),
        ),
    ],
)
def test_the_tightest_limit_counts(
    tmp_path: Path, files: dict[str, str], limits: GroupLimits
) -> None:
    """That of the group of this process or of any above it."""
    version_2 = (
        "0::/a/b\n" if "cgroup.controllers" in files else "4:memory:/a\n3:cpu,cpuacct:/a/b\n"
    )
    _write(tmp_path, {f"sys/fs/cgroup/{name}": text for name, text in files.items()})
    _write(tmp_path, {"proc/self/cgroup": version_2})
    assert read_limits(tmp_path) == limits


def test_a_group_that_only_the_host_sees(tmp_path: Path) -> None:
    """In a container its own group is the top of what is mounted."""
    _write(
        tmp_path,
        {
            "proc/self/cgroup": "0::/docker/../0123456789abcdef\n",
            "sys/fs/cgroup/cgroup.controllers": "memory",
            "sys/fs/cgroup/memory.max": "512000000",
        },
    )
    assert read_limits(tmp_path) == GroupLimits(version=2, memory_bytes=512_000_000)


def test_this_process() -> None:
    """Whatever the system says, it can be read."""
    assert read_limits().version in (None, 1, 2)
