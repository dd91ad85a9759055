"""Kill runs that append to a Delta table, at random moments: each is in it whole, or not at all.

Every row carries the number of the run that wrote it.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
from bench import Bench
from deltalake import DeltaTable
from measuring import environment, run_measured
from sections import Bar, Section

__all__ = ["TITLE", "run"]

TITLE = "Killed while appending to a Delta table"

_SEED = 20_261_122
_SLOWEST = 1.1
"""Moments are drawn up to this part of the time that an undisturbed run takes."""
_LATE_SHARE, _LATE_FROM = 0.5, 0.6
"""Half of the moments fall into the last part, where files are written and committed."""
_PACE = 0.3
_ROUNDS_SHARE = 0.6
"""Part of the rounds that files and folders get."""


def run(bench: Bench) -> Section:
    """Kill runs, then count the rows of each in the table."""
    table = bench.fresh("delta_kills")
    rounds = max(1, round(bench.kill_rounds * _ROUNDS_SHARE))
    seconds = run_measured(_command(bench, table, 0)).wall_s
    chance = random.Random(_SEED)  # noqa: S311
    ended = {0}
    for number in range(1, rounds + 1):
        first = _LATE_FROM if chance.random() < _LATE_SHARE else 0
        spent = _kill_one(bench, table, number, seconds * chance.uniform(first, _SLOWEST))
        if spent is not None:
            ended.add(number)
            seconds += _PACE * (spent - seconds)
    found = _rows_of_runs(table)
    whole = bench.inputs.size.kill_rows
    partial = sum(rows != whole for rows in found.values())
    lost = len(ended - set(found))
    killed = rounds + 1 - len(ended)
    return Section(
        title=TITLE,
        note=f"SIGKILL to {rounds} runs that append {whole:,} rows each; {killed} were still there "
        "when their moment came.",
        header=("killed, in the table", "killed, not in it", "ended, in it", "ended, not in it"),
        rows=[
            (
                str(len(set(found) - ended)),
                str(killed - len(set(found) - ended)),
                str(len(ended) - lost),
                str(lost),
            )
        ],
        bars=[
            Bar("no run is in the table in part", str(partial), partial == 0),
            Bar("no run that ended is missing", str(lost), lost == 0),
        ],
    )


def _command(bench: Bench, table: Path, number: int) -> list[str]:
    data = bench.inputs.folder
    return [*bench.aqueducts("delta_kills", data, table, "--quiet", round=str(number))]


def _kill_one(bench: Bench, table: Path, number: int, moment: float) -> float | None:
    """Seconds that the run took, None where it was killed."""
    # Not waited for by a context manager: it is killed, with whatever it has started.
    process = subprocess.Popen(
        _command(bench, table, number),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,
    )
    started = time.perf_counter()
    try:
        process.wait(timeout=moment)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None
    if process.returncode != 0:
        message = f"run {number} ended with {process.returncode} without being killed"
        raise RuntimeError(message)
    return time.perf_counter() - started


def _rows_of_runs(table: Path) -> Counter[int]:
    """Rows in the table, by the number of the run."""
    rows: Counter[int] = Counter()
    for batch in pa.RecordBatchReader.from_stream(DeltaTable(table).scan(columns=["round"])):
        for each in batch["round"].value_counts().to_pylist():
            rows[each["values"]] += each["counts"]
    return rows
