"""Kill runs that replace a file and a folder, at random moments: a target is old or new, whole.

Every row of a target carries the number of the round that wrote it, so a mixture shows, and a
target that no killed run committed must have the very bytes that it had before.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb
from bench import Bench
from measuring import environment, run_measured
from sections import Bar, Section

__all__ = ["TITLE", "run"]

TITLE = "Killed while replacing"

_SEED = 20_261_121
_SLOWEST = 1.1
"""Moments are drawn up to this part of the time that an undisturbed run takes."""

_LATE_SHARE, _LATE_FROM = 0.5, 0.6
"""Half of the moments fall into the last part, where files are written and moved."""

_PACE = 0.3
_PROGRESS_ROUNDS = 50
_WHOLE = ("old", "new", "finished")


@dataclass
class _Target:
    kind: str
    path: Path
    seconds: float
    """Time that a run takes, as far as known: it follows the runs that end before they are killed,
    because a busy machine changes its pace."""


def run(bench: Bench) -> Section:
    """Kill `kill_rounds` runs, in turn of both kinds; then see that one more run cleans up."""
    home = bench.fresh("kill")
    home.mkdir()
    targets = [_prepare(bench, kind, home) for kind in ("file", "folder")]
    outcomes = {target.kind: Counter[str]() for target in targets}
    chance = random.Random(_SEED)  # noqa: S311
    for number in range(1, bench.kill_rounds + 1):
        target = targets[number % len(targets)]
        outcome = _kill_one(bench, target, number, chance)
        outcomes[target.kind][outcome] += 1
        if number % _PROGRESS_ROUNDS == 0:
            print(f"  {number} of {bench.kill_rounds} runs killed", flush=True)
        if outcome not in _WHOLE:
            shutil.copytree(home, bench.fresh(f"partial-{number}"), symlinks=True)
            target = _prepare(bench, target.kind, home)
    for target in targets:
        run_measured(_command(bench, target.kind, target.path, 0))
    left = sorted(path.name for path in home.iterdir() if path.name not in ("file", "folder"))
    shutil.rmtree(home)
    others = {
        kind: counts.total() - sum(counts[name] for name in _WHOLE)
        for kind, counts in outcomes.items()
    }
    partial = sum(others.values())
    return Section(
        title=TITLE,
        note=f"SIGKILL to {bench.kill_rounds} runs that replace {bench.inputs.size.kill_rows:,} "
        "rows. Finished: the run ended before its moment.",
        header=("target", "old content whole", "new content whole", "finished", "anything else"),
        rows=[
            (
                kind,
                *(str(counts[name]) for name in _WHOLE),
                str(others[kind]),
            )
            for kind, counts in outcomes.items()
        ],
        bars=[
            Bar("0 partial targets", str(partial), partial == 0),
            Bar("nothing left beside the target", ", ".join(left) or "nothing", not left),
        ],
    )


def _prepare(bench: Bench, kind: str, home: Path) -> _Target:
    path = home / kind
    command = _command(bench, kind, path, 0)
    run_measured(command)
    return _Target(kind, path, run_measured(command).wall_s)


def _command(bench: Bench, kind: str, path: Path, number: int) -> list[str]:
    data = bench.inputs.folder
    return [*bench.aqueducts(f"replace_{kind}", data, path, "--quiet", round=str(number))]


def _kill_one(bench: Bench, target: _Target, number: int, chance: random.Random) -> str:
    before = _digest(target.path)
    first = _LATE_FROM if chance.random() < _LATE_SHARE else 0
    moment = target.seconds * chance.uniform(first, _SLOWEST)
    # Not waited for by a context manager: it is killed, with whatever it has started.
    process = subprocess.Popen(
        _command(bench, target.kind, target.path, number),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,
    )
    started = time.perf_counter()
    try:
        finished = process.wait(timeout=moment) is not None
    except subprocess.TimeoutExpired:
        finished = False
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if finished:
        target.seconds += _PACE * (time.perf_counter() - started - target.seconds)
        if process.returncode != 0:
            return f"exit {process.returncode}"
    if _digest(target.path) == before:
        return "old" if not finished else "finished, but nothing new"
    problem = _problem(target.path, number, bench.inputs.size.kill_rows)
    if problem:
        print(f"  round {number}, {target.kind} killed after {moment:.3f} s: {problem}", flush=True)
        return problem
    return "finished" if finished else "new"


def _digest(path: Path) -> str:
    """Names and bytes of a file, or of all files of a folder."""
    digest = hashlib.sha256()
    for file in [path] if path.is_file() else sorted(path.rglob("*")):
        digest.update(f"{file.relative_to(path.parent)}\0".encode())
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _problem(path: Path, number: int, rows: int) -> str:
    """What is wrong with a target that was replaced in this round; empty where nothing is."""
    if not path.exists():
        return "missing"
    files = path / "**" / "*.parquet" if path.is_dir() else path
    query = "SELECT round, count(*), count(DISTINCT id) FROM read_parquet(?) GROUP BY round"
    try:
        with duckdb.connect() as connection:
            found = connection.execute(query, [str(files)]).fetchall()
    except duckdb.Error as error:
        return f"unreadable: {error}"
    return "" if found == [(number, rows, rows)] else f"holds (round, rows, ids) {found}"
