"""What a run says of its memory is about its own process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aqueducts import memory
from aqueducts.memory import container_limit_bytes, peak_memory_bytes, resident_bytes


def test_the_peak_is_this_processes() -> None:
    """It covers what was taken, also after it was given back."""
    before = peak_memory_bytes()
    block = bytearray(before + (64 << 20))
    block[::4096] = b"x" * len(block[::4096])
    size = len(block)
    del block
    assert peak_memory_bytes() > size


def test_a_large_process_that_starts_it_does_not_count() -> None:
    """A scheduler may be far larger than the runs it starts."""
    block = bytearray(256 << 20)
    block[::4096] = b"x" * len(block[::4096])
    program = "from aqueducts.memory import peak_memory_bytes; print(peak_memory_bytes())"
    # A preparation makes Python fork instead of letting the system spawn.
    peak = subprocess.run(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        check=True,
        preexec_fn=lambda: None,
    ).stdout
    assert int(peak) < len(block)


def test_the_peak_is_at_least_what_is_resident() -> None:
    """Both of this process, in bytes."""
    assert 10_000_000 < resident_bytes() <= peak_memory_bytes()
    assert resident_bytes(os.getpid()) > 10_000_000


def test_a_process_that_is_gone_has_no_memory() -> None:
    """The kernel gives no process a number as high as that."""
    assert resident_bytes(1 << 30) == 0


def test_the_tightest_control_group_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The word max and numbers beyond the machine are no limits."""
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "_control_groups", lambda: [tmp_path, tmp_path / "inner"])
    assert container_limit_bytes() is None
    (tmp_path / "inner").mkdir()
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "inner" / "memory.max").write_text(f"{1 << 62}\n")
    assert container_limit_bytes() is None
    (tmp_path / "memory.max").write_text("900000000\n")
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("700000000\n")
    assert container_limit_bytes() == 700_000_000


def test_the_group_of_this_process_and_those_around_it_are_looked_at() -> None:
    """From the root of the file system of groups on."""
    groups = memory._control_groups()
    assert Path("/sys/fs/cgroup") in groups
    assert all(each.is_relative_to("/sys/fs/cgroup") for each in groups)
