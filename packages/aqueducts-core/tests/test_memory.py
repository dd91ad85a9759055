"""What a run says of its memory is about its own process."""

from __future__ import annotations

import os
import subprocess
import sys

from aqueducts.memory import peak_memory_bytes, resident_bytes


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
