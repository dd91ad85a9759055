"""Runs with connectors of a stranger's plugin: cursors, failures, stops, memory."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

import aqueducts
from aqueducts.errors import AqueductsError, DestinationError, OutOfMemoryError, SourceError
from aqueducts.events import (
    DestinationCompleted,
    DestinationStarted,
    Event,
    Progress,
    RunCancelled,
    RunFailed,
    StageCompleted,
    StageStarted,
)
from aqueducts.pipeline import Pipeline
from aqueducts.results import RunResult, RunSettings

if TYPE_CHECKING:
    from conftest import Shop


def pipeline(
    shop: Shop, *groups: list[tuple[str, str]], to: str | None = "keep", **sources: str
) -> Pipeline:
    """A pipeline of cursors, by name and behaviour."""
    data: dict[str, Any] = {
        "version": "v2",
        "sources": [
            {"type": "cursor", "name": name, "behaviour": behaviour.replace("_", " ")}
            for name, behaviour in sources.items()
        ],
        "stages": [[{"name": name, "query": query} for name, query in group] for group in groups],
    }
    if to is not None:
        data["destination"] = {"type": "sink", "name": "out", "behaviour": to}
    return Pipeline.from_dict(data, plugins=shop.plugins)


def names_in(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def run(
    made: Pipeline, folder: Path, events: list[Event] | None = None, **options: Any
) -> RunResult:
    """Run it with temporary files in a folder."""
    options.setdefault("threads", 2)
    settings = RunSettings(spill_dir=str(folder / "spill"), **options)
    return aqueducts.run_sync(
        made, settings=settings, on_event=None if events is None else events.append
    )


def test_a_cursor_to_a_sink(shop: Shop, tmp_path: Path) -> None:
    """Opened once, closed once, its rows counted."""
    result = run(pipeline(shop, [("s", "SELECT a FROM c WHERE a < 10")], c="rows"), tmp_path)
    assert result.rows == 10
    assert result.steps[0].rows is not None
    assert (shop.opened, shop.closed) == (["c"], ["c"])


def test_a_mistake_opens_no_cursor(shop: Shop, tmp_path: Path) -> None:
    """Sources are described, the destination has looked at its target, and no data is read."""
    with pytest.raises(AqueductsError, match="nope"):
        run(pipeline(shop, [("s", "SELECT nope FROM c")], c="rows"), tmp_path)
    assert shop.prepared == 1
    assert shop.opened == []


def test_a_refusal_of_the_destination_opens_no_cursor(shop: Shop, tmp_path: Path) -> None:
    """Its check comes before the data."""
    with pytest.raises(DestinationError, match="no such columns here") as error:
        run(pipeline(shop, [("s", "SELECT a FROM c")], to="refuse", c="rows"), tmp_path)
    assert error.value.step == "out"
    assert shop.opened == []


def test_a_one_time_source_that_is_used_twice_is_read_once(shop: Shop, tmp_path: Path) -> None:
    """By two stages, or by one query that repeats it."""
    for queries in (
        [
            [("x", "SELECT a FROM c"), ("y", "SELECT a + 1 AS a FROM c")],
            [("z", "SELECT count(*) AS n FROM x JOIN y USING (a)")],
        ],
        [[("z", "SELECT count(*) AS n FROM c AS x JOIN c AS y ON x.a = y.a + 1")]],
    ):
        shop.opened.clear()
        run(pipeline(shop, *queries, c="rows"), tmp_path)
        assert shop.opened == ["c"]
        assert shop.written[-1].to_pydict() == {"n": [8191]}


def test_a_stage_over_a_cursor_that_is_used_twice_is_kept(shop: Shop, tmp_path: Path) -> None:
    """The stage tells why, with its rows; the cursor is read once."""
    events: list[Event] = []
    made = pipeline(
        shop,
        [("s", "SELECT a FROM c WHERE a < 5")],
        [("t", "SELECT x.a FROM s AS x JOIN s AS y ON x.a = y.a")],
        c="rows",
    )
    result = run(made, tmp_path, events)
    kept = next(each for each in events if isinstance(each, StageCompleted))
    assert (kept.name, kept.is_lazy, kept.rows) == ("s", False, 5)
    assert kept.reason == "used 2 times and source 'c' can be read only once"
    assert result.rows == 5
    assert shop.opened == ["c"]


@pytest.mark.parametrize("function", ["random()", "uuid()", "ticket(a)"])
def test_both_uses_of_a_volatile_stage_see_the_same_rows(
    shop: Shop, tmp_path: Path, function: str
) -> None:
    """Functions of the engine and of plugins."""
    made = pipeline(
        shop,
        [("s", f"SELECT a, {function} AS r FROM c")],
        [("x", "SELECT a, r FROM s"), ("y", "SELECT a, r FROM s")],
        [("z", "SELECT count(*) AS n FROM x JOIN y ON x.a = y.a AND x.r = y.r")],
        c="rows",
    )
    run(made, tmp_path)
    assert shop.written[-1].to_pydict() == {"n": [8192]}


@pytest.mark.parametrize(
    "query", ["SELECT a FROM c LIMIT 50", "SELECT row_number() OVER () AS a FROM c"]
)
def test_both_uses_of_a_stage_that_depends_on_order_see_the_same_rows(
    shop: Shop, tmp_path: Path, query: str
) -> None:
    """Rows have no order of their own."""
    made = pipeline(
        shop,
        [("s", query)],
        [
            (
                "z",
                (
                    "SELECT (SELECT count(*) FROM s AS x JOIN s AS y USING (a)) AS n, "
                    "count(*) AS m FROM s"
                ),
            )
        ],
        c="rows",
    )
    events: list[Event] = []
    run(made, tmp_path, events)
    [row] = shop.written[-1].to_pylist()
    assert row["n"] == row["m"]
    assert [each.is_lazy for each in events if isinstance(each, StageCompleted)] == [False, True]


def test_kept_rows_are_dropped_after_their_last_use(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of an earlier group are gone when a later one is done with them."""
    from aqueducts.builtin.datafusion_engine import kept_tables

    monkeypatch.setattr(kept_tables, "_MEMORY_BYTES", 1)
    data = {
        "version": "v2",
        "stages": [
            [{"name": name, "query": query, "materialize": "always"}]
            for name, query in [
                ("one", "SELECT 1 AS a"),
                ("two", "SELECT a FROM one"),
                ("three", "SELECT a FROM two"),
            ]
        ],
    }
    seen = {}

    def listen(event: Event) -> None:
        if isinstance(event, StageStarted):
            seen[event.name] = len(list(tmp_path.glob("spill/*/kept/*")))

    settings = RunSettings(spill_dir=str(tmp_path / "spill"))
    aqueducts.run_sync(
        Pipeline.from_dict(data, plugins=shop.plugins), settings=settings, on_event=listen
    )
    assert seen == {"one": 0, "two": 1, "three": 1}


