"""Pages that an allocator has marked as free stop counting, and no other page is touched."""

from __future__ import annotations

import mmap

from aqueducts.free_pages import can_take_back, take_back_free_pages
from aqueducts.memory import resident_bytes

SIZE = 256 << 20


def test_free_pages_are_taken_back_and_live_ones_are_kept() -> None:
    """Where there is swap nothing is done at all: live pages would go there."""
    live, free = mmap.mmap(-1, SIZE, flags=_PRIVATE), mmap.mmap(-1, SIZE, flags=_PRIVATE)
    for memory in (live, free):
        memory[::4096] = b"x" * (SIZE // 4096)
    free.madvise(mmap.MADV_FREE)
    before = resident_bytes()
    if can_take_back():
        take_back_free_pages()
        assert before - resident_bytes() > SIZE * 0.9
    assert live[::4096] == b"x" * (SIZE // 4096)


_PRIVATE = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
