"""The API as OpenAPI 3.1, made of the operations and the models that validate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from aqueducts.protocol import ErrorAnswer
from aqueducts_executor.http.operations import Operation, Parameter

__all__ = ["openapi_document"]

_COMMON = {
    400: "The request is not as it should be.",
    413: "The body is too large.",
    415: "The body is no JSON.",
    408: "The body took too long.",
}
_TITLES = {
    200: "What was asked for.",
    401: "The key is missing or wrong.",
    404: "There is no such run.",
    422: "The pipeline is not valid.",
    429: "Another run goes on, or the queue is full.",
    503: "The executor is shutting down.",
}


def openapi_document(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """The whole document."""
    models = _models(operations)
    schemas, components = msgspec.json.schema_components(
        models, ref_template="#/components/schemas/{name}"
    )
    references = dict(zip(models, schemas, strict=True))
    paths: dict[str, Any] = {}
    for operation in operations:
        item = paths.setdefault(operation.path, {})
        item[operation.method.lower()] = _operation(operation, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Aqueducts executor",
            "version": version,
            "description": "Runs pipelines. Every path also answers under /api.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}, {"url": "/api"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
        },
    }


def _models(operations: Sequence[Operation]) -> list[type]:
    found: dict[type, None] = {ErrorAnswer: None}
    for operation in operations:
        for model in (operation.body, operation.stream, *operation.answers.values()):
            if model is not None:
                found[model] = None
    return list(found)


def _operation(operation: Operation, references: dict[type, Any]) -> dict[str, Any]:
    text = (operation.handler.__doc__ or "").strip()
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": text.splitlines()[0] if text else operation.name,
        "responses": _responses(operation, references),
    }
    if operation.needs_key:
        described["security"] = [{"key": []}]
    if operation.parameters:
        described["parameters"] = [_parameter(each) for each in operation.parameters]
    if operation.body is not None:
        described["requestBody"] = {
            "required": not operation.is_body_optional,
            "content": {"application/json": {"schema": references[operation.body]}},
        }
    return described


def _responses(operation: Operation, references: dict[type, Any]) -> dict[str, Any]:
    found: dict[int, Any] = {
        status: _json(_TITLES[status], references[model])
        for status, model in operation.answers.items()
    }
    if operation.stream is not None:
        schema = {"type": "string", "description": "Frames whose data is a StreamEvent."}
        content = {"text/event-stream": {"schema": schema}}
        found[200] = {"description": "The events of the run.", "content": content}
    if operation.text is not None:
        content = {
            operation.text: {"schema": {} if "json" in operation.text else {"type": "string"}}
        }
        found[200] = {"description": _TITLES[200], "content": content}
    if operation.name == "connect":
        found[101] = {"description": "The connection speaks WebSocket from now on."}
        found[400] = _json(_COMMON[400], references[ErrorAnswer])
    if operation.needs_key:
        found[401] = _json(_TITLES[401], references[ErrorAnswer])
    if operation.body is not None:
        for status, title in _COMMON.items():
            found[status] = _json(title, references[ErrorAnswer])
    return {str(status): found[status] for status in sorted(found)}


def _json(description: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }
