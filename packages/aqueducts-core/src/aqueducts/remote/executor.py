"""An executor as a program sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from aqueducts.events import Event
from aqueducts.protocol import CancelAnswer, Execution, Status, decode_body
from aqueducts.remote.address import Address
from aqueducts.remote.submission import Submission
from aqueducts.threads import Cancellation

if TYPE_CHECKING:
    from aqueducts.pipeline import Pipeline
    from aqueducts.remote.connection import Connection
    from aqueducts.results import RunResult

__all__ = ["Executor"]


def _ignore(event: Event) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Executor:
    """An executor at `HOST:PORT` or a URL: runs pipelines there, and asks about them.

    All methods raise ExecutorError: ExecutorUnreachableError, NotAuthorisedError,
    ExecutorBusyError, ConnectionLostError. A bad address is a ValueError.
    """

    address: str
    api_key: str | None = None
    ca_file: str | None = None
    """A PEM file with the only CA to trust; None trusts those of the system."""

    def __post_init__(self) -> None:
        Address.parse(self.address)

    def __repr__(self) -> str:
        return f"Executor({self.address!r})"

    @property
    def name(self) -> str:
        """The address as people say it: `HOST:PORT`, or a URL."""
        return Address.parse(self.address).name

    async def run(
        self,
        pipeline: Pipeline | Submission,
        *,
        on_event: Callable[[Event], object] | None = None,
        cancellation: Cancellation | None = None,
    ) -> RunResult:
        """Run a pipeline there, waiting in its queue where others run, and return what it did.

        The executor opens the files and resolves the references to secrets. `on_event` hears
        what is known of the run, in this thread. Where the task is cancelled or `cancellation`
        asked, the run is cancelled there, and CancelledError or RunCancelledError raised once it
        has ended.

        Raises what the run failed with, as `aqueducts.run` does.
        """
        from aqueducts.remote.conversation import Conversation
        from aqueducts.remote.heard_run import HeardRun

        submission = pipeline if isinstance(pipeline, Submission) else Submission.of(pipeline)
        connection = self._connection()
        cancellation = cancellation or Cancellation()
        heard = HeardRun(on_event or _ignore, submission)
        async with connection.websocket(cancellation) as socket:
            await Conversation(socket, heard, connection.address).run(submission, cancellation)
        return heard.result()

    def run_sync(
        self,
        pipeline: Pipeline | Submission,
        *,
        on_event: Callable[[Event], object] | None = None,
        cancellation: Cancellation | None = None,
    ) -> RunResult:
        """`run`, for code that is not asynchronous; Ctrl-C cancels the run there as well."""
        return asyncio.run(self.run(pipeline, on_event=on_event, cancellation=cancellation))

    async def submit(self, pipeline: Pipeline | Submission) -> str:
        """Hand a pipeline over and return what its run is called; it goes on without a listener.

        It waits in the queue where others run. Raises PipelineError where it is refused.
        """
        submission = pipeline if isinstance(pipeline, Submission) else Submission.of(pipeline)
        return await self._connection().submit(submission.body)

    async def attach(
        self, execution_id: str, *, on_event: Callable[[Event], object] | None = None
    ) -> RunResult:
        """Listen to a run from its beginning until it has ended, and return what it did.

        To stop listening leaves the run alone. Raises what it failed with, and UnknownRunError.
        """
        from aqueducts.remote.attachment import Attachment
        from aqueducts.remote.heard_run import HeardRun

        heard = HeardRun(on_event or _ignore)
        await Attachment(self._connection(), heard, execution_id).follow()
        return heard.result()

    async def cancel(self, execution_id: str | None = None) -> CancelAnswer:
        """Cancel a run, or the one that is under way; the answer comes once it has ended."""
        given = {} if execution_id is None else {"execution_id": execution_id}
        _, body = await self._connection().fetch("POST", "/cancel", msgspec.json.encode(given))
        return decode_body(body, CancelAnswer)

    async def status(self) -> Status:
        """What the executor is doing."""
        _, body = await self._connection().fetch("GET", "/status")
        return decode_body(body, Status)

    async def execution(self, execution_id: str) -> Execution:
        """The state of one run. Raises UnknownRunError."""
        path = f"/executions/{quote(execution_id, safe='')}"
        _, body = await self._connection().fetch("GET", path)
        return decode_body(body, Execution)

    def _connection(self) -> Connection:
        from aqueducts.remote.connection import Connection  # loads aiohttp

        return Connection(Address.parse(self.address), self.api_key, self.ca_file)
