"""Connections to databases, each in a process of its own: see `worker`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from aqueducts.connectors import StagedWrite
from aqueducts_odbc.failures import failure, lost, timed_out
from aqueducts_odbc.readable_types import readable
from aqueducts_odbc.targets import Target
from aqueducts_odbc.worker.process import (
    CommandFailedError,
    DriverProcess,
    ProcessLostError,
    SilenceError,
)
from aqueducts_odbc.worker.wire import (
    Batch,
    ChannelClosedError,
    Commit,
    Connect,
    Content,
    End,
    Execute,
    Insert,
    Read,
    ReadBounds,
    Rollback,
)

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Batches", "Connection", "ReadBounds", "open_connection"]

_GRACE_SECONDS = 2.0
"""How long a driver may take to report a time-out by itself."""


class _Batches(Protocol):
    @property
    def schema(self) -> pa.Schema: ...
    def __iter__(self) -> Iterator[pa.RecordBatch]: ...


@contextmanager
def open_connection(target: Target, *, is_autocommit: bool = True) -> Iterator[Connection]:
    """A connection, closed at the end; without autocommit what was not committed is rolled back.

    Where the run is stopped the connection is given up, whatever the driver does. Raises the
    target's kind of error.
    """
    process = DriverProcess()
    connection = Connection(process, target)
    if target.context is not None:
        target.context.staged(_GivenUpWithTheRun(process))
    try:
        connection.connect(is_autocommit=is_autocommit)
        yield connection
    finally:
        process.close(is_idle=connection.is_idle)


class Connection:
    """One connection; does one thing after another. Methods raise the target's kind of error."""

    def __init__(self, process: DriverProcess, target: Target) -> None:
        self._process = process
        self.target = target
        self.is_idle = True
        """Whether the driver has answered all it was asked."""

    def connect(self, *, is_autocommit: bool) -> None:
        """Connect; called once, by `open_connection`."""
        target = self.target
        timeout = target.login_timeout or None
        command = Connect(
            text=target.text,
            login_timeout=timeout,
            is_autocommit=is_autocommit,
            session_query=target.profile.session_query,
            cancel_statement=target.profile.cancel_statement,
        )
        what = f"cannot connect to {target.shown}"
        seconds = None if timeout is None else timeout + _GRACE_SECONDS
        self._ask(what, lambda: self._process.ask(command, seconds), "login_timeout", timeout)

    def execute(
        self,
        query: str,
        parameters: Sequence[str | None] = (),
        query_timeout_sec: int | None = None,
    ) -> None:
        """Run a statement; rows that it gives are lost."""
        command = Execute(query, tuple(parameters), query_timeout_sec)
        seconds = None if query_timeout_sec is None else query_timeout_sec + _GRACE_SECONDS
        what = f"{self.target.shown} refuses a statement"
        self._ask(
            what, lambda: self._process.ask(command, seconds), "query_timeout", query_timeout_sec
        )

    def read(
        self,
        query: str,
        parameters: Sequence[str | None] = (),
        bounds: ReadBounds = ReadBounds(),  # noqa: B008 - cannot be changed
        map_schema: Callable[[pa.Schema], pa.Schema] | None = None,
    ) -> Batches:
        """Run a query. `map_schema` gives the types to read with for those that the driver tells.

        Types that would end the process are never asked for, whatever `map_schema` gives. Columns
        are matched by place. A statement that gives no rows has no columns.
        """
        command = Read(query=query, parameters=tuple(parameters), bounds=bounds)
        timeout = bounds.query_timeout
        seconds = None if timeout is None else timeout + _GRACE_SECONDS

        def begin() -> Content:
            self._process.say(command)
            return self._process.answer(seconds)

        what = f"{self.target.shown} refuses the query"
        found = self._ask(what, begin, "query_timeout", timeout)
        if isinstance(found, End):
            return Batches(self)
        self.is_idle = False
        return Batches(self, found, readable(found if map_schema is None else map_schema(found)))

    def insert_into_table(self, reader: _Batches, table: str, chunk_size: int) -> None:
        """Insert rows into a table, whose name is SQL; columns are matched by name.

        What the reader raises passes through; rows before it are in the transaction then.
        """
        channel = self._process.channel
        what = f"{self.target.shown} refuses the rows"

        def insert() -> None:
            self._process.say(Insert(table, chunk_size))
            is_whole = False
            try:
                channel.send_schema(reader.schema)
                for batch in reader:
                    if channel.can_receive(0):  # it has failed
                        break
                    channel.send_batch(batch)
                is_whole = True
            except ChannelClosedError:
                raise self._process.lost() from None
            finally:
                self._finish_rows(End(is_whole))

        self._ask(what, insert, None, None)

    def _finish_rows(self, end: End) -> None:
        try:
            self._process.channel.say(end)
            self._process.answer()
        except ChannelClosedError:
            raise self._process.lost() from None

    def commit(self) -> None:
        """Commit. Where the connection is lost meanwhile, nobody knows whether it was."""
        what = f"{self.target.shown} could not commit"
        self._ask(what, lambda: self._process.ask(Commit()), None, None)

    def rollback(self) -> None:
        """Roll back."""
        what = f"{self.target.shown} could not roll back"
        self._ask(what, lambda: self._process.ask(Rollback()), None, None)

    def next_content(self) -> Content:
        """What comes next of a query; for `Batches`."""
        return self._ask(f"{self.target.shown} could not read on", self._process.answer, None, None)

    def bind(self, schema: pa.Schema) -> None:
        """Tell what types to read; for `Batches`."""
        try:
            self._process.channel.send_schema(schema)
        except ChannelClosedError:
            self._fail(self._process.lost(), f"{self.target.shown} could not read")

    def end_query(self) -> None:
        """Read no rows of a query whose columns are known; for `Batches`."""
        try:
            self._process.channel.say(End(is_whole=False))
            self._process.answer()
        except (ChannelClosedError, ProcessLostError):
            return
        self.is_idle = True

    def _ask(
        self, what: str, action: Callable[[], Any], field: str | None, seconds: int | None
    ) -> Any:
        self.is_idle = False
        try:
            answer = action()
        except CommandFailedError as error:
            self.is_idle = True
            self._fail(error, what)
        except SilenceError:
            self._process.give_up()
            raise timed_out(self.target, what, field, seconds) from None
        except ProcessLostError as error:
            self._fail(error, what)
        self.is_idle = True
        return answer

    def _fail(self, error: CommandFailedError | ProcessLostError, what: str) -> NoReturn:
        if isinstance(error, CommandFailedError):
            raise failure(error, self.target, what) from None
        raise lost(error, self.target, what) from None


