"""What is known of memory that ran out: while it gets scarce, and when a run begins again."""

from __future__ import annotations

import msgspec

from aqueducts.errors import CommitUnknownError, OutOfMemoryError

__all__ = ["Begun", "Shortage", "Strain"]

_MB = 1_000_000

_DOUBT = 1.25
"""What is taken may be a quarter more than what was expected."""


class Strain(msgspec.Struct, frozen=True):
    """Where in a running query the memory is."""

    operator: str
    """As the engine calls it, such as `HashJoinExec`."""
    words: str
    """As a user would: `the join`."""
    step: str | None = None
    """Name of the stage whose query holds the operator, as far as the engine can tell."""
    can_spill: bool = True
    """Whether the operator goes to disk where it has too little."""


class Begun(msgspec.Struct, frozen=True):
    """Something that has begun, and that must not be done twice."""

    destination: str | None = None
    """What was committing; None where rows were being printed."""
    run_id: str | None = None


class Shortage(msgspec.Struct, frozen=True):
    """An attempt at a run that had too little memory; the next one is to use less."""

    attempt: int
    """How many attempts have failed so far."""
    limit_bytes: int
    resident_bytes: int
    """What the process had when it was ended; 0 where the engine gave up by itself."""
    strain: Strain | None = None
    message: str | None = None
    """What the engine said, where it gave up by itself."""
    operators: tuple[str, ...] = ()
    """What had too little in each attempt, as far as it is known."""
    excesses: int = 0
    """How many attempts had more than the limit, while the engine kept to its own."""
    is_final: bool = False
    """Whether there is nothing left to try: the run is to fail."""
    begun: Begun | None = None
    """What the attempt was about to do when it was ended, and another one must not do again."""

    @property
    def operator(self) -> str:
        """What had too little, as the engine calls it."""
        return "an operator" if self.strain is None else self.strain.operator

    def error(self, expected_bytes: int | None = None) -> OutOfMemoryError:
        """The error that ends the run; `expected_bytes` is what its plan is likely to take."""
        hint = self._hint(expected_bytes)
        limit = _size(self.limit_bytes)
        words = "the query" if self.strain is None else self.strain.words
        message = self.message or f"out of memory: {words} does not fit in {limit}"
        if self.resident_bytes:
            message += f" (the run was ended when it held {_size(self.resident_bytes)})"
        if self.begun is not None:
            return self._error_of_what_has_begun(self.begun, message, hint)
        if self.attempt > 1:
            message += f"; {self.attempt} attempts failed, each with a plan that needs less"
        return OutOfMemoryError(
            message,
            operator=self.operator,
            hint=hint,
            step=None if self.strain is None else self.strain.step,
        )

    def _error_of_what_has_begun(self, begun: Begun, message: str, hint: str) -> OutOfMemoryError:
        if begun.destination is None:
            message += ", while rows were printed: they are not all there"
            return OutOfMemoryError(message, operator=self.operator, hint=hint)
        return CommitUnknownError(
            f"{message}, after destination {begun.destination!r} had begun to commit run "
            f"{begun.run_id}: whether it did is not known",
            operator=self.operator,
            hint="look at the target before it is run again; where the rows are not there, " + hint,
        )

    def _hint(self, expected_bytes: int | None) -> str:
        return (
            f"raise --max-memory ({self._enough(expected_bytes)}), select fewer columns and filter "
            "before this step, or part the work with `materialize: always` on the stage before"
        )

    def _enough(self, expected_bytes: int | None) -> str:
        """How much would do, as far as that can be known."""
        if expected_bytes is not None and expected_bytes > self.limit_bytes:
            enough = _size(_round(int(expected_bytes * _DOUBT)))
            return f"by its number of rows it takes about {_size(expected_bytes)}: try {enough}"
        twice = _size(_round(self.limit_bytes * 2))
        words = "how much is enough cannot be told"
        if self.strain is not None and not self.strain.can_spill:
            words += " of what is held as a whole"
        return f"{words}: {twice} is a try"


def _size(size_bytes: int) -> str:
    """As options take it: `512MB`, `1.5GB`."""
    if size_bytes >= 1000 * _MB:
        return f"{size_bytes / (1000 * _MB):.2f}".rstrip("0").rstrip(".") + "GB"
    return f"{size_bytes / _MB:.0f}MB"


def _round(size_bytes: int) -> int:
    step = 1000 * _MB if size_bytes >= 2000 * _MB else 100 * _MB
    return -(-size_bytes // step) * step
