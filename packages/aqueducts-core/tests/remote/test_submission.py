"""What of a pipeline is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

import aqueducts
from aqueducts.documents import read_document
from aqueducts.plugins import Plugins
from aqueducts.remote import Submission

TEXT = """\
sources:
  - type: File
    name: people
    format: {type: csv, options: {has_header: true}}
    location: ${folder}/people.csv
    storage_config: {key: hunter2}
stages:
  - - {name: a, query: select 1 from people, show: "${rows}"}
destination: {type: csv, options: {path: out.csv}}
"""


def of_text(text: str, **params: object) -> Submission:
    """The submission of a text."""
    document = read_document(text, file="p.yml", format="yaml")
    return Submission.of_document(document, params=params, plugins=Plugins.discover(), path="p.yml")


def test_the_executor_gets_the_pipeline_written_out() -> None:
    """Canonical names and types, short forms written out, and what was left out still left out."""
    submission = of_text(TEXT, folder="in", rows="5")
    assert json.loads(submission.body) == {
        "sources": [
            {
                "type": "file",
                "name": "people",
                "format": {"type": "csv", "options": {"has_header": True}},
                "location": "in/people.csv",
                "storage_config": {"key": "hunter2"},
            }
        ],
        "stages": [[{"name": "a", "query": "select 1 from people", "show": 5}]],
        "destination": {
            "type": "file",
            "name": "output",
            "location": "out.csv",
            "format": {"type": "csv", "options": {}},
            "single_file": True,
        },
    }
    assert submission.relative_paths == ("in/people.csv", "out.csv")
    assert (submission.sources, submission.stages) == (("people",), (("a",),))
    assert submission.destination == "output"
    assert "hunter2" not in repr(submission)


def test_what_is_sent_loads_as_the_same_pipeline() -> None:
    """Without parameters, and as often as one likes."""
    first = of_text(TEXT, folder="in", rows="5")
    assert first.pipeline is not None
    plugins = first.pipeline.plugins  # whose models are what is compared
    loaded = aqueducts.Pipeline.from_dict(json.loads(first.body), plugins=plugins)
    assert loaded.document == first.pipeline.document
    assert Submission.of(loaded).body == first.body


@pytest.mark.parametrize(
    ("location", "is_relative"),
    [
        ("data/x.csv", True),
        ("./x.csv", True),
        ("/data/x.csv", False),
        ("file:///data/x.csv", False),
        ("${secret:env:PLACE}", False),
    ],
)
def test_relative_paths_are_told_apart(location: str, is_relative: bool) -> None:
    """Only those mean something else there."""
    text = "sources: [{type: file, name: a, location: X, format: {type: csv}}]\n"
    submission = of_text(
        text.replace("X", f"'{location}'") + "stages: [[{name: s, query: select 1}]]"
    )
    assert submission.relative_paths == ((location,) if is_relative else ())


MISSING: list[tuple[str, Any]] = [
    ("{type: odbc, name: a, connection_string: x, query: select 1}", "odbc"),
    ("{type: file, name: a, location: 's3://b/x.csv', format: {type: csv}}", "s3"),
    ("{type: file, name: a, location: '${secret:vault:x}', format: {type: csv}}", "vault"),
    ("{type: file, name: a, location: x.avro, format: {type: avro}}", "avro"),
]


@pytest.mark.parametrize(("source", "word"), MISSING)
def test_plugins_may_be_missing_here(
    source: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parameters are filled in, and what was not checked is told."""
    text = f"sources: [{source}]\nstages: [[{{name: s, query: 'select ${{n}} from a'}}]]"
    document = read_document(text, file="p.yml", format="yaml")
    plugins = Plugins.discover(blocked=["odbc", "cloud", "s3", "delta"])
    submission = Submission.of_document(document, params={"n": 1}, plugins=plugins)
    assert submission.pipeline is None
    assert word in submission.unknown_here[0].message
    assert json.loads(submission.body)["stages"] == [[{"name": "s", "query": "select 1 from a"}]]
    assert submission.sources == ("a",)


def test_other_problems_are_found_here() -> None:
    """Nothing is sent that no executor would take."""
    text = "sources: [{type: odbcc, name: a, nme: b}]\nstages: [[{name: s, qery: select 1}]]"
    with pytest.raises(aqueducts.PipelineError) as caught:
        of_text(text)
    assert "missing-field" in {getattr(each, "code", "") for each in caught.value.problems}
    with pytest.raises(aqueducts.PipelineError, match="folder"):
        of_text(TEXT, rows=1)
