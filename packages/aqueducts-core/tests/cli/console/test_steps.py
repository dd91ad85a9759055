"""Steps kept up to date by events, and their lines."""

from __future__ import annotations

from aqueducts.cli.console.cells import cell_width
from aqueducts.cli.console.step_lines import step_lines
from aqueducts.cli.console.steps import Step, Steps
from aqueducts.cli.console.terminal import Styler
from aqueducts.events import (
    DestinationCompleted,
    DestinationStarted,
    Event,
    Notice,
    Progress,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunStarted,
    SourceRegistered,
    StageCompleted,
    StageStarted,
)
from aqueducts.results import RunResult, StepResult

_PLAIN = Styler(has_color=False)

_BEGIN: list[Event] = [
    RunStarted(run_id="r", sources=("a", "b"), stages=(("s",), ("t",)), destination="out"),
    SourceRegistered(name="a", files=2, size_bytes=5_000_000),
    StageStarted(name="s", position=0, sub_position=0),
    StageCompleted(name="s", position=0, sub_position=0, duration_ms=2),
    StageStarted(name="t", position=1, sub_position=0),
    Notice(message="by the way"),
]


def _steps(*events: Event) -> Steps:
    steps = Steps()
    for second, event in enumerate(events):
        steps.apply(event, float(second))
    return steps


def _states(steps: Steps) -> dict[str, str]:
    return {step.name: step.state for step in steps}


def test_steps_follow_the_events() -> None:
    """Every step of the pipeline is there from the beginning, in its order."""
    assert _states(_steps(*_BEGIN)) == {
        "a": "open",
        "b": "waiting",
        "s": "done",
        "t": "running",
        "out": "waiting",
    }


def test_a_finished_run_has_finished_steps() -> None:
    """Sources have no end of their own: they are done when the run is."""
    steps = _steps(
        *_BEGIN,
        Progress(step="source", name="a", rows=10),
        DestinationStarted(name="out"),
        DestinationCompleted(name="out", duration_ms=1500, rows=3, size_bytes=9, location="x"),
        RunCompleted(duration_ms=9000),
    )
    assert set(_states(steps).values()) == {"done"}
    assert steps.has_written
    steps.settle(
        RunResult(
            run_id="r",
            duration_ms=1,
            peak_memory_bytes=1,
            steps=(StepResult("source", "a", 1, rows=12), StepResult("source", "b", 1, rows=8)),
        )
    )
    assert steps.rows_in == 20


def test_a_failed_run_names_the_step() -> None:
    """What ran besides was stopped, what never began still waits."""
    failed = _steps(*_BEGIN, RunFailed(code="stage", message="no", duration_ms=1, step="t"))
    assert _states(failed) == {
        "a": "stopped",
        "b": "waiting",
        "s": "done",
        "t": "failed",
        "out": "waiting",
    }
    assert not failed.has_written
    assert _states(_steps(*_BEGIN, RunCancelled(duration_ms=1)))["t"] == "stopped"


def test_lines_tell_rows_bytes_rate_and_time() -> None:
    """Columns are aligned over all kinds of steps."""
    steps = _steps(*_BEGIN, Progress(step="source", name="a", rows=1_200_000))
    lines = step_lines(list(steps), now=8.0, width=100, limit=20, style=_PLAIN)
    assert lines[0][2:] == "source       a    1,200,000 rows  5.0 MB  600 k rows/s  2.0 s  2 files"
    assert lines[2].startswith("✓ stage        s")
    assert lines[2].endswith("in the stream")
    assert lines[4] == "· destination  out"


def test_lines_fit_the_terminal() -> None:
    """Long names are shortened and no line wraps: that would tear the live region."""
    steps = [
        Step("source", "日本語" * 30, state="running", rows=10**12, started_at=0.0, note="x" * 200),
        Step("stage", "new\nline", state="failed"),
    ]
    for width in (20, 40, 80):
        lines = step_lines(steps, now=100.0, width=width, limit=5, style=_PLAIN)
        assert all(cell_width(line) < width for line in lines)
        assert not any("\n" in line for line in lines)


def test_many_steps_are_counted() -> None:
    """On a small terminal what runs is shown and the others are counted."""
    steps = [Step("stage", f"s{n}", state="done") for n in range(50)]
    steps += [Step("stage", "busy", state="running", started_at=0.0)]
    steps += [Step("stage", f"w{n}") for n in range(7)]
    lines = step_lines(steps, now=1.0, width=80, limit=10, style=_PLAIN)
    assert len(lines) == 2
    assert "busy" in lines[0]
    assert lines[1].strip() == "50 done, 7 more"


def test_lines_without_unicode_are_ascii() -> None:
    """Marks have plain forms."""
    steps = [Step("destination", "out", state=state, note="a/b") for state in ("running", "done")]
    lines = step_lines(
        steps, now=1.0, width=80, limit=9, style=Styler(has_color=False, has_unicode=False)
    )
    assert all(line.isascii() for line in lines)
