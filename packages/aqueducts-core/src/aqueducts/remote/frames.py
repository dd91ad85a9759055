"""Frames of a stream of server-sent events."""

from __future__ import annotations

from typing import NamedTuple

from aqueducts.errors import ProtocolError

__all__ = ["Frame", "FrameReader"]

_MOST_BYTES = 16 * 1024 * 1024


class Frame(NamedTuple):
    """One event of a stream."""

    data: str
    event: str = "message"
    id: str | None = None


class FrameReader:
    """Cuts the bytes of a stream into frames; comments are left out.

    Follows the event stream format of the HTML standard, but for `retry`.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[str] = []
        self._event = ""
        self._id: str | None = None

    def feed(self, content: bytes) -> list[Frame]:
        """The frames that are complete with these bytes. Raises ProtocolError."""
        *lines, self._rest = (self._rest + content).split(b"\n")
        if len(self._rest) > _MOST_BYTES:
            raise ProtocolError("an event of the stream is longer than any should be")
        frames = []
        for line in lines:
            frame = self._line(line.removesuffix(b"\r"))
            if frame is not None:
                frames.append(frame)
        return frames

    def _line(self, line: bytes) -> Frame | None:
        if not line:
            return self._end()
        name, _, value = line.decode(errors="replace").partition(":")
        value = value.removeprefix(" ")
        match name:
            case "data":
                self._data.append(value)
            case "event":
                self._event = value
            case "id":
                self._id = value
            case _:
                pass  # a comment has no name
        return None

    def _end(self) -> Frame | None:
        data, event = self._data, self._event
        self._data, self._event = [], ""
        if not data:
            return None
        return Frame("\n".join(data), event or "message", self._id)
