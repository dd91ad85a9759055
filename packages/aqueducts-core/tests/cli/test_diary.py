"""What a process leaves for the one that watches it."""

from __future__ import annotations

import os

from aqueducts.cli.diary import Diary, Entry
from aqueducts.shortage import Begun, Strain


def test_another_process_reads_the_last_entry() -> None:
    """Whatever ended the one that wrote."""
    diary = Diary()
    assert diary.read() == Entry()
    child = os.fork()
    if child == 0:
        for outputs in range(4):
            diary.write(Entry(strain=Strain("SortExec", "the sort", "s"), outputs=outputs))
        diary.settle()
        os._exit(0)
    os.waitpid(child, 0)
    assert diary.read() == Entry(strain=Strain("SortExec", "the sort", "s"), outputs=3)
    assert diary.is_settled


def test_what_must_not_be_done_twice_is_kept_at_any_length() -> None:
    """The rest of the entry goes first."""
    diary = Diary()
    diary.write(Entry(message="x" * 100_000, begun=Begun("d" * 100_000, "r")))
    assert diary.read() == Entry(begun=Begun("d" * 200, "r"))


def test_an_entry_that_is_too_long_leaves_the_one_before() -> None:
    """Names of stages may have any length."""
    diary = Diary()
    diary.write(Entry(outputs=1))
    diary.write(Entry(outputs=2, message="x" * 100_000))
    diary.write(Entry(outputs=3, message="y" * 100_000))
    assert diary.read() == Entry(outputs=1)
