"""`aqueducts check --output github` and `sarif`: the same content for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from aqueducts.cli.console.annotations import github_annotations
from aqueducts.cli.console.sarif import sarif
from aqueducts.diagnostics import Problem

SARIF_RULES = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/run"}},
    },
    "additionalProperties": False,
    "$defs": {
        "run": {
            "type": "object",
            "required": ["tool", "results"],
            "properties": {
                "tool": {
                    "type": "object",
                    "required": ["driver"],
                    "properties": {"driver": {"$ref": "#/$defs/driver"}},
                    "additionalProperties": False,
                },
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
            },
            "additionalProperties": False,
        },
        "driver": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "semanticVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+"},
                "rules": {
                    "type": "array",
                    "uniqueItems": True,
                    "items": {
                        "type": "object",
                        "required": ["id"],
                        "properties": {
                            "id": {"type": "string"},
                            "shortDescription": {"$ref": "#/$defs/message"},
                            "help": {"$ref": "#/$defs/message"},
                        },
                        "additionalProperties": False,
                    },
                },
            },
            "additionalProperties": False,
        },
        "message": {
            "type": "object",
            "required": ["text"],
            "properties": {"text": {"type": "string"}, "markdown": {"type": "string"}},
            "additionalProperties": False,
        },
        "result": {
            "type": "object",
            "required": ["message"],
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": 0},
                "level": {"enum": ["none", "note", "warning", "error"]},
                "message": {"$ref": "#/$defs/message"},
                "locations": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"physicalLocation": {"$ref": "#/$defs/place"}},
                        "additionalProperties": False,
                    },
                },
            },
            "additionalProperties": False,
        },
        "place": {
            "type": "object",
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "properties": {"uri": {"type": "string", "pattern": "^[^ <>\\\\]*$"}},
                    "additionalProperties": False,
                },
                "region": {
                    "type": "object",
                    "properties": {
                        name: {"type": "integer", "minimum": 1}
                        for name in ("startLine", "startColumn", "endLine", "endColumn")
                    },
                    "additionalProperties": False,
                },
            },
            "additionalProperties": False,
        },
    },
}
"""What the SARIF 2.1.0 schema says of the properties that are written."""


@pytest.fixture
def broken(folder: Path) -> Path:
    """A pipeline with an error and a warning."""
    text = (folder / "pipeline.yml").read_text()
    text = text.replace("show: 2", "shw: 2").replace("from people", "from peple")
    (folder / "pipeline.yml").write_text(text)
    return folder


def _check(invoke: Any, form: str) -> Any:
    return invoke("check", "pipeline.yml", "-p", "min=3", "--output", form)


def test_annotations_for_github(broken: Path, invoke: Any) -> None:
    """One line for each problem, with its place and its help."""
    result = _check(invoke, "github")
    assert (result.exit_code, result.stderr) == (2, "")
    error, warning = result.stdout.splitlines()
    assert error == (
        "::error file=pipeline.yml,line=8,col=42,endColumn=47,title=unknown-table::"
        "table 'peple' is not known in stage 'adults'%0Ahelp: did you mean 'people'?"
    )
    assert warning == (
        "::warning file=pipeline.yml,line=9,col=7,endColumn=10,title=unknown-field::"
        "unknown key 'shw' in stage 'adults'%0Ahelp: did you mean 'show'?"
    )


def test_nothing_is_annotated_where_all_is_well(folder: Path, invoke: Any) -> None:
    """A step of a workflow stays quiet."""
    result = _check(invoke, "github")
    assert (result.exit_code, result.output) == (0, "")


def test_annotations_escape_what_ends_them() -> None:
    """Line breaks and percent signs everywhere, colons and commas in properties."""
    problem = Problem("x", "50%\r\nof: a, b", file="a:b,c%.yml", line=1, note="n", help="h")
    assert github_annotations([problem]) == (
        "::error file=a%3Ab%2Cc%25.yml,line=1,title=x::50%25%0D%0Aof: a, b%0Anote: n%0Ahelp: h"
    )
    assert github_annotations([Problem("x", "m")]) == "::error title=x::m"


def test_sarif(broken: Path, invoke: Any) -> None:
    """A log of the form that the standard asks for, with places and rules."""
    result = _check(invoke, "sarif")
    assert result.exit_code == 2
    log = json.loads(result.stdout)
    jsonschema.validate(log, SARIF_RULES)
    [run] = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [
        "unknown-field",
        "unknown-table",
    ]
    error, warning = run["results"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[each["ruleIndex"]]["id"] for each in run["results"]] == [
        error["ruleId"],
        warning["ruleId"],
    ]
    assert (error["level"], warning["level"]) == ("error", "warning")
    assert error["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "pipeline.yml"},
        "region": {"startLine": 8, "startColumn": 42, "endColumn": 47},
    }
    assert "A query reads a table" in rules[error["ruleIndex"]]["shortDescription"]["text"]


def test_sarif_without_problems_and_without_places(folder: Path, invoke: Any) -> None:
    """A log is a log, also where it says that all is well; a code of a plugin has no text."""
    log = json.loads(_check(invoke, "sarif").stdout)
    jsonschema.validate(log, SARIF_RULES)
    assert log["runs"][0]["results"] == []
    log = sarif([Problem("of-a-plugin", "m"), Problem("x", "m", file="/a b.yml")])
    jsonschema.validate(log, SARIF_RULES)
    assert "locations" not in log["runs"][0]["results"][0]
    place = log["runs"][0]["results"][1]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "file:///a%20b.yml"}}


def test_all_forms_have_the_same_content(broken: Path, invoke: Any) -> None:
    """Codes and lines are those of the JSON list."""
    listed = json.loads(_check(invoke, "json").stdout)
    found = [(each["code"], each["line"]) for each in listed]
    results = json.loads(_check(invoke, "sarif").stdout)["runs"][0]["results"]
    assert found == [
        (
            each["ruleId"],
            each["locations"][0]["physicalLocation"]["region"]["startLine"],
        )
        for each in results
    ]
    for (code, line), text in zip(found, _check(invoke, "github").stdout.splitlines(), strict=True):
        assert f",line={line}," in text
        assert f",title={code}::" in text