class TestFailures:
    """What a stranger's code raises names the step."""

    def test_a_source_that_cannot_be_opened(self, shop: Shop, tmp_path: Path) -> None:
        """With the kind of the error, and the error as its cause."""
        with pytest.raises(SourceError, match="ConnectionError: refused") as error:
            run(pipeline(shop, [("s", "SELECT a FROM c")], c="refuse"), tmp_path)
        assert error.value.step == "c"
        assert isinstance(error.value.__cause__, ConnectionError)

    def test_a_source_that_breaks(self, shop: Shop, tmp_path: Path) -> None:
        """In the middle: the source is named, not the destination that was reading."""
        with pytest.raises(SourceError, match="TimeoutError: no answer") as error:
            run(pipeline(shop, [("s", "SELECT a FROM c")], c="break"), tmp_path)
        assert error.value.step == "c"
        assert shop.closed == ["c"]

    def test_a_destination_that_breaks(self, shop: Shop, tmp_path: Path) -> None:
        """The source is closed."""
        events: list[Event] = []
        with pytest.raises(DestinationError, match="OSError: disk on fire") as error:
            run(
                pipeline(shop, [("s", "SELECT a FROM c")], to="break", c="endless"),
                tmp_path,
                events,
            )
        assert error.value.step == "out"
        assert isinstance(events[-1], RunFailed)
        assert DestinationCompleted not in map(type, events)

    def test_one_source_that_fails_among_some_that_hang(self, shop: Shop, tmp_path: Path) -> None:
        """The run does not wait for them for ever."""
        started = time.perf_counter()
        with pytest.raises(SourceError, match="refused"):
            run(
                pipeline(
                    shop, [("s", "SELECT 1 AS a")], b="hang_on_open", c="refuse", d="hang_on_open"
                ),
                tmp_path,
            )
        assert time.perf_counter() - started < 4
        assert list((tmp_path / "spill").iterdir()) == []


