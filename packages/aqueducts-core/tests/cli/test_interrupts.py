"""Signals heard in this process."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from aqueducts.cli.interrupts import Interrupts


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_cancels(number: signal.Signals, exit_code: int) -> None:
    """It is told once, from another thread, and the former handlers come back."""
    former = signal.getsignal(number)
    heard: list[signal.Signals] = []
    was_told = threading.Event()

    def cancel(received: signal.Signals) -> None:
        heard.append(received)
        was_told.set()

    with Interrupts(cancel, lambda _: None) as interrupts:
        assert signal.getsignal(number) is not former
        os.kill(os.getpid(), number)
        assert was_told.wait(10)
    assert heard == [number]
    assert interrupts.received is number
    assert interrupts.exit_code == exit_code
    assert signal.getsignal(number) is former


def test_without_a_signal_nothing_is_heard() -> None:
    """The thread ends with the run."""
    before = threading.active_count()
    with Interrupts(lambda _: None, lambda _: None) as interrupts:
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    assert interrupts.received is None


def test_other_threads_leave_signals_alone() -> None:
    """Only the main thread may set handlers; a run elsewhere is its caller's to cancel."""
    handlers = []

    def run() -> None:
        with Interrupts(lambda _: None, lambda _: None):
            handlers.append(signal.getsignal(signal.SIGINT))

    former = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert handlers == [former]
