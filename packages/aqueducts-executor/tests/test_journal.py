"""The journal: what is there after a crash."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aqueducts_executor.journal import Journal
from aqueducts_executor.machine import Outcome, Record, RunState

RECORDS = [
    Record("a", "queued", RunState.QUEUED),
    Record("a", "running", RunState.RUNNING),
    Record("a", "writing", RunState.RUNNING, detail="/data/out"),
    Record("a", "committing", RunState.RUNNING, detail="1:2"),
    Record("a", "ended", RunState.SUCCEEDED, outcome=Outcome(RunState.SUCCEEDED, "done")),
    Record("b", "queued", RunState.QUEUED),
]


def written(path: Path) -> bytes:
    """What the records come to on disk."""
    journal = Journal(path)
    journal.open()
    journal.write(RECORDS)
    journal.close()
    return path.read_bytes()


def test_everything_is_known_again(tmp_path: Path) -> None:
    """Also after the file was written anew, twice."""
    path = tmp_path / "journal.jsonl"
    written(path)
    for _ in range(2):
        journal = Journal(path)
        first, second = journal.open()
        journal.close()
        assert (first.target, first.proof, first.was_committing) == ("/data/out", "1:2", True)
        assert first.outcome is not None
        assert first.outcome.state is RunState.SUCCEEDED
        assert (second.run_id, second.outcome, second.started_at) == ("b", None, None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_a_file_that_was_cut_or_damaged_opens(tmp_path: Path, data: st.DataObject) -> None:
    """What is whole counts; the rest is passed over."""
    path = tmp_path / "journal.jsonl"
    path.unlink(missing_ok=True)
    content = written(path)
    cut = data.draw(st.integers(0, len(content)))
    tail = data.draw(st.binary(max_size=40))
    path.write_bytes(content[:cut] + tail)
    journal = Journal(path)
    runs = journal.open()
    journal.close()
    assert [run.run_id for run in runs if run.run_id in ("a", "b")] == sorted(
        {run.run_id for run in runs} & {"a", "b"}
    )


def test_it_stays_small(tmp_path: Path) -> None:
    """Old runs are forgotten once the file is large."""
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.open()
    outcome = Outcome(RunState.FAILED, "x" * 2000)
    for number in range(3000):
        journal.write([Record(f"r{number}", "ended", RunState.FAILED, outcome=outcome)])
    journal.close()
    assert path.stat().st_size < 5 << 20
    journal = Journal(path)
    assert len(journal.open()) <= 200
    journal.close()
