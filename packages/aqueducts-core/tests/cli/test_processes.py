"""The command as the system sees it: signals, pipes, terminals, exit codes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import resource
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _untraced() -> dict[str, str]:
    """An environment in which coverage does not follow.

    In CPython 3.11 a traced thread spins for ever while an exception is set on another thread
    that is in native code, which is how a query is told to stop.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


@contextlib.contextmanager
def _started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A running command, which does not outlive the test."""
    with subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_untraced(),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _await_line(process: subprocess.Popen[str], words: str) -> str:
    """Read standard error up to the line with the words."""
    assert process.stderr is not None
    heard = ""
    for line in process.stderr:
        heard += line
        if words in line:
            return heard
    raise AssertionError(heard)


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cancels_within_three_seconds(
    slow_folder: Path, number: signal.Signals, exit_code: int
) -> None:
    """Joins do not yield; the process leaves all the same, and leaves nothing behind."""
    (slow_folder / "out.csv").write_text("old")
    with _started("-m", "aqueducts", "run", "slow.yml", "--spill-dir", "spill") as process:
        _await_line(process, "destination out: writing")
        time.sleep(0.3)
        started = time.monotonic()
        process.send_signal(number)
        _, heard = process.communicate(timeout=20)
        assert time.monotonic() - started < 3
    assert process.returncode == exit_code
    assert heard.splitlines() == [
        f"{number.name}: cancelling; press Ctrl-C again to leave at once",
        "cancelled; nothing was written to destination out",
    ]
    assert (slow_folder / "out.csv").read_text() == "old"
    spill = slow_folder / "spill"
    assert not spill.exists() or not list(spill.iterdir())


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_preview(slow_folder: Path, number: signal.Signals, exit_code: int) -> None:
    """The same for commands that run a part; nothing is left behind."""
    spill = slow_folder / "spill"
    with _started("-m", "aqueducts", "preview", "slow.yml", "--spill-dir", "spill") as process:
        while not list(spill.glob("aqueducts-run-*/links/*")):
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(number)
        _, heard = process.communicate(timeout=20)
    assert process.returncode == exit_code
    assert f"{number.name}: stopping; nothing was changed" in heard
    assert list(spill.iterdir()) == []


def test_a_second_signal_leaves_at_once(slow_folder: Path) -> None:
    """Who presses twice does not want to wait."""
    with _started("-m", "aqueducts", "run", "slow.yml") as process:
        _await_line(process, "destination out: writing")
        process.send_signal(signal.SIGINT)
        _await_line(process, "cancelling")
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, heard = process.communicate(timeout=20)
        assert time.monotonic() - started < 1
    assert process.returncode == 130
    assert heard == "killed\n"


def test_a_run_that_does_not_end_is_left_behind() -> None:
    """Where even the main thread is held, the deadline ends the process."""
    code = (
        "import time\n"
        "from aqueducts.cli.interrupts import Interrupts\n"
        "say = lambda words: print(words, flush=True)\n"
        "with Interrupts(lambda number: say(number.name), say, patience_seconds=0.3):\n"
        "    say('ready')\n"
        "    while True:\n"
        "        time.sleep(60)\n"
    )
    with _started("-c", code) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.communicate(timeout=10)[0] == (
            "SIGTERM\nthe engine does not stop: leaving it behind\n"
        )
    assert process.returncode == 143


def test_ignored_signals_stay_ignored() -> None:
    """A background job of a shell ignores Ctrl-C, which is meant for others."""
    code = (
        "import os, signal\n"
        "from aqueducts.cli.interrupts import Interrupts\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "with Interrupts(print, print) as interrupts:\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "print(interrupts.received)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20
    )
    assert result.stdout == "None\n"


def test_threads_of_a_failed_run_are_not_waited_for() -> None:
    """The interpreter would wait for a thread in native code until its query ends."""
    code = (
        "import sys, threading, time\n"
        "import aqueducts.cli, aqueducts.cli.group as group\n"
        "def fail(**_):\n"
        "    threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "    sys.exit(7)\n"
        "group.cli = fail\n"
        "aqueducts.cli.main()\n"
    )
    started = time.monotonic()
    result = subprocess.run([sys.executable, "-c", code], check=False, timeout=30)
    assert result.returncode == 7
    assert time.monotonic() - started < 10


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    """`aqueducts run ... | head -0` still writes the result."""
    with _started("-m", "aqueducts", "run", "pipeline.yml", "-p", "min=3") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        heard = process.stderr.read()
        assert process.wait(20) == 0
    assert "result: out.csv" in heard
    assert "Broken" not in heard
    assert (folder / "out.csv").exists()


def test_python_dash_m_is_the_command(run_process: Any) -> None:
    """`python -m aqueducts` calls itself by the command's name."""
    result = run_process("--version")
    assert result.returncode == 0
    assert result.stdout.startswith("aqueducts ")
    assert "Usage: aqueducts run" in run_process("run", "--help").stdout


