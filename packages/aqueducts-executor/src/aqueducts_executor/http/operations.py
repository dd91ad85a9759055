"""Every path of the API, once: what serves it, who may call it, what it takes and gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aiohttp import web

from aqueducts.protocol import BusyAnswer, CancelAnswer, ErrorAnswer, Execution, Status, StreamEvent
from aqueducts_executor.http.executions import CancelBody, ExecuteBody, Executions
from aqueducts_executor.http.state import Health, StateViews

__all__ = ["Handler", "Operation", "Parameter", "operations"]

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Parameter:
    """Something in the path, the query or the headers."""

    name: str
    place: str
    """`path`, `query` or `header`."""
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    name: str
    handler: Handler
    needs_key: bool = True
    body: type | None = None
    is_body_optional: bool = False
    parameters: tuple[Parameter, ...] = ()
    answers: Mapping[int, type] = field(default_factory=dict)
    """Models of JSON answers by status; errors that every path has are left out."""
    stream: type | None = None
    """What the objects of an event stream are, where 200 is one."""
    text: str | None = None
    """Content type of a 200 that has no model."""


_BOOLEAN = {"type": "boolean", "default": False}
_ID = Parameter("execution_id", "path", "Id of a run.")


def operations(
    executions: Executions, state: StateViews, connect: Handler, metrics: Handler
) -> list[Operation]:
    """All of them but `/openapi.json`, which is made of these."""
    return [
        Operation("GET", "/health", "health", state.health, needs_key=False, answers={200: Health}),
        Operation(
            "GET",
            "/ready",
            "ready",
            state.ready,
            needs_key=False,
            answers={200: Health, 503: ErrorAnswer},
        ),
        Operation("GET", "/status", "status", state.status, answers={200: Status}),
        Operation(
            "POST",
            "/execute",
            "execute",
            executions.execute,
            body=ExecuteBody,
            parameters=(
                Parameter("queue", "query", "Wait while another run goes on.", _BOOLEAN),
                Parameter("detach", "query", "Go on when the client has left.", _BOOLEAN),
            ),
            answers={422: ErrorAnswer, 429: BusyAnswer, 503: ErrorAnswer},
            stream=StreamEvent,
        ),
        Operation(
            "POST",
            "/cancel",
            "cancel",
            executions.cancel,
            body=CancelBody,
            is_body_optional=True,
            answers={200: CancelAnswer},
        ),
        Operation(
            "GET",
            "/executions/{execution_id}",
            "show_execution",
            executions.show,
            parameters=(_ID,),
            answers={200: Execution, 404: ErrorAnswer},
        ),
        Operation(
            "GET",
            "/executions/{execution_id}/events",
            "follow_execution",
            executions.events,
            parameters=(
                _ID,
                Parameter("Last-Event-ID", "header", "The last event that the client has."),
            ),
            answers={404: ErrorAnswer},
            stream=StreamEvent,
        ),
        Operation("GET", "/metrics", "metrics", metrics, text="text/plain"),
        Operation("GET", "/ws/connect", "connect", connect),
    ]
