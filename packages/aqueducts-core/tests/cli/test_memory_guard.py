"""`--max-memory`: the run stays below it or says what did not fit, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

LIMIT = 280_000_000

ROWS = 1_500_000

SORT = "SELECT * FROM rows ORDER BY text"
WINDOW = "SELECT k, text, last_value(k) OVER () AS total FROM rows"
TOTALS = "SELECT k, text, sum(k) OVER (PARTITION BY k % 2) AS total FROM rows"
JOIN = "SELECT a.k, a.text, b.text AS other FROM rows a JOIN rows b ON a.text = b.text"
ENDLESS = "SELECT count(*) AS n FROM rows a JOIN rows b ON a.k + b.k > 5 AND a.k * b.k > 7"


class Ending(msgspec.Struct, frozen=True):
    """How a command ended, and the most memory that its processes had together."""

    code: int
    stdout: str
    stderr: str
    peak_bytes: int


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Parquet file of about 120 MB in memory, in no order."""
    numbers = pa.array(range(ROWS), pa.int64())
    mixed = pc.subtract(
        pc.multiply(numbers, 7919), pc.multiply(pc.divide(pc.multiply(numbers, 7919), ROWS), ROWS)
    )
    text = pc.utf8_lpad(pc.cast(mixed, pa.string()), 64, "x")
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    pq.write_table(pa.table({"k": numbers, "text": text}), path, row_group_size=65_536)
    return path


@pytest.fixture
def home(tmp_path: Path, rows: Path) -> Path:
    """A folder with an old target, and a link to the file."""
    (tmp_path / "rows.parquet").symlink_to(rows)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "out.parquet").write_text("old")
    (tmp_path / "spill").mkdir()
    return tmp_path


def pipeline(home: Path, query: str, more: str = "") -> None:
    """Write a pipeline with the query as its last stage."""
    (home / "p.yml").write_text(
        "sources:\n"
        "  - {type: file, name: rows, format: {type: parquet}, location: rows.parquet}\n"
        f"stages:\n{more}"
        f"  - - name: wide\n      query: {query}\n"
        "destination: {type: file, name: out, location: out/out.parquet, "
        "format: {type: parquet}}\n"
    )


