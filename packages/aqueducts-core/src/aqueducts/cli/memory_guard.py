"""A process that watches the one that runs, and ends it before it takes more than it may.

Nothing inside a process can be sure to stop it in time: queries do not look up from their work,
and memory that was taken is not given back. So the command splits before it loads anything. The
first process stays small, looks at the other's memory a few hundred times a second, and where the
limit is near freezes and ends it. Then it begins again, with a session that uses less. An attempt
that was ended has changed nothing, or what the destination knows by the run id, which all attempts
share. Where a commit had begun that a second one would repeat, there is none.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import msgspec

from aqueducts.cli.attempts import Attempt
from aqueducts.cli.diary import Diary, Entry
from aqueducts.memory import resident_bytes
from aqueducts.shortage import Shortage

__all__ = ["can_guard", "stand_guard"]

_SLOW_MS = 20
_FAST_MS = 3
_FAST_SHARE = 0.7
"""Of the limit: above it memory is looked at in short intervals."""

_LEAST_MARGIN = 20_000_000
_MARGIN_SHARE = 0.03
"""Of the limit, kept for what is taken between two looks and until the process is frozen."""

_OTHER_PLANS = ("HashJoinExec", "WindowAggExec")
"""What holds all it gets, and may be done otherwise."""

_PASSED_ON = (signal.SIGTERM, signal.SIGINT)


def can_guard() -> bool:
    """Whether this system tells the memory of other processes, and can freeze them."""
    return sys.platform == "linux" and Path("/proc/self/statm").exists()


def stand_guard(limit_bytes: int, *, most_attempts: int, reads_stdin: bool) -> Attempt:
    """Return in a process of the run's own, as often as it takes; the first one never returns.

    After `most_attempts` one more tells that they have failed.
    """
    if reads_stdin:
        _keep_stdin()
    shortage: Shortage | None = None
    outputs = 0
    run_id = os.urandom(6).hex()
    while True:
        diary = Diary()
        if reads_stdin:
            os.lseek(0, 0, os.SEEK_SET)
        # A signal that comes before the child has its handlers is for the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
        child = os.fork()
        if child == 0:
            _die_with_parent()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
            return Attempt(diary, run_id, shortage, outputs)
        status, frozen_at = _watch(child, limit_bytes, diary)
        entry = diary.read()
        if not entry.has_given_up and not frozen_at:
            _leave_as(status, entry)
        if shortage is not None and shortage.is_final:
            _tell_and_leave(shortage)
        if entry.is_hopeless and shortage is not None:
            shortage = msgspec.structs.replace(shortage, is_final=True)
            _restore_terminal()
            continue
        attempt = 1 if shortage is None else shortage.attempt + 1
        outputs = max(outputs, entry.outputs)
        shortage = Shortage(
            attempt=attempt,
            limit_bytes=limit_bytes,
            resident_bytes=frozen_at,
            strain=entry.strain,
            operators=_operators(entry, shortage),
            message=entry.message if entry.has_given_up else None,
            excesses=(0 if shortage is None else shortage.excesses) + (frozen_at > 0),
            is_final=attempt >= most_attempts or not _can_help(entry, shortage),
            begun=entry.begun,
        )
        _restore_terminal()


def _can_help(entry: Entry, before: Shortage | None) -> bool:
    """Whether another attempt may need less.

    Not where it would do something twice, where everything is held by its nature, nor where the
    engine gave up for the same reason as the last time.
    """
    if entry.begun is not None:
        return False
    strain = entry.strain
    if entry.has_given_up and before is not None and before.message == entry.message:
        return False
    if strain is None or strain.can_spill:
        return True
    is_again = before is not None and strain.operator in before.operators
    return strain.operator in _OTHER_PLANS and not is_again


def _operators(entry: Entry, before: Shortage | None) -> tuple[str, ...]:
    earlier = () if before is None else before.operators
    return earlier if entry.strain is None else (*earlier, entry.strain.operator)


def _watch(child: int, limit_bytes: int, diary: Diary) -> tuple[int, int]:
    """Wait for the child; its status, and what it held when it was ended for its memory."""
    own_limit = _limit_of_child(limit_bytes)
    handlers = {number: signal.signal(number, _pass_on(child)) for number in _PASSED_ON}
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
    ended = os.pidfd_open(child)
    waiting = select.poll()
    waiting.register(ended, select.POLLIN)
    frozen_at = 0
    interval_ms = _FAST_MS
    try:
        while not waiting.poll(interval_ms):
            resident = resident_bytes(child)
            interval_ms = _FAST_MS if resident > own_limit * _FAST_SHARE else _SLOW_MS
            if resident > own_limit and not diary.is_settled and not frozen_at:
                # Frozen first: it takes memory on while the kernel puts an end to it.
                frozen_at = resident
                os.kill(child, signal.SIGSTOP)
                os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    finally:
        os.close(ended)
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return status, frozen_at


def _limit_of_child(limit_bytes: int) -> int:
    margin = max(_LEAST_MARGIN, int(limit_bytes * _MARGIN_SHARE))
    return limit_bytes - resident_bytes() - margin


def _pass_on(child: int) -> Callable[[int, object], None]:
    """A handler that passes signals on; Ctrl-C in a terminal reaches the child by itself."""

    def handle(number: int, _: object) -> None:
        is_from_terminal = number == signal.SIGINT and _has_terminal()
        if not is_from_terminal:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, number)

    return handle


def _has_terminal() -> bool:
    """Whether this process is in the foreground of a terminal, which signals the whole group."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _leave_as(status: int, entry: Entry) -> NoReturn:
    """End as the child did."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        os._exit(code)
    name = signal.Signals(-code).name
    _tell(f"error[killed]: the process of the run was ended by {name}")
    if -code == signal.SIGKILL:
        _tell("  help: the system does so where memory runs out; give a lower --max-memory")
    if entry.begun is not None and entry.begun.destination is not None:
        _tell(
            f"  note: destination {entry.begun.destination!r} had begun to commit run "
            f"{entry.begun.run_id}: whether it did is not known"
        )
    os._exit(128 - code)


def _tell_and_leave(shortage: Shortage) -> NoReturn:
    """The last word where even telling did not fit into the limit."""
    error = shortage.error()
    _tell(f"error[{error.code}]: {error.message}\n  help: {error.hint}")
    os._exit(error.exit_code)


def _tell(text: str) -> None:
    with contextlib.suppress(OSError):
        os.write(2, f"{text}\n".encode())


def _restore_terminal() -> None:
    """An attempt that was ended may have hidden the cursor."""
    if os.isatty(2):
        _tell("\x1b[?25h\r")


def _keep_stdin() -> None:
    """Let every attempt read standard input from its beginning."""
    kept = os.memfd_create("stdin")
    while block := os.read(0, 1 << 16):
        os.write(kept, block)
    os.dup2(kept, 0)
    os.close(kept)


def _die_with_parent() -> None:
    """Let the run end where its guard is killed: nobody else would see to its memory."""
    import ctypes

    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