class Batches:
    """The rows of a query, a batch at a time; nothing is fetched before the first is asked for."""

    def __init__(
        self,
        connection: Connection,
        found: pa.Schema | None = None,
        schema: pa.Schema | None = None,
    ) -> None:
        import pyarrow as pa

        self._connection = connection
        self.found: pa.Schema = found or pa.schema([])
        """The columns as the driver tells them; none where it gives no rows."""
        self.schema: pa.Schema = schema or pa.schema([])
        """The columns as they are read."""
        self._is_bound = False
        self._is_over = found is None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while (batch := self.read_next()) is not None:
            yield batch

    def read_next(self) -> pa.RecordBatch | None:
        """The next batch; None behind the last."""
        if self._is_over:
            return None
        if not self._is_bound:
            self._is_bound = True
            self._connection.bind(self.schema)
        content = self._connection.next_content()
        if isinstance(content, Batch):
            self._connection.is_idle = False
            return content.decoded(self.schema)
        self._is_over = True
        return None

    def close(self) -> None:
        """Read no rows: for those who want only the columns."""
        if not self._is_bound and not self._is_over:
            self._is_over = True
            self._connection.end_query()


class _GivenUpWithTheRun(StagedWrite):
    """Ends a driver's process with the run: nothing is staged, and nothing committed."""

    def __init__(self, process: DriverProcess) -> None:
        self._process = process

    def commit(self) -> None:
        """Nothing to commit."""

    def abort(self) -> None:
        """Let the process go."""
        self._process.give_up()
