"""What must outlive the process: the states of runs, one line of JSON each, on disk at once."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from aqueducts_executor.machine import Outcome, Record, RunState

__all__ = ["Journal", "JournalEntry", "PastRun"]

_KEPT_RUNS = 200
_MOST_BYTES = 4 << 20
"""The file is written anew once it is larger."""


class JournalEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line."""

    at: datetime
    run_id: str
    entry: str
    state: RunState
    message: str | None = None
    code: str | None = None
    detail: str | None = None
    """Of `writing`: where to; of `committing`: what the result is known by."""


class PastRun(msgspec.Struct, frozen=True):
    """What a journal tells of one run."""

    run_id: str
    submitted_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None
    """None where the process ended before the run did."""
    target: str | None = None
    """Where on this machine its result was to go."""
    proof: str | None = None
    """What that is known by."""
    was_committing: bool = False


class Journal:
    """A file that is only appended to, and made small when it is opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._encoder = msgspec.json.Encoder()
        self._file: int | None = None
        self._size = 0

    def open(self) -> list[PastRun]:
        """Read what is there, keep what matters of it, and begin to append. Raises OSError."""
        runs = _past_runs(self._read())[-_KEPT_RUNS:]
        self._rewrite([entry for run in runs for entry in _entries(run)])
        return runs

    def write(self, records: list[Record]) -> None:
        """Append entries and wait until they are on disk. Raises OSError."""
        now = datetime.now(UTC)
        entries = [
            JournalEntry(
                now,
                record.run_id,
                record.entry,
                record.state,
                None if record.outcome is None else record.outcome.message[:2000],
                None if record.outcome is None else record.outcome.code,
                record.detail,
            )
            for record in records
        ]
        self._append(entries)
        if self._size > _MOST_BYTES:
            self._shrink()

    def close(self) -> None:
        """Stop."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _append(self, entries: list[JournalEntry]) -> None:
        if self._file is None:
            raise OSError("the journal is closed")
        data = b"".join(self._encoder.encode(entry) + b"\n" for entry in entries)
        os.write(self._file, data)
        os.fsync(self._file)
        self._size += len(data)

    def _shrink(self) -> None:
        self.close()
        runs = _past_runs(self._read())[-_KEPT_RUNS:]
        self._rewrite([entry for run in runs for entry in _entries(run)])

    def _read(self) -> list[JournalEntry]:
        try:
            lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        found = []
        for line in lines:
            try:
                found.append(msgspec.json.decode(line, type=JournalEntry))
            except msgspec.DecodeError:
                continue  # cut by a crash; or empty, behind the last one
        return found

    def _rewrite(self, entries: list[JournalEntry]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        self._file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._size = 0
        self._append(entries)
        new.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _past_runs(entries: list[JournalEntry]) -> list[PastRun]:
    """Runs in the order in which they were asked for."""
    by_run: dict[str, list[JournalEntry]] = {}
    for entry in entries:
        by_run.setdefault(entry.run_id, []).append(entry)
    return [_past_run(run_id, found) for run_id, found in by_run.items()]


def _past_run(run_id: str, entries: list[JournalEntry]) -> PastRun:
    last = {entry.entry: entry for entry in entries}
    ended, committing, running = last.get("ended"), last.get("committing"), last.get("running")
    writing = last.get("writing")
    outcome = None
    if ended is not None:
        outcome = Outcome(ended.state, ended.message or "", code=ended.code)
    return PastRun(
        run_id=run_id,
        submitted_at=entries[0].at,
        started_at=None if running is None else running.at,
        ended_at=None if ended is None else ended.at,
        outcome=outcome,
        target=None if writing is None else writing.detail,
        proof=None if committing is None else committing.detail,
        was_committing=committing is not None,
    )


def _entries(run: PastRun) -> list[JournalEntry]:
    """The lines that tell of a run."""
    made = [JournalEntry(run.submitted_at, run.run_id, "queued", RunState.QUEUED)]
    if run.started_at is not None:
        made.append(JournalEntry(run.started_at, run.run_id, "running", RunState.RUNNING))
    at = run.started_at or run.submitted_at
    if run.target is not None:
        made.append(JournalEntry(at, run.run_id, "writing", RunState.RUNNING, detail=run.target))
    if run.was_committing:
        made.append(JournalEntry(at, run.run_id, "committing", RunState.RUNNING, detail=run.proof))
    if run.outcome is not None:
        outcome, at = run.outcome, run.ended_at or run.submitted_at
        made.append(
            JournalEntry(at, run.run_id, "ended", outcome.state, outcome.message, outcome.code)
        )
    return made
