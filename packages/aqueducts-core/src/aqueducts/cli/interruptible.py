"""Commands that open a pipeline without running it: signals, and what sources have to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from aqueducts.cli.console import Console
from aqueducts.cli.console.cells import visible
from aqueducts.cli.interrupts import Interrupts, leave
from aqueducts.events import Notice
from aqueducts.threads import Cancellation, RunCancelledError

if TYPE_CHECKING:
    import signal

    from aqueducts.events import Event

__all__ = ["interruptible", "notices"]

ResultT = TypeVar("ResultT")


def interruptible(action: Callable[[Cancellation], ResultT], console: Console) -> ResultT:
    """Do it; a signal cancels it, and then the process ends with the signal's exit code."""
    cancellation = Cancellation()

    def cancel(number: signal.Signals) -> None:
        cancellation.cancel()
        console.tell(f"{number.name}: stopping; nothing was changed")

    with Interrupts(cancel, console.tell) as interrupts:
        try:
            return action(cancellation)
        except (Exception, RunCancelledError):
            if interrupts.received is None:
                raise
            # Threads may be in native code still, and the interpreter would wait for them.
            leave(interrupts.exit_code)
            raise  # not reached: for the type checker


def notices(console: Console) -> Callable[[Event], object]:
    """What prints the notes of sources and destinations."""

    def tell(event: Event) -> None:
        if isinstance(event, Notice) and not console.is_quiet:
            console.tell(f"{console.messages('note:', 'cyan')} {visible(event.message)}")

    return tell