@contextlib.contextmanager
def started(home: Path, *options: str, verb: str = "run") -> Iterator[subprocess.Popen[str]]:
    """The command at work; it does not outlive the test."""
    command = [sys.executable, "-m", "aqueducts", verb, *options, "--spill-dir", "spill"]
    command += ["--no-progress"] if verb == "run" else []
    environment = {name: text for name, text in os.environ.items() if "COVERAGE" not in name}
    with subprocess.Popen(
        command,
        cwd=home,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(home: Path, *options: str, text: str | None = None, verb: str = "run") -> Ending:
    """Run to the end, and watch the memory."""
    with started(home, *options, verb=verb) as process:
        peaks = [0]
        watch = threading.Thread(target=_sample, args=(process.pid, peaks), daemon=True)
        watch.start()
        stdout, stderr = process.communicate(text, timeout=110)
    watch.join()
    return Ending(process.returncode, stdout, stderr, max(peaks))


def _sample(pid: int, peaks: list[int]) -> None:
    while True:
        try:
            process = psutil.Process(pid)
            tree = [process, *process.children(recursive=True)]
            peaks.append(sum(each.memory_info().rss for each in tree))
        except psutil.Error:
            return
        time.sleep(0.01)


def assert_nothing_left(home: Path) -> None:
    """No temporary folder, no staged file, and the old target."""
    assert list((home / "spill").iterdir()) == []
    assert [path.name for path in (home / "out").iterdir()] == ["out.parquet"]
    assert (home / "out" / "out.parquet").read_text() == "old"


def test_a_sort_stays_below_the_limit(home: Path) -> None:
    """It goes to disk, and the result is whole and in order."""
    pipeline(home, SORT)
    ending = run(home, "p.yml", "--max-memory", "280MB", "--output", "json")
    assert ending.code == 0, ending.stderr
    result = json.loads(ending.stdout)
    assert result["peak_memory_bytes"] < LIMIT
    assert ending.peak_bytes < LIMIT
    text = pq.read_table(home / "out" / "out.parquet")["text"].combine_chunks()
    assert len(text) == ROWS
    assert pc.all(pc.less_equal(text[:-1], text[1:])).as_py()
    assert list((home / "spill").iterdir()) == []


def test_what_cannot_go_to_disk_is_refused(home: Path) -> None:
    """The error names stage, operator and remedy, and points at the query."""
    pipeline(home, WINDOW)
    ending = run(home, "p.yml", "--max-memory", "280MB")
    assert ending.code == 1
    assert "error[out-of-memory]: in 'wide': out of memory: the window function" in ending.stderr
    assert "does not fit in 280MB" in ending.stderr
    assert re.search(r"--> p\.yml:\d+:\d+", ending.stderr)
    found = re.search(
        r"raise --max-memory \(by its number of rows it takes about (\d+)MB: try \d+MB",
        ending.stderr,
    )
    assert found is not None
    assert 280 < int(found[1]) < 1000
    assert ending.peak_bytes < LIMIT
    assert_nothing_left(home)


def test_totals_beside_each_row_stay_below_the_limit(home: Path) -> None:
    """They are computed first, where the file is too large for the engine to hold its rows."""
    pipeline(home, TOTALS)
    ending = run(home, "p.yml", "--max-memory", "280MB")
    assert ending.code == 0, ending.stderr
    assert "trying again" not in ending.stderr
    assert ending.peak_bytes < LIMIT
    found = pq.read_table(home / "out" / "out.parquet", columns=["k", "total"])
    assert found.num_rows == ROWS
    totals = {row["k"]: row["total"] for row in found.slice(ROWS - 100).to_pylist()}
    assert totals == {k: sum(range(k % 2, ROWS, 2)) for k in totals}


def test_windows_that_do_not_fit_begin_again_as_joins(home: Path) -> None:
    """Where a small file grows large: one note, and no other attempt."""
    pq.write_table(pa.table({"k": pa.array(range(ROWS), pa.int64())}), home / "ids.parquet")
    (home / "p.yml").write_text(
        "sources:\n"
        "  - {type: file, name: ids, format: {type: parquet}, location: ids.parquet}\n"
        "stages:\n"
        "  - - {name: rows, query: \"SELECT k, lpad(k::text, 99, 'x') AS text FROM ids\"}\n"
        "  - - {name: wide, query: 'SELECT *, sum(k) OVER () AS total FROM rows'}\n"
        "destination: {type: file, name: out, location: out/out.parquet, "
        "format: {type: parquet}}\n"
    )
    ending = run(home, "p.yml", "--max-memory", "280MB")
    assert ending.code == 0, ending.stderr
    assert ending.stderr.count("trying again: totals joined to the rows instead of windows") == 1
    assert ending.peak_bytes < LIMIT
    assert pq.read_metadata(home / "out" / "out.parquet").num_rows == ROWS


def test_a_refusal_is_data_too(home: Path) -> None:
    """One object on standard output, one event at the end of the log."""
    pipeline(home, WINDOW)
    ending = run(home, "p.yml", "--max-memory", "280MB", "--output", "json", "--log-format", "json")
    assert json.loads(ending.stdout)["error"]["code"] == "out-of-memory"
    events = [json.loads(line) for line in ending.stderr.splitlines()]
    failed = [each for each in events if each["event"] == "failed"]
    assert [each["step"] for each in failed] == ["wide"]
    used = [each for each in events if each["event"] == "memory" and "operator" in each]
    assert used[-1]["operator"] == "WindowAggExec"
    assert used[-1]["step"] == "wide"
    assert 0.5 * LIMIT < used[-1]["resident_bytes"] < LIMIT


def test_a_join_that_does_not_fit_begins_again(home: Path) -> None:
    """With a plan that goes to disk; the answer is whole, or the refusal honest."""
    pipeline(home, JOIN)
    ending = run(home, "p.yml", "--max-memory", "280MB")
    assert "sort-merge join instead of hash join" in ending.stderr
    assert ending.peak_bytes < LIMIT
    if ending.code == 0:
        assert pq.read_metadata(home / "out" / "out.parquet").num_rows == ROWS
    else:
        assert "error[out-of-memory]: in 'wide'" in ending.stderr
        assert_nothing_left(home)


def test_what_an_attempt_has_printed_is_not_printed_again(home: Path) -> None:
    """Rows that a stage shows come once, though the join begins twice."""
    first = "  - - {name: few, query: SELECT 41 + 1 AS answer FROM rows LIMIT 1, show: 1}\n"
    pipeline(home, JOIN, first)
    ending = run(home, "p.yml", "--max-memory", "280MB")
    assert "trying again" in ending.stderr
    assert ending.stdout.count("42") == 1


def test_a_pipeline_from_standard_input_begins_again(home: Path) -> None:
    """Its text is kept for the next attempt."""
    pipeline(home, JOIN)
    ending = run(home, "-", "--max-memory", "280MB", text=(home / "p.yml").read_text())
    assert "trying again" in ending.stderr
    assert "invalid" not in ending.stderr


def test_a_preview_stays_below_the_limit(home: Path) -> None:
    """Its rows are those that a run would begin with."""
    pipeline(home, SORT)
    ending = run(
        home, "p.yml", "-n", "3", "--max-memory", "280MB", "--output", "csv", verb="preview"
    )
    assert ending.code == 0, ending.stderr
    assert [line[-9:] for line in ending.stdout.splitlines()[1:]] == [
        f"xx{number}" for number in (1_000_000, 1_000_001, 1_000_002)
    ]
    assert ending.peak_bytes < LIMIT
    assert_nothing_left(home)


def test_a_preview_begins_again(home: Path) -> None:
    """Its rows are printed once, or the refusal points at the query."""
    pipeline(home, f"SELECT * FROM ({JOIN}) ORDER BY text")
    ending = run(home, "p.yml", "--max-memory", "280MB", verb="preview")
    assert "sort-merge join instead of hash join" in ending.stderr
    assert ending.peak_bytes < LIMIT
    if ending.code == 0:
        assert ending.stdout.count("other") == 1
    else:
        assert "error[out-of-memory]: in 'wide'" in ending.stderr
        assert ending.stdout == ""
    assert_nothing_left(home)


def test_a_preview_that_does_not_fit_is_refused(home: Path) -> None:
    """As a run is."""
    pipeline(home, WINDOW)
    ending = run(home, "p.yml", "--max-memory", "280MB", verb="preview")
    assert ending.code == 1
    assert "error[out-of-memory]: in 'wide': out of memory: the window function" in ending.stderr
    assert re.search(r"--> p\.yml:\d+:\d+", ending.stderr)
    assert ending.peak_bytes < LIMIT
    assert_nothing_left(home)


def test_a_plan_has_a_limit_and_tells_it(home: Path) -> None:
    """It moves no data, and is held to it all the same."""
    pipeline(home, WINDOW)
    ending = run(home, "p.yml", "--max-memory", "280MB", "--output", "json", verb="plan")
    assert ending.code == 0, ending.stderr
    assert json.loads(ending.stdout)["memory"]["limit_bytes"] == LIMIT
    assert ending.peak_bytes < LIMIT


def test_tests_of_pipelines_are_held_to_the_limit(home: Path) -> None:
    """The error names the test that was at work; no temporary file is left."""
    pipeline(home, WINDOW)
    (home / "p_test.yml").write_text(
        "pipeline: p.yml\n"
        "sources: {rows: real}\n"
        "tests:\n"
        "  - {name: too wide, expect: {wide: [{k: 1}]}}\n"
    )
    ending = run(home, "p_test.yml", "--max-memory", "280MB", verb="test")
    assert ending.code == 1
    assert "error[out-of-memory]: out of memory: the test p_test.yml::too wide" in ending.stderr
    assert ending.peak_bytes < LIMIT
    assert_nothing_left(home)


@pytest.mark.parametrize("size", ["50MB", "150MiB"])
def test_less_than_anything_needs_is_refused_at_once(home: Path, size: str) -> None:
    """With the least that can be asked for."""
    pipeline(home, SORT)
    ending = run(home, "p.yml", "--max-memory", size)
    assert ending.code == 2
    assert "a run needs at least 200MB" in ending.stderr
    assert_nothing_left(home)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["term", "int"]
)
def test_signals_reach_the_run(home: Path, number: int, code: int) -> None:
    """The first process passes them on, and ends as the run does."""
    pipeline(home, ENDLESS)
    with started(home, "p.yml", "--max-memory", "800MB") as process:
        _await(process, "destination out: writing")
        process.send_signal(number)
        assert process.wait(20) == code
    assert_nothing_left(home)


def test_the_run_does_not_outlive_its_guard(home: Path) -> None:
    """Nobody would see to its memory."""
    pipeline(home, ENDLESS)
    with started(home, "p.yml", "--max-memory", "800MB") as process:
        _await(process, "destination out: writing")
        [child] = psutil.Process(process.pid).children()
        process.kill()
        process.wait(20)
        assert psutil.wait_procs([child], timeout=20)[1] == []


def test_a_run_that_others_kill_is_told(home: Path) -> None:
    """As the system does where the whole machine has no memory left."""
    pipeline(home, ENDLESS)
    with started(home, "p.yml", "--max-memory", "800MB") as process:
        heard = _await(process, "destination out: writing")
        [child] = psutil.Process(process.pid).children()
        child.kill()
        _, stderr = process.communicate(timeout=20)
        assert process.returncode == 128 + signal.SIGKILL
    assert "error[killed]: the process of the run was ended by SIGKILL" in heard + stderr


def _await(process: subprocess.Popen[str], words: str) -> str:
    assert process.stderr is not None
    heard = ""
    for line in process.stderr:
        heard += line
        if words in line:
            return heard
    raise AssertionError(heard)
