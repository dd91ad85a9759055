"""`/openapi.json`, and whether the server does what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from openapi_spec_validator import OpenAPIV31SpecValidator

from aqueducts_executor.options import OPTIONS

if TYPE_CHECKING:
    from conftest import Executor

KEY = "key-of-the-tests-0123456789"

CHECKED = [
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/status"),
    ("POST", "/execute"),
    ("POST", "/cancel"),
    ("GET", "/executions/{execution_id}"),
    ("GET", "/executions/{execution_id}/events"),
    ("GET", "/metrics"),
]


@pytest.fixture(scope="module")
def document(shared_executor: Executor) -> dict[str, Any]:
    """The document as it is served, without a key."""
    answer = shared_executor.request("GET", "/openapi.json", headers={"X-API-Key": ""})
    assert answer.status == 200
    found: dict[str, Any] = answer.json()
    return found


def test_document_is_openapi(document: dict[str, Any]) -> None:
    """Of version 3.1, by its own schema; with every path."""
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")
    paths = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert paths == {*CHECKED, ("GET", "/ws/connect"), ("GET", "/openapi.json")}


def test_every_path_is_served_below_api_too(executor: Executor, document: dict[str, Any]) -> None:
    """The same handler, so the same status."""
    for path, item in document["paths"].items():
        for method in item:
            place = path.replace("{execution_id}", "x")
            first = executor.request(method.upper(), place, b"[]")
            second = executor.request(method.upper(), f"/api{place}", b"[]")
            assert first.status == second.status


@pytest.mark.parametrize(("method", "path"), CHECKED)
@pytest.mark.parametrize("key", [KEY, "wrong"])
def test_server_does_what_the_document_says(
    executor: Executor, document: dict[str, Any], method: str, path: str, key: str
) -> None:
    """Requests made from the document, good and bad ones; every answer is one that it names."""
    schema = schemathesis.openapi.from_dict(document)
    operation = schema[path][method]

    strategy = operation.as_strategy()
    _try(executor, strategy, operation, key)


def _try(executor: Executor, strategy: Any, operation: Any, key: str) -> None:
    from hypothesis import given

    @settings(
        max_examples=10,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def check(case: Any) -> None:
        case.headers = {**(case.headers or {}), "X-API-Key": key}
        response = case.call(base_url=f"http://127.0.0.1:{executor.port}", timeout=60)
        allowed = {int(status) for status in operation.definition.raw["responses"]}
        assert response.status_code in allowed, response.text[:300]
        assert response.status_code < 500
        kind = response.headers.get("Content-Type", "")
        if kind.startswith("application/json"):
            operation.validate_response(response)
        if key != KEY and "security" in operation.definition.raw:
            assert response.status_code == 401

    check()


def test_options_have_names_that_variables_can_have() -> None:
    """One table makes flags, variables and keys."""
    names = [spec.name for spec in OPTIONS]
    assert len(set(names)) == len(names)
