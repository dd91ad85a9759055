"""The commit, and what is known where its answer is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from aqueducts.errors import CommitLostError, DestinationError, RunError
from aqueducts_odbc.sink.dialect import Dialect
from aqueducts_odbc.sink.session import SqlSession

__all__ = ["commit"]

_PATIENCE_SECONDS = 5.0
"""How long a transaction may stay open whose connection is lost, until nobody waits for it."""
_LOOK_UP_SECONDS = 0.1


def commit(
    session: SqlSession,
    dialect: Dialect,
    shown: str,
    reconnect: Callable[[], AbstractContextManager[SqlSession]],
) -> None:
    """Commit. Where no answer comes, ask another session what became of the transaction.

    Raises DestinationError where nothing was written, CommitLostError where nobody knows.
    """
    number = None
    if dialect.outcome_query is not None:
        [[number]] = session.rows(dialect.outcome_query)
    try:
        session.commit()
    except CommitLostError as error:
        outcome = None
        if number is not None:
            with suppress(RunError), reconnect() as other:
                outcome = _outcome(other, dialect, number)
        if outcome is True:
            return
        if outcome is False:
            raise DestinationError(
                f"{error.message}; {dialect.product} has rolled the transaction back",
                hint="nothing was written; run the pipeline again",
            ) from error
        raise CommitLostError(
            f"{error.message}; whether the rows are in table {shown} is not known",
            hint=_look(shown, number),
        ) from error


def _outcome(session: SqlSession, dialect: Dialect, number: str) -> bool | None:
    """What became of a transaction; the server may take a while to notice a lost connection."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        outcome = dialect.outcome_of(session, number)
        if outcome is not None or time.monotonic() > deadline:
            return outcome
        time.sleep(_LOOK_UP_SECONDS)


def _look(shown: str, number: str | None) -> str:
    look = f"look into table {shown}: all rows of this run are there, or none of them"
    if number is None:
        return f"{look}; run again only where none is"
    return f"{look}; or ask SELECT txid_status({number}), then run again where it says aborted"
