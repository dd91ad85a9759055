"""What the process of a run leaves behind for its guard, whatever ends it."""

from __future__ import annotations

import mmap

import msgspec

from aqueducts.shortage import Begun, Strain

__all__ = ["Diary", "Entry"]

_SLOT_BYTES = 1 << 14


class Entry(msgspec.Struct, frozen=True):
    """What is known at a moment."""

    strain: Strain | None = None
    """Where the memory is."""
    outputs: int = 0
    """Outputs of stages that were printed."""
    has_given_up: bool = False
    """Whether the engine ran out of what it may use, and the process ended itself."""
    is_hopeless: bool = False
    """Whether it did so at once, since there is no plan that needs less."""
    message: str | None = None
    """What the engine said then."""
    begun: Begun | None = None
    """What must not be done twice, from the moment that it begins."""


class Diary:
    """Memory that two processes share. One writes; the other reads once the first has ended."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 2 + 2 * _SLOT_BYTES)
        self._count = 0

    def write(self, entry: Entry) -> None:
        """Replace the entry; whoever is killed meanwhile leaves the one before."""
        text = msgspec.json.encode(entry)
        if len(text) + 4 > _SLOT_BYTES:
            if entry.begun is None:
                return  # names as long as that are not worth it
            text = msgspec.json.encode(Entry(outputs=entry.outputs, begun=_shortened(entry.begun)))
        self._count += 1
        slot = self._count % 2
        start = 2 + slot * _SLOT_BYTES
        length = len(text).to_bytes(4, "little")
        self._memory[start : start + 4 + len(text)] = length + text
        self._memory[0] = slot

    def read(self) -> Entry:
        """The last entry that was written whole."""
        start = 2 + self._memory[0] * _SLOT_BYTES
        length = int.from_bytes(self._memory[start : start + 4], "little")
        if not length:
            return Entry()
        return msgspec.json.decode(self._memory[start + 4 : start + 4 + length], type=Entry)

    @property
    def is_settled(self) -> bool:
        """Whether the result has taken its place: there is nothing left to save memory for."""
        return bool(self._memory[1])

    def settle(self) -> None:
        """Say that the result has taken its place."""
        self._memory[1] = 1


def _shortened(begun: Begun) -> Begun:
    name = begun.destination
    return begun if name is None else Begun(name[:200], begun.run_id)
