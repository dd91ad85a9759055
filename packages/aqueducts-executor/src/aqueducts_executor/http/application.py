"""The aiohttp application: every operation, at its path and under `/api`."""

from __future__ import annotations

import json

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler as AiohttpHandler

from aqueducts_executor.http.answers import error_answer
from aqueducts_executor.http.authentication import Keys, not_authenticated
from aqueducts_executor.http.bodies import BadRequestError
from aqueducts_executor.http.openapi import openapi_document
from aqueducts_executor.http.operations import Handler, Operation

__all__ = ["make_application"]

_log = structlog.get_logger()

_PREFIXES = ("", "/api")


def make_application(operations: list[Operation], keys: Keys, version: str) -> web.Application:
    """All operations, and `/openapi.json`, which describes them."""

    async def openapi(_: web.Request) -> web.StreamResponse:
        """This document."""
        return web.Response(body=document, content_type="application/json")

    application = web.Application(middlewares=[_errors], client_max_size=0)
    own = Operation(
        "GET", "/openapi.json", "openapi", openapi, needs_key=False, text="application/json"
    )
    served = [*operations, own]
    document = json.dumps(openapi_document(served, version)).encode()
    for operation in served:
        handler = _guarded(operation.handler, keys) if operation.needs_key else operation.handler
        for prefix in _PREFIXES:
            application.router.add_route(operation.method, prefix + operation.path, handler)
    return application


def _guarded(handler: Handler, keys: Keys) -> Handler:
    async def guarded(request: web.Request) -> web.StreamResponse:
        if not keys.accept(request):
            return not_authenticated()
        return await handler(request)

    return guarded


@web.middleware
async def _errors(request: web.Request, handler: AiohttpHandler) -> web.StreamResponse:
    """Whatever goes wrong, as JSON."""
    try:
        return await handler(request)
    except BadRequestError as error:
        return error_answer(error.status, error.message)
    except web.HTTPException as error:
        answer = error_answer(error.status, error.reason)
        for name in ("Allow", "Location"):
            if name in error.headers:
                answer.headers[name] = error.headers[name]
        return answer
    except (ConnectionError, web.RequestPayloadError):
        raise
    # The edge of the listener: what nobody expected is logged, and its text stays inside.
    except Exception as error:  # noqa: BLE001
        _log.error("request_failed", path=request.path, error=type(error).__name__, exc_info=True)
        return error_answer(500, "Something went wrong in the executor; its log says more")
