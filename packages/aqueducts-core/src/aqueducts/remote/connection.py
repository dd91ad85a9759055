"""Speaking HTTP and WebSocket to an executor: keys, certificates, and what failures mean."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from aqueducts.errors import (
    AqueductsError,
    ExecutorBusyError,
    ExecutorError,
    ExecutorUnreachableError,
    NotAuthorisedError,
    ProtocolError,
    UnknownRunError,
    ValidationProblem,
)
from aqueducts.protocol import ErrorAnswer, decode_body, problem_of
from aqueducts.protocol.limits import (
    API_KEY_HEADER,
    EXECUTION_ID_HEADER,
    PING_SECONDS,
    WEBSOCKET_PATH,
)
from aqueducts.remote.address import Address
from aqueducts.remote.waiting import unless_cancelled
from aqueducts.threads import Cancellation

__all__ = ["Connection", "failure_of_status", "words_for_failures"]

_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 30.0

_TLS_CLOSE_SECONDS = 0.1

_MOST_BYTES = 16 * 1024 * 1024
"""Of one message of an executor: they may be longer than those of clients."""


@dataclass(frozen=True)
class Connection:
    """How to reach one executor; opens a session of its own for each use."""

    address: Address
    api_key: str | None = field(default=None, repr=False)
    ca_file: str | None = None

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        """A session that sends the key. Raises ExecutorError for a key or CA that cannot be."""
        connector = aiohttp.TCPConnector(ssl=self._trust())
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_SECONDS, sock_read=_ANSWER_SECONDS
        )
        try:
            async with aiohttp.ClientSession(
                connector=connector,
                headers=self._headers(),
                timeout=timeout,
                # A proxy has nothing to do with what is on this machine.
                trust_env=not self.address.is_loopback,
            ) as session:
                yield session
        finally:
            # The loop closes transports of TLS some turns later, and may end with the session.
            await asyncio.sleep(_TLS_CLOSE_SECONDS if self.address.url.startswith("https") else 0)

    @contextlib.asynccontextmanager
    async def websocket(
        self, cancellation: Cancellation
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """An open WebSocket.

        Raises ExecutorError where none can be had, and RunCancelledError where it was not wanted
        any more.
        """
        async with self.session() as session:
            with words_for_failures(self.address):
                socket = await unless_cancelled(
                    session.ws_connect(
                        # Not ws://, for which the environment names no proxy.
                        self.address.http(WEBSOCKET_PATH),
                        heartbeat=PING_SECONDS,
                        max_msg_size=_MOST_BYTES,
                        timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                    ),
                    cancellation,
                )
            try:
                yield socket
            finally:
                await socket.close()

    async def fetch(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body of an answer. Raises ExecutorError for those that are no success."""
        headers = {} if body is None else {"Content-Type": "application/json"}
        async with self.session() as session:
            with words_for_failures(self.address):
                answer = await session.request(
                    method, self.address.http(path), data=body, headers=headers
                )
                content = await answer.read()
        if answer.status >= 400:
            raise failure_of_status(answer.status, content, self.address)
        return answer.status, content

    async def submit(self, pipeline: bytes) -> str:
        """The id of a run that does not need anybody to listen. Raises as `fetch`."""
        body = b'{"pipeline":' + pipeline + b"}"
        headers = {"Content-Type": "application/json"}
        url = self.address.http("/execute?detach=true&queue=true")
        async with self.session() as session:
            with words_for_failures(self.address):
                answer = await session.post(url, data=body, headers=headers)
                if answer.status >= 400:
                    content = await answer.read()
                    raise failure_of_status(answer.status, content, self.address)
            execution_id = answer.headers.get(EXECUTION_ID_HEADER)
            answer.close()
        if execution_id is None:
            raise ProtocolError(f"the executor at {self.address.name} does not tell the run's id")
        return execution_id

    def _headers(self) -> dict[str, str]:
        if self.api_key is None:
            return {}
        if not self.api_key.isascii() or not self.api_key.isprintable() or not self.api_key:
            raise NotAuthorisedError(
                "the key for the executor holds characters that no key has",
                hint="a key is one line of letters, digits and signs",
            )
        return {API_KEY_HEADER: self.api_key}

    def _trust(self) -> ssl.SSLContext | bool:
        if self.ca_file is None:
            return True
        if not Path(self.ca_file).is_file():
            raise ExecutorUnreachableError(
                f"there is no file of certificates {self.ca_file}",
                hint="give the CA of the executor's certificate as a PEM file",
            )
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except (ssl.SSLError, OSError) as error:
            raise ExecutorUnreachableError(
                f"{self.ca_file} holds no certificates: {error}",
                hint="give the CA of the executor's certificate as a PEM file",
            ) from error


def failure_of_status(status: int, body: bytes, address: Address) -> AqueductsError:
    """What an answer that is no success means."""
    try:
        told = decode_body(body, ErrorAnswer)
    except ProtocolError:
        told = ErrorAnswer(error="")
    if told.problems:
        return ValidationProblem([problem_of(each) for each in told.problems])
    words = told.error
    said = f": {words}" if words else ""
    match status:
        case 401 | 403:
            return NotAuthorisedError(
                f"the executor at {address.name} refuses the key{said}",
                hint="give the key it was started with: --api-key-file, AQUEDUCTS_API_KEY",
            )
        case 404 if words:
            return UnknownRunError(words)
        case 429 | 503:
            return ExecutorBusyError(
                f"the executor at {address.name} takes no runs at present{said}",
                hint="try again later; aqueducts status shows its queue",
            )
        case 400 | 413 | 415 | 422:
            return ExecutorError(f"the executor refused the request{said}")
        case _:
            return ExecutorUnreachableError(
                f"what answers at {address.name} is no executor: HTTP status {status}{said}",
                hint="give host and port of the executor, or the URL of its root",
            )


@contextlib.contextmanager
def words_for_failures(address: Address) -> Iterator[None]:
    """Turn what goes wrong with a connection into ExecutorError."""
    try:
        yield
    except aiohttp.WSServerHandshakeError as error:
        raise failure_of_status(error.status, b"", address) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise _unreachable(address, error) from error


def _unreachable(address: Address, error: Exception) -> ExecutorUnreachableError:
    hint = "is aqueducts-executor running there?"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = f"its certificate is not trusted ({error.certificate_error})"
        hint = "give its CA with --executor-ca"
    elif isinstance(error, aiohttp.ClientConnectorSSLError):
        reason = "it does not speak TLS"
        hint = "give the address with http:// where the executor has no certificate"
    elif isinstance(error, aiohttp.ClientConnectorDNSError):
        reason = "its name is not known"
        hint = "compare the name with that of the machine"
    elif isinstance(error, TimeoutError):
        reason = "it does not answer"
    elif isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        reason = os.strerror(number).lower() if number else str(error)
    elif isinstance(error, aiohttp.ServerDisconnectedError):
        reason = "it closed the connection"
        hint = "an executor that serves TLS needs an address with https://"
    else:
        reason = f"it does not answer as an executor ({error})"
    return ExecutorUnreachableError(
        f"the executor at {address.name} cannot be reached: {reason}", hint=hint
    )
