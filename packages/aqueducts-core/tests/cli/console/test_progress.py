"""Progress for logs, and JSON lines."""

from __future__ import annotations

import json
import time

import pytest

from aqueducts.cli.console import Console
from aqueducts.cli.console.json_lines import EventLog
from aqueducts.cli.console.progress import PlainProgress
from aqueducts.events import (
    DestinationCompleted,
    DestinationStarted,
    Event,
    Progress,
    RunStarted,
    SourceRegistered,
    StageCompleted,
    StageStarted,
)

_EVENTS: list[Event] = [
    RunStarted(run_id="r1", pipeline="p.yml", sources=("a",), stages=(("s",),), destination="out"),
    SourceRegistered(name="a", files=1, size_bytes=2_000),
    StageStarted(name="s", position=0, sub_position=0),
    StageCompleted(
        name="s",
        position=0,
        sub_position=0,
        duration_ms=1200,
        is_lazy=False,
        rows=5,
        reason="random() is volatile",
    ),
    DestinationStarted(name="out", location="out.csv"),
    DestinationCompleted(name="out", duration_ms=10, rows=5, size_bytes=100, files=1),
]


def test_a_log_has_a_line_at_the_start_and_end_of_each_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is redrawn, and standard output stays free."""
    progress = PlainProgress(Console(color="never"))
    for event in _EVENTS:
        progress.tell(event)
    progress.stop()
    output = capsys.readouterr()
    assert output.out == ""
    assert [line.partition("] ")[2] for line in output.err.splitlines()] == [
        "run r1 of p.yml: 1 source, 1 stage, destination out",
        "source a: open (1 file, 2.0 KB)",
        "stage s: started",
        "stage s: done (5 rows, 1.2 s, random() is volatile)",
        "destination out: writing to out.csv",
        "destination out: done (5 rows, 100 B, 1 file, 10 ms)",
    ]


def test_long_steps_show_a_sign_of_life(capsys: pytest.CaptureFixture[str]) -> None:
    """A log that stands still looks like a run that hangs."""
    progress = PlainProgress(Console(color="never"), heartbeat_seconds=0.05)
    for event in _EVENTS[:2]:
        progress.tell(event)
    progress.tell(Progress(step="source", name="a", rows=77, size_bytes=1_000))
    deadline = time.monotonic() + 5
    heard = ""
    while "still running" not in heard and time.monotonic() < deadline:
        time.sleep(0.02)
        heard += capsys.readouterr().err
    progress.stop()
    assert "still running: source a 77 rows, 1.0 KB" in heard


def test_json_lines_carry_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Every line stands alone: version, time, run, event and its fields."""
    log = EventLog(Console())
    for event in _EVENTS:
        log.tell(event)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == [
        "started",
        "source_registered",
        "stage_started",
        "stage_completed",
        "destination_started",
        "destination_completed",
    ]
    assert {line["run_id"] for line in lines} == {"r1"}
    assert {line["schema_version"] for line in lines} == {1}
    assert all(line["ts"].endswith("+00:00") for line in lines)
    assert lines[3]["rows"] == 5
    assert lines[3]["is_lazy"] is False
