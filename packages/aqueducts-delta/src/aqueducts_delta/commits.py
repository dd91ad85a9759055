"""Commits: marked by their run, looked up before they are repeated, tried again on conflicts."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from aqueducts.connectors import WriteReport
from aqueducts.errors import AqueductsError, DestinationError
from aqueducts_delta.failures import failure, first_line, is_panic
from aqueducts_delta.tables import find_table

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable

    from aqueducts_delta.locations import TableLocation

__all__ = ["CommitConflictError", "RunCommit", "commit_once"]

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

    def report(self, table: DeltaTable, rows: int | None = None) -> WriteReport:
        """What the commit did, by the table's own history; `rows` where the writer counted them."""
        metrics = self._metrics(table.history(_RECENT)) or self._metrics(table.history()) or {}
        if rows is None:
            rows = int(metrics.get("num_source_rows", metrics.get("num_added_rows", 0)))
        files = metrics.get("num_added_files", metrics.get("num_target_files_added"))
        return WriteReport(
            rows=rows, files=None if files is None else int(files), location=self.location
        )

    def _metrics(self, entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        own = (entry for entry in entries if entry.get(_RUN_KEY) == self.run_id)
        found: Mapping[str, Any] | None = next(own, {}).get("operationMetrics")
        return found


def commit_once(
    commit: RunCommit,
    location: TableLocation,
    write: Callable[[DeltaTable | None], int | None],
) -> WriteReport:
    """Write until the table has the commit; `write(table)` makes it and returns its rows.

    It returns None where there was nothing to commit.

    `table` is the newest version, None where there is none yet. A conflict with another writer
    means reading the table and writing again, after a while that grows and is never the same. After
    any other failure the table is asked whether the commit is there: an answer may have been lost.

    Raises CommitConflictError, DestinationError, and what `write` raises of ours.
    """
    from deltalake.exceptions import CommitFailedError

    conflict: BaseException | None = None
    for attempt in range(_ATTEMPTS):
        if conflict is not None:
            time.sleep(_FIRST_WAIT_SECONDS * 2**attempt * (0.5 + random.random()))  # noqa: S311 - spreads writers
        table = find_table(location, DestinationError)
        if table is not None and commit.is_in(table):
            return commit.report(table)
        try:
            rows = write(table)
        except AqueductsError:
            raise
        except CommitFailedError as error:
            conflict = error
            continue
        # Whatever deltalake raises: the commit may be there nevertheless.
        except BaseException as error:
            if not isinstance(error, Exception) and not is_panic(error):
                raise
            if table is None and _LOST_RACE in str(error):
                conflict = error
                continue
            return _look_up(commit, location, error)
        if rows is None:
            return WriteReport(rows=0, files=0, location=commit.location)
        return _look_up(commit, location, None, rows)
    raise CommitConflictError(
        f"other writers changed the Delta table at {location.shown!r} each of {_ATTEMPTS} times "
        f"that this run tried to commit: {first_line(conflict) if conflict else ''}",
        hint="nothing was written; run it again, or let fewer runs write the same rows at once",
    ) from conflict


def _look_up(
    commit: RunCommit,
    location: TableLocation,
    error: BaseException | None,
    rows: int | None = None,
) -> WriteReport:
    """What the table says of the commit; where it does not have it, `error` is told."""
    table = find_table(location, DestinationError)
    if table is not None and commit.is_in(table):
        return commit.report(table, rows)
    if error is not None:
        raise failure(error, DestinationError, "cannot write the Delta table", location) from error
    raise DestinationError(
        f"the Delta table at {location.shown!r} does not have the commit of this run",
        hint="another program may have removed or restored the table meanwhile",
    )
