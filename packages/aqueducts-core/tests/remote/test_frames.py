"""Streams of server-sent events."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqueducts.errors import ProtocolError
from aqueducts.remote.frames import Frame, FrameReader

STREAM = (
    b": hello\n\n"
    b"id: 1\nevent: started\ndata: {}\n\n"
    b"id:2\r\ndata:a\r\ndata: b\r\n\r\n"
    b"event: nothing\n\n"
    b"data: \xc3\xa9\nunknown: x\n\n"
    b"id: 9\ndata: never ended"
)

FRAMES = [Frame("{}", "started", "1"), Frame("a\nb", "message", "2"), Frame("é", "message", "2")]


def test_frames_are_what_the_standard_says() -> None:
    """Comments and frames without data are nothing; an id holds until the next."""
    assert FrameReader().feed(STREAM) == FRAMES


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_pieces_do_not_matter(cuts: list[int]) -> None:
    """However the network cuts the stream."""
    reader = FrameReader()
    frames = []
    places = [0, *sorted(cuts), len(STREAM)]
    for start, end in pairwise(places):
        frames += reader.feed(STREAM[start:end])
    assert frames == FRAMES


def test_a_line_without_an_end_is_refused() -> None:
    """Memory is not for whoever answers to fill."""
    reader = FrameReader()
    reader.feed(b"x" * 16 * 1024 * 1024)
    with pytest.raises(ProtocolError):
        reader.feed(b"x")
