"""What a run and the process of a driver say to each other."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pyarrow as pa
import pytest

from aqueducts_odbc.worker.wire import (
    Batch,
    Channel,
    ChannelClosedError,
    Connect,
    Done,
    End,
    Failed,
    Insert,
    Read,
    ReadBounds,
    SilenceError,
)

MESSAGES: list[Connect | Read | Insert | End | Done | Failed] = [
    Connect(text="Driver=x;PWD={ü;}", login_timeout=None, is_autocommit=False),
    Read(query="SELECT ?", parameters=("a", None), bounds=ReadBounds(batch_rows=7)),
    Insert(table='"t"', chunk_rows=5),
    End(is_whole=False),
    Done(),
    Failed("no", is_missing_manager=True),
]


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    """Both ends of a channel."""
    one, other = (Channel(each) for each in socket.socketpair())
    yield one, other
    one.close()
    other.close()


def test_messages_arrive(ends: tuple[Channel, Channel]) -> None:
    """As they were, in their order."""
    for message in MESSAGES:
        ends[0].say(message)
    assert [ends[1].receive() for _ in MESSAGES] == MESSAGES


def test_batches_arrive(ends: tuple[Channel, Channel]) -> None:
    """Larger ones than the kernel takes at a time, and empty ones."""
    large = pa.record_batch({"n": range(500_000), "s": ["ü"] * 499_999 + [None]})
    empty = large.slice(0, 0)

    def send() -> None:
        ends[0].send_schema(large.schema)
        ends[0].send_batch(large)
        ends[0].send_batch(empty)

    thread = threading.Thread(target=send)
    thread.start()
    schema = ends[1].receive()
    assert schema == large.schema
    for expected in (large, empty):
        found = ends[1].receive()
        assert isinstance(found, Batch)
        assert found.decoded(large.schema).equals(expected)
    thread.join()


def test_an_end_is_told(ends: tuple[Channel, Channel]) -> None:
    """To whoever waits, at either end; what was sent before still arrives."""
    ends[0].say(Done())
    before = ends[1].is_abandoned
    ends[0].shut()
    assert (before, ends[1].is_abandoned) == (False, True)
    assert ends[1].receive() == Done()
    for action in (ends[1].receive, lambda: ends[1].say(Done()), ends[0].receive):
        with pytest.raises(ChannelClosedError):
            action()
    ends[0].shut()  # once more does nothing


def test_silence_ends(ends: tuple[Channel, Channel]) -> None:
    """After as long as one waits for it."""
    with pytest.raises(SilenceError):
        ends[0].receive(0.01)
    ends[1].say(Done())
    assert ends[0].receive(10) == Done()
