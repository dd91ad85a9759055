"""Threads of a run: waiting, failing, being stopped."""

from __future__ import annotations

import threading

import pytest

from aqueducts import Cancellation, RunCancelledError
from aqueducts.threads import RunThreads


@pytest.fixture
def cancellation() -> Cancellation:
    """What stops the threads below."""
    return Cancellation()


@pytest.fixture
def threads(cancellation: Cancellation) -> RunThreads:
    """Threads of a run."""
    return RunThreads(cancellation)


def test_a_call_gives_its_result_from_another_thread(threads: RunThreads) -> None:
    """What may block is never done by the thread that waits."""
    assert threads.call(threading.get_ident) != threading.get_ident()
    assert threads.call(divmod, 7, 2) == (3, 1)


def test_what_a_call_raises_is_raised(threads: RunThreads) -> None:
    """Errors pass through as they are."""
    with pytest.raises(ZeroDivisionError):
        threads.call(divmod, 1, 0)


def test_calls_are_made_at_the_same_time(threads: RunThreads) -> None:
    """Each of two calls waits for the other to have begun."""
    barrier = threading.Barrier(2, timeout=10)

    threads.together([lambda: _meet(barrier), lambda: _meet(barrier)])

    assert not barrier.broken


def test_the_first_failure_is_raised_while_others_go_on(threads: RunThreads) -> None:
    """Nobody waits for calls whose result is not needed any more."""
    go = threading.Event()
    ended: list[str] = []

    def fail() -> None:
        raise ZeroDivisionError

    def slow() -> None:
        go.wait(10)
        try:
            threads.go_on()
        finally:
            ended.append("slow")

    with pytest.raises(ZeroDivisionError):
        threads.together([slow, fail])
    assert ended == []
    threads.close()
    go.set()
    threads.settle(10)
    assert ended == ["slow"]


def test_a_cancellation_is_heard_while_a_call_blocks(
    threads: RunThreads, cancellation: Cancellation
) -> None:
    """The waiting thread is free at once; the call is left to itself."""
    go = threading.Event()
    timer = threading.Timer(0.05, cancellation.cancel)
    timer.start()

    with pytest.raises(RunCancelledError):
        threads.call(go.wait, 10)

    assert not go.is_set()
    go.set()
    timer.join()
    threads.close()


def test_a_call_that_goes_on_hears_of_it_between_its_steps(
    threads: RunThreads, cancellation: Cancellation
) -> None:
    """`go_on` raises once the run is ending, and not before."""
    threads.go_on()
    cancellation.cancel()
    cancellation.cancel()

    with pytest.raises(RunCancelledError):
        threads.go_on()


def test_settling_gives_up_on_what_does_not_end(threads: RunThreads) -> None:
    """A call in native code may go on for ever; nobody waits that long."""
    go = threading.Event()
    began = threading.Event()

    def stuck() -> None:
        began.set()
        go.wait(30)

    waiter = threading.Thread(target=threads.call, args=(stuck,), daemon=True)
    waiter.start()
    began.wait(10)

    threads.settle(0.05)

    assert waiter.is_alive()
    go.set()
    waiter.join()


def _meet(barrier: threading.Barrier) -> None:
    barrier.wait()
