"""Run commands as child processes and measure what each takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import IO

import psutil

__all__ = [
    "Command",
    "Measurement",
    "Series",
    "environment",
    "measure",
    "run_measured",
    "run_to_end",
]

_SAMPLE_SECONDS = 0.02
_LAUNCHER = Path(__file__).resolve().with_name("launcher.py")

Command = Sequence[str]


class CommandFailedError(Exception):
    """A measured command did not exit with 0."""


@dataclass(frozen=True)
class Measurement:
    """What one run of a command took, its child processes included."""

    wall_s: float
    user_s: float
    system_s: float
    peak_bytes: int

    @property
    def cpu_s(self) -> float:
        """CPU seconds, in the program and in the kernel."""
        return self.user_s + self.system_s


@dataclass(frozen=True)
class Series:
    """The runs of one command, in the order of the rounds."""

    runs: tuple[Measurement, ...]

    @property
    def cpu_s(self) -> float:
        """Median of CPU seconds."""
        return median(run.cpu_s for run in self.runs)

    @property
    def system_s(self) -> float:
        """Median of the CPU seconds spent in the kernel, mostly on fresh memory and on files."""
        return median(run.system_s for run in self.runs)

    @property
    def wall_s(self) -> float:
        """Median of wall seconds."""
        return median(run.wall_s for run in self.runs)

    @property
    def peak_bytes(self) -> int:
        """The highest of all peaks."""
        return max(run.peak_bytes for run in self.runs)

    def cpu_ratio(self, other: Series) -> float:
        """Median over the rounds of this command's CPU by the other's in the same round.

        Neighbours in time share the state of the machine, which the medians of all rounds do not.
        """
        return median(
            mine.cpu_s / theirs.cpu_s for mine, theirs in zip(self.runs, other.runs, strict=True)
        )

    def wall_ratio(self, other: Series) -> float:
        """The same for wall seconds."""
        return median(
            mine.wall_s / theirs.wall_s for mine, theirs in zip(self.runs, other.runs, strict=True)
        )


def measure(
    commands: Mapping[str, Command],
    rounds: int,
    prepare: Callable[[str], None] | None = None,
) -> dict[str, Series]:
    """Run the commands in turn, `rounds` times; `prepare(name)` comes before each, unmeasured."""
    runs: dict[str, list[Measurement]] = {name: [] for name in commands}
    names = list(commands)
    for number in range(rounds):
        # Every other round backwards, so that none always runs after the same neighbour.
        for name in names if number % 2 == 0 else reversed(names):
            if prepare is not None:
                prepare(name)
            run = run_measured(commands[name])
            runs[name].append(run)
            print(
                f"  {name:32} cpu {run.cpu_s:6.2f} s  wall {run.wall_s:6.2f} s"
                f"  peak {run.peak_bytes / 1e6:5.0f} MB",
                flush=True,
            )
    return {name: Series(tuple(series)) for name, series in runs.items()}


def run_measured(command: Command) -> Measurement:
    """Run one command to its end; its output is shown only where it fails."""
    run, exit_code, said = run_to_end(command)
    if exit_code != 0:
        message = f"{' '.join(command)}\nexit {exit_code}\n{said}"
        raise CommandFailedError(message)
    return run


def run_to_end(command: Command) -> tuple[Measurement, int, str]:
    """Run one command; what it took, its exit code and the end of its output."""
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as output, os.fdopen(reading, "rb") as pipe:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_LAUNCHER), str(writing), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(),
            pass_fds=(writing,),
        )
        os.close(writing)
        sampler = _TreeSampler(process.pid)
        sampler.start()
        exit_code = process.wait()
        sampler.stop()
        run = Measurement(**json.loads(pipe.read()))
        said = _tail(output)
    return replace(run, peak_bytes=max(run.peak_bytes, sampler.peak_bytes)), exit_code, said


def environment() -> dict[str, str]:
    """Variables of the measured programs: compiled modules are kept, as they are for users."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class _TreeSampler(threading.Thread):
    """Watches the memory of a command with all it starts, of which the kernel knows the largest.

    It says nothing of a command that starts nothing: the kernel's own peak is exact.
    """

    def __init__(self, launcher: int) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self._launcher = launcher
        self._done = threading.Event()

    def run(self) -> None:
        while not self._done.wait(_SAMPLE_SECONDS):
            try:
                tree = psutil.Process(self._launcher).children(recursive=True)
                if len(tree) > 1:
                    total = sum(each.memory_info().rss for each in tree)
                    self.peak_bytes = max(self.peak_bytes, total)
            except psutil.Error:  # it has just ended
                continue

    def stop(self) -> None:
        self._done.set()
        self.join()


def _tail(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode(errors="replace")[-4000:]