class TestCancel:
    """The calling task is cancelled."""

    @pytest.mark.parametrize(
        ("behaviour", "query"),
        [
            ("endless", "SELECT a FROM c"),
            ("endless", "SELECT count(*) AS n FROM c"),
            ("hang", "SELECT count(*) AS n FROM c"),
            ("hang_on_open", "SELECT a FROM c"),
            (
                "rows",
                "SELECT count(DISTINCT value % 1000003) AS n FROM generate_series(1, 9000000000)",
            ),
        ],
    )
    async def test_the_run_stops_within_two_seconds(
        self, shop: Shop, tmp_path: Path, behaviour: str, query: str
    ) -> None:
        """Whatever it is waiting for; nothing is written and no folder is left."""
        events: list[Event] = []
        task = asyncio.create_task(
            aqueducts.run(
                pipeline(shop, [("s", query)], c=behaviour),
                settings=RunSettings(spill_dir=str(tmp_path / "spill"), threads=2),
                on_event=events.append,
            )
        )
        await asyncio.sleep(0.5)
        assert not task.done()
        started = time.perf_counter()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.perf_counter() - started < 2.5
        assert isinstance(events[-1], RunCancelled)
        assert shop.written == []
        assert names_in(tmp_path / "spill") == []

    async def test_a_staged_file_is_removed(self, shop: Shop, tmp_path: Path) -> None:
        """The old file is still there, and nothing beside it."""
        target = tmp_path / "out.csv"
        target.write_text("old")
        data = {
            "version": "v2",
            "sources": [{"type": "cursor", "name": "c", "behaviour": "endless"}],
            "stages": [[{"name": "s", "query": "SELECT a FROM c"}]],
            "destination": {
                "type": "file",
                "name": "out",
                "location": str(target),
                "format": {"type": "csv"},
            },
        }
        task = asyncio.create_task(
            aqueducts.run(
                Pipeline.from_dict(data, plugins=shop.plugins),
                settings=RunSettings(spill_dir=str(tmp_path / "spill"), threads=2),
            )
        )
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert target.read_text() == "old"
        assert names_in(tmp_path) == ["out.csv", "spill"]

    @pytest.mark.parametrize(
        ("behaviour", "content"), [("slow commit", "old"), ("commit and be slow", "new")]
    )
    async def test_it_is_told_whether_the_target_was_replaced(
        self, shop: Shop, tmp_path: Path, behaviour: str, content: str
    ) -> None:
        """A write that goes on in its thread must not commit once the run is stopped."""
        shop.target = tmp_path / "out.txt"
        shop.target.write_text("old")
        events: list[Event] = []
        task = asyncio.create_task(
            aqueducts.run(
                pipeline(shop, [("s", "SELECT 1 AS a")], to=behaviour),
                settings=RunSettings(spill_dir=str(tmp_path / "spill")),
                on_event=events.append,
            )
        )
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert shop.target.read_text() == content
        was_told = DestinationCompleted in map(type, events)
        assert was_told is (content == "new")
        assert isinstance(events[-1], RunCancelled)
        assert names_in(tmp_path) == ["out.txt", "spill"]


def test_progress_is_told_while_data_flows(shop: Shop, tmp_path: Path) -> None:
    """Rows of sources and of the destination, growing."""
    events: list[Event] = []
    timer = threading.Timer(1.2, shop.event.set)
    timer.start()
    run(pipeline(shop, [("s", "SELECT a FROM c")], c="hang"), tmp_path, events)
    told = [each for each in events if isinstance(each, Progress)]
    assert {each.step for each in told} >= {"source", "destination"}
    rows = [each.rows or 0 for each in told if each.name == "c"]
    assert rows == sorted(rows)
    assert rows[0] > 0
    between = [type(each) for each in events]
    assert between.index(DestinationStarted) < between.index(DestinationCompleted)


SELF_JOIN = """\
import sys
import aqueducts
from aqueducts.results import RunSettings

def tell(event):
    kind = type(event).__name__
    if kind in ("Replanned", "RunFailed"):
        print(kind, getattr(event, "operator", event.step), getattr(event, "change", ""))

settings = RunSettings(max_memory_bytes=400_000_000, spill_dir="spill", threads=2)
result = aqueducts.run_sync(aqueducts.load("p.yml"), settings=settings, on_event=tell)
print("rows", result.rows)
"""


class TestMemory:
    """A limit that is too small for the first plan, in a process that nobody else watches."""

    def pipeline(self, folder: Path) -> None:
        """A self join of a wide file."""
        import pyarrow.parquet as pq

        rows = 300_000
        text = pa.array([f"{n:09}" + "x" * 400 for n in range(rows)])
        table = pa.table({"text": text, "k": list(range(rows))})
        pq.write_table(table, folder / "wide.parquet", row_group_size=20_000)
        source = "{type: file, format: {type: parquet}, location: wide.parquet, name: %s}"
        (folder / "p.yml").write_text(
            f"sources:\n  - {source % 't'}\n  - {source % 'u'}\n"
            "stages:\n"
            "  - - name: s\n"
            "      query: SELECT t.k FROM t JOIN u ON t.text = u.text AND t.k = u.k\n"
            "destination: {type: file, name: out, format: {type: csv}, location: out.csv}\n"
        )

    def test_the_step_is_planned_again_and_told(self, tmp_path: Path) -> None:
        """Once; it then succeeds, or says plainly that memory is out. No folder is left."""
        self.pipeline(tmp_path)
        ended = subprocess.run(
            [sys.executable, "-c", SELF_JOIN],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        replanned, last = ended.stdout.splitlines()
        assert replanned == "Replanned HashJoinInput sort-merge join instead of hash join"
        assert last.strip() in ("rows 300000", "RunFailed s"), ended.stderr
        assert list((tmp_path / "spill").iterdir()) == []

    def test_a_process_that_holds_more_than_that_already_is_told(
        self, shop: Shop, tmp_path: Path
    ) -> None:
        """Its own memory counts; what was cancelled is a shortage, not a cancellation."""
        events: list[Event] = []
        made = pipeline(shop, [("s", "SELECT a FROM c")], c="hang")
        with pytest.raises(OutOfMemoryError, match="does not fit in 1MB") as caught:
            run(made, tmp_path, events, max_memory_bytes=1_000_000)
        assert "--max-memory" in (caught.value.hint or "")
        assert [type(each) for each in events if isinstance(each, RunFailed | RunCancelled)] == [
            RunFailed
        ]