_WITH_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "aqueducts", *sys.argv[1:]])
"""
"""Makes the terminal the one whose Ctrl-C is meant for the command."""


def _on_terminal(*arguments: str, press: tuple[str, bytes] | None = None) -> tuple[int, str]:
    """Run on a pseudo-terminal; `press` is a key for when some words are seen."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 70, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-c", _WITH_TERMINAL, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**(_untraced() if press else os.environ), "TERM": "xterm-256color"},
        start_new_session=True,
    ) as process:
        os.close(theirs)
        try:
            written = _read_terminal(ours, press)
            return process.wait(20), written
        finally:
            process.kill()
            os.close(ours)


def _read_terminal(ours: int, press: tuple[str, bytes] | None) -> str:
    written = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([ours], [], [], 0.1)[0]:
            continue
        part = b""
        with contextlib.suppress(OSError):  # Linux says so when the other end is closed
            part = os.read(ours, 65536)
        if not part:
            break
        written += part
        if press is not None and press[0] in _ESCAPES.sub("", written.decode(errors="ignore")):
            os.write(ours, press[1])
            press = None
    return written.decode()


def test_a_terminal_shows_tables_then_steps_then_the_summary(folder: Path) -> None:
    """Short runs are not redrawn: what stays is printed once."""
    code, written = _on_terminal("run", "pipeline.yml", "-p", "min=3")
    assert code == 0
    assert "\x1b[32m✓\x1b[0m" in written
    lines = _ESCAPES.sub("", written).splitlines()
    last = lines[-6:]
    assert [line.split()[:3] for line in last[:4]] == [
        ["✓", "source", "people"],
        ["✓", "stage", "adults"],
        ["✓", "stage", "cities"],
        ["✓", "destination", "out"],
    ]
    assert last[4].startswith("done in ")
    assert last[5] == "result: out.csv"
    assert any("│ Ann" in line for line in lines)


def test_ctrl_c_on_a_terminal_ends_the_live_region(slow_folder: Path) -> None:
    """The region is redrawn while the run goes on; afterwards the cursor is back."""
    code, written = _on_terminal("run", "slow.yml", press=("rows/s", b"\x03"))
    assert code == 130
    assert "\x1b[?25l" in written
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
    end = _ESCAPES.sub("", written[written.rindex("\x1b[?25h") :])
    assert "cancelled; nothing was written to destination out" in end
    assert re.search(r"■ source +numbers +[0-9,]+ rows", end)


@pytest.mark.parametrize("arguments", [["--no-progress"], ["--color", "never", "--no-progress"]])
def test_no_progress_prints_plain_lines(folder: Path, arguments: list[str]) -> None:
    """Also on a terminal."""
    code, written = _on_terminal("run", "pipeline.yml", "-p", "min=3", *arguments)
    assert code == 0
    assert "\x1b[?25l" not in written
    assert "destination out: done (1 row" in _ESCAPES.sub("", written)
    assert ("\x1b" in written) is (len(arguments) == 1)


def test_version_answers_quickly() -> None:
    """Start-up is a feature: less than 150 ms of work, even where other processes are busy."""
    spent = []
    for _ in range(10):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "aqueducts", "--version"],
            check=True,
            capture_output=True,
            env=_untraced(),
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.15
