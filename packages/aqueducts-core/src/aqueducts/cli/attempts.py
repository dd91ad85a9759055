"""One attempt at what a command does, in a process that another one watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from aqueducts.cli.diary import Diary
from aqueducts.cli.exit_codes import ExitCode
from aqueducts.cli.interrupts import leave
from aqueducts.shortage import Begun, Shortage, Strain

if TYPE_CHECKING:
    from aqueducts.errors import OutOfMemoryError
    from aqueducts.events import Event

__all__ = ["Attempt"]


class Attempt:
    """Leaves in the diary what the guard needs to know, and knows what it has told."""

    def __init__(
        self, diary: Diary, run_id: str, shortage: Shortage | None, outputs_before: int = 0
    ) -> None:
        self._diary = diary
        self.run_id = run_id
        """The same for all attempts."""
        self.shortage = shortage
        """Of the attempt before, where there was one."""
        self._outputs_before = outputs_before
        """How many outputs of stages attempts before have printed."""
        self._outputs = 0

    @property
    def is_final(self) -> bool:
        """Whether this attempt is only to tell that the others have failed."""
        return self.shortage is not None and self.shortage.is_final

    def hear(self, event: Event) -> bool:
        """Leave for the guard what it needs of an event; whether the event is to be shown."""
        from aqueducts.events import (
            DestinationCommitting,
            DestinationCompleted,
            MemoryUse,
            RunFailed,
            StageOutput,
        )

        match event:
            case MemoryUse(operator=str(operator)):
                words = event.words or operator
                self.note(strain=Strain(operator, words, event.step, event.can_spill))
            case StageOutput():
                self._outputs += 1
                if self._outputs <= self._outputs_before:
                    return False  # an attempt that failed has printed it
                self.note(outputs=self._outputs)
            case RunFailed(code="out-of-memory"):
                return self.is_final
            case DestinationCommitting():
                self.note(begun=Begun(event.name, self.run_id))
            case DestinationCompleted():
                self._diary.settle()
            case _:
                pass
        return True

    def note(self, **fields: Any) -> None:
        """Leave something in the diary."""
        self._diary.write(msgspec.structs.replace(self._diary.read(), **fields))

    def begin_printing(self) -> None:
        """Say that rows are about to be printed: nothing may begin again."""
        self.note(begun=Begun())

    def give_up(self, error: OutOfMemoryError) -> None:
        """End this process silently where the guard is to try again; else return."""
        if self.is_final:
            return
        strain = Strain(error.operator, error.words or "", error.step)
        # What raises an error has undone what it had begun.
        self.note(
            message=error.message,
            strain=strain,
            has_given_up=True,
            is_hopeless=error.is_hopeless,
            begun=None,
        )
        leave(ExitCode.RUN_FAILED)
