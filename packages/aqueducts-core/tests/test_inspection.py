"""Checking a pipeline with everything opened and nothing moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from aqueducts.errors import ConnectionProblem, PipelineError, PlanError
from aqueducts.events import Event, Notice
from aqueducts.inspection import check_connections
from aqueducts.pipeline import Pipeline
from aqueducts.results import RunSettings

if TYPE_CHECKING:
    from conftest import Lab, Shop


def check(lab: Lab, pipeline: Pipeline, events: list[Event] | None = None) -> None:
    """Check with temporary files in the lab."""
    settings = RunSettings(spill_dir=str(lab.spill), threads=2)
    on_event = None if events is None else events.append
    check_connections(pipeline, settings=settings, on_event=on_event)


def problems(lab: Lab, pipeline: Pipeline) -> list[tuple[str, str]]:
    """Codes and messages of what is found."""
    with pytest.raises(PipelineError) as caught:
        check(lab, pipeline)
    return [(getattr(each, "code", ""), each.message) for each in caught.value.problems]


def missing(lab: Lab, name: str) -> dict[str, Any]:
    """A source that is not there."""
    source = lab.source(name, "a\n1\n")
    (lab.folder / f"{name}.csv").unlink()
    return source


def test_a_good_pipeline_leaves_nothing_behind(lab: Lab) -> None:
    """No target, no temporary folder, and the target's folder is not made."""
    target = lab.target("new/out.csv")
    made = lab.pipeline(
        [lab.source("t", "a,b\n1,2\n")], [{"name": "s", "query": "SELECT a FROM t"}], to=target
    )
    check(lab, made)
    assert sorted(path.name for path in lab.folder.iterdir()) == ["spill", "t.csv"]
    assert list(lab.spill.iterdir()) == []


def test_all_problems_come_at_once(lab: Lab) -> None:
    """Two sources, the destination, and the column of a stage that needs none of them."""
    folder = lab.folder / "taken"
    folder.mkdir()
    made = lab.pipeline(
        [missing(lab, "x"), lab.source("t", "a,b\n1,2\n"), missing(lab, "y")],
        [
            {"name": "of_x", "query": "SELECT wrong FROM x"},
            {"name": "of_t", "query": "SELECT c FROM t"},
        ],
        [{"name": "all_of_it", "query": "SELECT nonsense FROM of_x, of_t"}],
        to=lab.target("taken"),
    )
    found = problems(lab, made)
    assert [code for code, _ in found] == ["storage", "storage", "storage", "unknown-column"]
    assert "destination 'out': " in found[0][1]
    assert "taken' is a folder" in found[0][1]
    assert "source 'x': " in found[1][1]
    assert "source 'y': " in found[2][1]
    assert "stage 'of_t': " in found[3][1]


def test_what_cannot_be_reached_is_no_bad_pipeline(lab: Lab) -> None:
    """The exit codes differ."""
    stages = [{"name": "s", "query": "SELECT * FROM x"}]
    with pytest.raises(ConnectionProblem) as caught:
        check(lab, lab.pipeline([missing(lab, "x")], stages, to=lab.target()))
    assert caught.value.exit_code == 69
    stages.append({"name": "r", "query": "SELECT 1 + true"})
    with pytest.raises(PlanError) as refused:
        check(lab, lab.pipeline([missing(lab, "x")], stages, to=lab.target()))
    assert refused.value.exit_code == 2


def test_a_stranger_is_asked_and_never_read(lab: Lab, shop: Shop) -> None:
    """A destination is prepared and shown the columns; a cursor is not opened."""
    data = {
        "version": "v2",
        "sources": [{"type": "cursor", "name": "c", "behaviour": "rows"}],
        "stages": [[{"name": "s", "query": "SELECT a FROM c"}]],
        "destination": {"type": "sink", "name": "out", "behaviour": "refuse"},
    }
    with pytest.raises(PlanError, match="no such columns here"):
        check(lab, Pipeline.from_dict(data, plugins=shop.plugins))
    assert shop.prepared == 1
    assert shop.opened == []


def test_a_source_that_raises_anything_is_named(lab: Lab, shop: Shop) -> None:
    """A stranger's exception is a problem like any other."""
    data = {
        "version": "v2",
        "sources": [{"type": "cursor", "name": "c", "behaviour": "refuse"}],
    }
    made = Pipeline.from_dict(data, plugins=shop.plugins)
    [(code, message)] = problems(lab, made)
    assert code == "source"
    assert "source 'c': ConnectionError: refused" in message


def test_secrets_stay_out_of_problems(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A location that is made of a secret is not told."""
    monkeypatch.setenv("WHERE", "hidden-place-17")
    source = missing(lab, "x")
    source["location"] = str(lab.folder / "${secret:env:WHERE}.csv")
    made = lab.pipeline([source], to=None)
    with pytest.raises(ConnectionProblem) as caught:
        check(lab, made)
    assert "hidden-place-17" not in str(caught.value)
    assert "hidden-place-17" not in str(caught.value.__cause__)


def test_notes_are_heard(lab: Lab) -> None:
    """What a source says is told, and that nothing would be written."""
    events: list[Event] = []
    check(lab, lab.pipeline([lab.source("t", "a\n1\n")], to=None), events)
    assert [each.code for each in events if isinstance(each, Notice)] == ["no-destination"]
