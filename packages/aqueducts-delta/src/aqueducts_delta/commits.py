"""Commits: marked by their run, looked up before they are repeated, tried again on conflicts."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from aqueducts.connectors import WriteReport
from aqueducts.errors import AqueductsError, CommitLostError, DestinationError, StorageError
from aqueducts_delta.failures import failure, first_line, is_panic, reported
from aqueducts_delta.tables import find_table

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable

    from aqueducts_delta.locations import TableLocation

__all__ = ["CommitConflictError", "RunCommit", "TableWrite", "commit_once"]

_ATTEMPTS = 6
"""The first, and five more after conflicts."""
_FIRST_WAIT_SECONDS = 0.05

_LOST_RACE = "already exists"
"""What deltalake says where another writer made the table first."""
_RECENT = 20
"""How many commits are looked at before all of them are."""
_RUN_KEY = "aqueductsRunId"


class CommitConflictError(DestinationError):
    """Other writers were faster each time; nothing was written, and the run may be repeated."""

    code = "commit-conflict"
    is_retryable = True


class RunCommit(msgspec.Struct, frozen=True):
    """The one commit that a run makes to a table."""

    run_id: str
    destination: str
    metadata: Mapping[str, Any]
    location: str
    """As the user wrote it."""

    @property
    def application(self) -> str:
        """What the table knows the commit by: no two commits of it have the same."""
        return f"aqueducts:{self.run_id}:{self.destination}"

    def properties(self, *, is_first: bool = False) -> CommitProperties:
        """What is written into the commit.

        The first of a table is not tried again by deltalake, which would then add to a table that
        another writer has made, whatever the write mode is.
        """
        from deltalake import CommitProperties, Transaction

        return CommitProperties(
            max_commit_retries=0 if is_first else None,
            custom_metadata={**self.metadata, _RUN_KEY: self.run_id},
            app_transactions=[Transaction(self.application, 1)],
        )

    def is_in(self, table: DeltaTable) -> bool:
        """Whether the table has this commit already."""
        return table.transaction_version(self.application) is not None

    def history(self, table: DeltaTable) -> Mapping[str, Any]:
        """What the table's history says of the commit; nothing where it cannot be read.

        Whatever becomes of this, the commit is there.
        """
        try:
            found = self._metrics(table.history(_RECENT)) or self._metrics(table.history())
        # Errors of all kinds come out of deltalake.
        except Exception:  # noqa: BLE001
            return {}
        return found or {}

    def _metrics(self, entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        own = (entry for entry in entries if entry.get(_RUN_KEY) == self.run_id)
        found: Mapping[str, Any] | None = next(own, {}).get("operationMetrics")
        return found


class TableWrite(Protocol):
    """Puts the rows of a run into a table, in one commit."""

    rows: int
    """Written so far; all of them after the call."""

    def __call__(self, table: DeltaTable | None) -> bool:
        """Write to the table, or to a new one; False where there is nothing to commit."""


class _State(msgspec.Struct, frozen=True):
    """What a table had before a write."""

    version: int
    files: frozenset[str]

    @classmethod
    def of(cls, table: DeltaTable | None) -> _State:
        if table is None:
            return cls(-1, frozenset())
        return cls(table.version(), frozenset(table.file_uris()))

    def added(self, table: DeltaTable) -> int | None:
        """How many files came since; None where others may have added some of them."""
        if table.version() != self.version + 1:
            return None
        return len(frozenset(table.file_uris()) - self.files)


def commit_once(commit: RunCommit, location: TableLocation, write: TableWrite) -> WriteReport:
    """Write until the table has the commit.

    `write` gets the newest version, None where there is none yet. A conflict with another writer
    means reading the table and writing again, after a while that grows and is never the same. After
    any other failure the table is asked whether the commit is there: an answer may have been lost.

    Raises CommitConflictError, CommitLostError, DestinationError, and what `write` raises of ours.
    """
    from deltalake.exceptions import CommitFailedError

    conflict: BaseException | None = None
    for attempt in range(_ATTEMPTS):
        if conflict is None:
            table, is_there = _read(commit, location)
        else:
            _wait(attempt)
            table, is_there = _look_up(commit, location, conflict)
        if table is not None and is_there:
            return _report(commit, location, table, write.rows or None)
        before = _State.of(table)
        try:
            if not write(table):
                return WriteReport(rows=0, files=0, location=commit.location)
        except AqueductsError:
            raise
        except CommitFailedError as failed:
            conflict = failed
            continue
        # Whatever deltalake raises: the commit may be there nevertheless.
        except BaseException as failed:
            if not isinstance(failed, Exception) and not is_panic(failed):
                raise
            if table is None and _LOST_RACE in str(failed):
                conflict = failed
                continue
            return _after_error(commit, location, failed, write.rows, before)
        return _after_success(commit, location, write.rows, before)
    raise CommitConflictError(
        f"other writers changed the Delta table at {location.shown!r} each of {_ATTEMPTS} times "
        f"that this run tried to commit: {first_line(conflict) if conflict else ''}",
        hint="nothing was written; run it again, or let fewer runs write the same rows at once",
    ) from conflict


def _wait(attempt: int) -> None:
    time.sleep(_FIRST_WAIT_SECONDS * 2**attempt * (0.5 + random.random()))  # noqa: S311 - spreads writers


def _read(commit: RunCommit, location: TableLocation) -> tuple[DeltaTable | None, bool]:
    """The newest version, None where there is none, and whether it has the commit."""
    table = find_table(location, DestinationError)
    if table is None:
        return None, False
    with reported(DestinationError, "cannot read the Delta table", location):
        return table, commit.is_in(table)


def _look_up(
    commit: RunCommit, location: TableLocation, error: BaseException
) -> tuple[DeltaTable | None, bool]:
    """The same after a write ended with `error`, which is no time to give up soon.

    Raises CommitLostError where the table cannot be read.
    """
    unread: AqueductsError | None = None
    for attempt in range(_ATTEMPTS):
        try:
            return _read(commit, location)
        except (StorageError, DestinationError) as told:
            unread = told
        _wait(attempt)
    raise CommitLostError(
        f"whether the Delta table at {location.shown!r} has the commit of this run cannot be "
        f"told: {first_line(error)}",
        hint=f"the table's history names the runs that wrote it: look for {commit.run_id} before "
        "running it again",
    ) from unread


def _after_error(
    commit: RunCommit,
    location: TableLocation,
    error: BaseException,
    rows: int,
    before: _State,
) -> WriteReport:
    """The report where the commit is there all the same; if not, `error` is told."""
    table, is_there = _look_up(commit, location, error)
    if table is None or not is_there:
        raise failure(error, DestinationError, "cannot write the Delta table", location) from error
    return _report(commit, location, table, rows, before)


def _after_success(
    commit: RunCommit, location: TableLocation, rows: int, before: _State
) -> WriteReport:
    """The report of a commit that was acknowledged."""
    try:
        table, is_there = _read(commit, location)
    except (StorageError, DestinationError):  # the rows are written, whatever the store says now
        return WriteReport(rows=rows, location=commit.location)
    if table is None or not is_there:
        raise DestinationError(
            f"the Delta table at {location.shown!r} does not have the commit of this run",
            hint="another program may have removed or restored the table meanwhile",
        )
    return _report(commit, location, table, rows, before)


def _report(
    commit: RunCommit,
    location: TableLocation,
    table: DeltaTable,
    rows: int | None,
    before: _State | None = None,
) -> WriteReport:
    """What the commit did; `rows` is None where an earlier process wrote them.

    The history of a table in a bucket is not asked for what is known without it: deltalake holds
    the interpreter while it waits for the store, so that nothing else of the process goes on.
    """
    files = None if before is None else before.added(table)
    if rows is None or (files is None and location.local_path is not None):
        metrics = commit.history(table)
        if rows is None:
            rows = int(metrics.get("num_source_rows", metrics.get("num_added_rows", 0)))
        added = metrics.get("num_added_files", metrics.get("num_target_files_added"))
        files = None if added is None else int(added)
    return WriteReport(rows=rows, files=files, location=commit.location)
