"""The JSON Schema of files of tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from aqueducts.pipeline_tests.editor_schema import json_schema

GOOD: dict[str, Any] = {
    "pipeline": "p.yml",
    "now": "2024-01-31T00:00:00Z",
    "sources": {"a": "real", "b": [{"x": 1}], "c": {"csv": "a\n", "schema": {"a": "int64"}}},
    "tests": [
        {"name": "a", "expect": {"s": [[1]], "t": {"rows": [], "tolerance": {"absolute": 1}}}},
        {"name": "b", "error": {"code": "plan"}},
    ],
}


def _is_valid(document: Any) -> bool:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return not list(jsonschema.Draft202012Validator(schema).iter_errors(document))


def test_it_accepts_what_can_be_read() -> None:
    """In all forms."""
    assert _is_valid(GOOD)


@pytest.mark.parametrize(
    "change",
    [
        {"tets": 5},
        {"tests": []},
        {"sources": {"a": "rael"}},
        {"tests": [{"name": "a", "expct": {}}]},
        {"tests": [{"name": "a", "expect": {"s": {"rwos": []}}}]},
        {"tests": [{"expect": {"s": []}}]},
    ],
)
def test_it_points_at_mistakes(change: dict[str, Any]) -> None:
    """Unknown keys among them."""
    assert not _is_valid({**GOOD, **change})


def test_it_accepts_the_tests_of_the_examples() -> None:
    """Those that ship with the project."""
    files = sorted((Path(__file__).resolve().parents[4] / "examples/tests").glob("*.yml"))
    assert all(_is_valid(yaml.safe_load(path.read_text("utf-8"))) for path in files)
