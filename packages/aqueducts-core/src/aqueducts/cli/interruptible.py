"""Commands that open a pipeline without running it: signals, memory, what sources have to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from aqueducts.cli.console import Console
from aqueducts.cli.console.cells import visible
from aqueducts.cli.interrupts import Interrupts, leave
from aqueducts.errors import OutOfMemoryError
from aqueducts.events import Notice, Replanned
from aqueducts.threads import Cancellation, RunCancelledError

if TYPE_CHECKING:
    import signal

    from aqueducts.cli.attempts import Attempt
    from aqueducts.events import Event

__all__ = ["interruptible", "notices", "replanned_words"]

ResultT = TypeVar("ResultT")


def interruptible(
    action: Callable[[Cancellation], ResultT], console: Console, attempt: Attempt | None = None
) -> ResultT:
    """Do it; a signal cancels it, and then the process ends with the signal's exit code.

    With an `attempt` the process ends, too, where memory is short and the guard is to try again.
    """
    cancellation = Cancellation()

    def cancel(number: signal.Signals) -> None:
        cancellation.cancel()
        console.tell(f"{number.name}: stopping; nothing was changed")

    with Interrupts(cancel, console.tell) as interrupts:
        try:
            return action(cancellation)
        except (Exception, RunCancelledError) as error:
            if interrupts.received is None:
                if isinstance(error, OutOfMemoryError) and attempt is not None:
                    attempt.give_up(error)
                raise
            # Threads may be in native code still, and the interpreter would wait for them.
            leave(interrupts.exit_code)
            raise  # not reached: for the type checker


def notices(console: Console, attempt: Attempt | None = None) -> Callable[[Event], object]:
    """What prints the notes of sources, destinations and plans, and tells the guard."""

    def tell(event: Event) -> None:
        if attempt is not None and not attempt.hear(event):
            return
        words = None
        if isinstance(event, Notice):
            words = event.message
        elif isinstance(event, Replanned):
            words = replanned_words(event)
        if words is not None and not console.is_quiet:
            console.tell(f"{console.messages('note:', 'cyan')} {visible(words)}")

    return tell


def replanned_words(event: Replanned) -> str:
    """The note of a step that begins again with another plan."""
    operator = event.words or event.operator
    return f"{event.step}: out of memory in {operator}; trying again: {event.change}"
