"""The first rows of one table of a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from aqueducts.errors import ConnectionProblem, OutOfMemoryError, PlanError
from aqueducts.pipeline import Pipeline
from aqueducts.preview import Preview, preview
from aqueducts.results import RunSettings

if TYPE_CHECKING:
    from conftest import Lab, Shop


def look(lab: Lab, pipeline: Pipeline, table: str | None = None, **options: Any) -> Preview:
    """Preview with temporary files in the lab."""
    settings = RunSettings(spill_dir=str(lab.spill), threads=2)
    return preview(pipeline, table, settings=settings, **options)


def two_chains(lab: Lab) -> Pipeline:
    """A pipeline of which one half is broken."""
    broken = lab.source("broken", "a\n1\n")
    (lab.folder / "broken.csv").unlink()
    return lab.pipeline(
        [lab.source("t", "a,b\n1,x\n2,y\n3,z\n"), broken],
        [
            {"name": "good", "query": "SELECT a + 1 AS c FROM t ORDER BY a", "show": 5},
            {"name": "bad", "query": "SELECT * FROM broken"},
        ],
        [{"name": "last", "query": "SELECT c * 10 AS d FROM good ORDER BY c DESC"}],
        to=lab.target("missing/out.csv"),
    )


def test_the_last_stage_by_default(lab: Lab) -> None:
    """Its first rows, and whether there are more."""
    found = look(lab, two_chains(lab), limit=2)
    assert (found.name, found.kind, found.has_more) == ("last", "stage", True)
    assert found.rows.to_pylist() == [{"d": 40}, {"d": 30}]
    assert not look(lab, two_chains(lab), limit=3).has_more


def test_only_what_is_needed_is_opened(lab: Lab) -> None:
    """A source that is missing, a stage over it and the destination do not matter."""
    assert look(lab, two_chains(lab), "good").rows.to_pylist() == [{"c": 2}, {"c": 3}, {"c": 4}]
    with pytest.raises(ConnectionProblem, match=r"broken\.csv"):
        look(lab, two_chains(lab), "bad")
    assert sorted(path.name for path in lab.folder.iterdir()) == ["spill", "t.csv"]
    assert list(lab.spill.iterdir()) == []


def test_a_source_is_a_table_as_well(lab: Lab) -> None:
    """By its name, in any case that SQL takes for the same."""
    found = look(lab, two_chains(lab), "T", limit=1)
    assert (found.name, found.kind) == ("t", "source")
    assert found.rows.to_pylist() == [{"a": 1, "b": "x"}]


def test_no_rows_are_asked_for(lab: Lab) -> None:
    """The columns are there."""
    found = look(lab, two_chains(lab), "t", limit=0)
    assert found.rows.schema == pa.schema([("a", pa.int64()), ("b", pa.string())])
    assert (found.rows.num_rows, found.has_more) == (0, True)


def test_an_unknown_name(lab: Lab) -> None:
    """The nearest one is told, and all that there are."""
    with pytest.raises(PlanError) as caught:
        look(lab, two_chains(lab), "goud")
    [problem] = caught.value.problems
    assert problem.message == "the pipeline has no stage or source 'goud'"
    assert problem.help == "did you mean 'good'? it has good, bad, last, t, broken"


def test_a_pipeline_without_tables(lab: Lab) -> None:
    """Nothing can be shown."""
    with pytest.raises(PlanError, match="neither stages nor sources"):
        look(lab, Pipeline.from_dict({"version": "v2"}))


def test_a_cursor_is_read_no_further_than_needed(lab: Lab, shop: Shop) -> None:
    """A source without an end gives its first rows, and is closed."""
    data = {
        "version": "v2",
        "sources": [{"type": "cursor", "name": "c", "behaviour": "endless"}],
        "stages": [[{"name": "s", "query": "SELECT a FROM c WHERE a > 5"}]],
        "destination": {"type": "sink", "name": "out", "behaviour": "keep"},
    }
    found = look(lab, Pipeline.from_dict(data, plugins=shop.plugins), limit=2)
    assert found.rows.to_pylist() == [{"a": 6}, {"a": 7}]
    assert shop.closed == ["c"]
    assert (shop.prepared, shop.written) == (0, [])


def test_a_cursor_that_is_used_twice_is_kept(lab: Lab, shop: Shop) -> None:
    """As in a run; what does not need it, is not read for it."""
    data = {
        "version": "v2",
        "sources": [
            {"type": "cursor", "name": "c", "behaviour": "rows"},
            {"type": "cursor", "name": "other", "behaviour": "rows"},
        ],
        "stages": [
            [
                {"name": "s", "query": "SELECT a, ticket(a) AS n FROM c", "materialize": "always"},
                {"name": "o", "query": "SELECT a FROM other", "materialize": "always"},
            ],
            [{"name": "r", "query": "SELECT count(*) AS n FROM s x JOIN s y ON x.n = y.n"}],
        ],
    }
    found = look(lab, Pipeline.from_dict(data, plugins=shop.plugins))
    assert found.rows.to_pylist() == [{"n": 8192}]
    assert shop.opened == ["c"]


def test_nanoseconds_are_shown(lab: Lab) -> None:
    """Python has no type for them."""
    made = lab.pipeline([], [{"name": "s", "query": "SELECT now() AS t, [now()] AS l"}], to=None)
    assert look(lab, made).rows.num_rows == 1


def test_secrets_in_rows_are_masked(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query may put one there, also inside of a list."""
    monkeypatch.setenv("TOKEN", "s3cret-token")
    query = "SELECT '${secret:env:TOKEN}' AS a, ['x', '${secret:env:TOKEN}'] AS b, 7 AS c"
    made = lab.pipeline([], [{"name": "s", "query": query}], to=None)
    [row] = look(lab, made).rows.to_pylist()
    assert row == {"a": "***", "b": ["x", "***"], "c": 7}


def test_a_limit_of_memory_holds(lab: Lab, shop: Shop) -> None:
    """What takes more than it may is ended with an error that names the stage."""
    data = {
        "version": "v2",
        "sources": [{"type": "cursor", "name": "c", "behaviour": "endless"}],
        "stages": [[{"name": "s", "query": "SELECT count(*) AS n FROM c"}]],
    }
    made = Pipeline.from_dict(data, plugins=shop.plugins)
    settings = RunSettings(spill_dir=str(lab.spill), threads=2, max_memory_bytes=50_000_000)
    with pytest.raises(OutOfMemoryError) as caught:
        preview(made, settings=settings)
    assert caught.value.step == "s"
    assert list(lab.spill.iterdir()) == []
