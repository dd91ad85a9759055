"""What a user does with the installed command and real files, and what must never happen."""

from __future__ import annotations

import bz2
import datetime as dt
import decimal
import gzip
import json
import lzma
import random
import signal
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datafusion import SessionContext

import aqueducts

if TYPE_CHECKING:
    from conftest import Command

COPY = """\
sources:
  - {{type: {kind}, name: t, format: {format}, location: "{source}"{more}}}
stages:
  - - {{name: copied, query: "{query}"}}
destination: {{type: file, name: out, location: "{target}", format: {to}}}
"""


def copy(
    source: str,
    target: str = "out.parquet",
    *,
    format: str = "{type: csv}",  # noqa: A002 - the key in the file
    to: str = "{type: parquet}",
    query: str = "SELECT * FROM t",
    kind: str = "file",
    more: str = "",
) -> str:
    """A pipeline from one place to another."""
    return COPY.format(
        source=source, target=target, format=format, to=to, query=query, kind=kind, more=more
    )


def wait_for(folder: Path, pattern: str) -> None:
    """Wait until the command has made something."""
    deadline = time.monotonic() + 60
    while not any(folder.glob(pattern)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a Parquet file."""
    found: list[dict[str, Any]] = pq.ParquetFile(path).read().to_pylist()
    return found


CSV = """\
id,big,small,money,on,day,moment,word,empty
007,9007199254740993,-9223372036854775808,12345678901234567.89,true,1969-12-31,\
1969-12-31 23:59:59.5,"a,""b""\nc",
2,18446744073709551615,0,0.10,FALSE,0001-01-01,2262-04-11 23:47:16.854775,é日本😀,x
,,,,,,,,
"""

DECLARED = (
    "[{name: word, type: string}, {name: big, type: uint64}, {name: small, type: long}, "
    "{name: money, data_type: 'decimal<20,2>'}, {name: on, type: boolean}, "
    "{name: day, type: date}, {name: moment, type: 'timestamp<us>'}, {name: id, type: utf8}, "
    "{name: empty, type: string}]"
)


def test_values_survive_a_declared_schema(aqueducts_command: Command) -> None:
    """To the last digit, by name and not by position."""
    aqueducts_command.write("in.csv", CSV)
    text = copy("in.csv", format=f'{{type: csv, options: {{schema: "{DECLARED}"}}}}')
    aqueducts_command.run(text.replace(f'"{DECLARED}"', DECLARED))
    first, second, third = rows(aqueducts_command.folder / "out.parquet")
    assert first == {
        "word": 'a,"b"\nc',
        "big": 9007199254740993,
        "small": -(2**63),
        "money": decimal.Decimal("12345678901234567.89"),
        "on": True,
        "day": dt.date(1969, 12, 31),
        "moment": dt.datetime.fromisoformat("1969-12-31T23:59:59.500"),
        "id": "007",
        "empty": None,
    }
    assert second["big"] == 2**64 - 1
    assert second["day"] == dt.date(1, 1, 1)
    assert second["word"] == "é日本😀"
    assert set(third.values()) == {None}


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_text_files_give_duckdb_the_same_rows(aqueducts_command: Command, kind: str) -> None:
    """What we write, others read; NULL, quotes, line breaks, every digit."""
    query = """
        SELECT * FROM (VALUES
            (1, 9007199254740993, 'a,b', 'q\\"x', 0.1, DATE '1969-12-31', true),
            (2, -9223372036854775808, 'n
            l', ' sp ', 1e300, DATE '2024-02-29', false),
            (3, NULL, 'NULL', 'é😀', NULL, NULL, NULL)
        ) AS v (k, \\"Big\\", \\"a,1\\", \\"b c\\", f, d, o)"""
    aqueducts_command.run(
        f'stages: [[{{name: s, query: "{query}"}}]]\n'
        f"destination: {{type: {kind}, options: {{path: out.{kind}}}}}\n"
    )
    out = aqueducts_command.folder / f"out.{kind}"
    read = f"read_{kind}('{out}')"
    query = f"""SELECT k, "Big", "b c", f, d, o FROM {read} ORDER BY k"""
    found = duckdb.execute(query).fetchall()
    assert [row[:3] for row in found] == [
        (1, 9007199254740993, 'q"x'),
        (2, -(2**63), " sp "),
        (3, None, "é😀"),
    ]
    assert [str(row[4]) for row in found] == ["1969-12-31", "2024-02-29", "None"]
    assert [row[3] for row in found] == [0.1, 1e300, None]
    assert [row[5] for row in found] == [True, False, None]


def test_parquet_types_survive(aqueducts_command: Command) -> None:
    """Also NaN beside one other value, and times in a zone."""
    zone = pa.timestamp("us", "Europe/Berlin")
    table = pa.table(
        {
            "u": pa.array([2**64 - 1, 0], pa.uint64()),
            "d": pa.array([decimal.Decimal("1234567890123456789012345678.90"), None]),
            "t": pa.array([dt.datetime(2024, 3, 31, 1, 30, tzinfo=dt.UTC), None], zone),
            "n": pa.array([-1000, 1000], pa.timestamp("ns")),
            "f": [float("nan"), float("-inf")],
            "l": [[1, None], []],
            "s": [{"a": 1, "b": None}, None],
            "b": [b"\xff\x00", None],
        }
    )
    pq.write_table(table, aqueducts_command.folder / "in.parquet")
    aqueducts_command.run(copy("in.parquet", format="{type: parquet}"))
    back = pq.ParquetFile(aqueducts_command.folder / "out.parquet").read()
    assert back.schema.field("t").type == zone
    assert back.schema.field("n").type == pa.timestamp("ns")
    assert repr(back.to_pylist()) == repr(table.to_pylist())


@pytest.mark.parametrize("ending", ["gz", "bz2", "xz", "zst"])
def test_compressed_files_in_and_out(aqueducts_command: Command, ending: str) -> None:
    """Known by their ending."""
    text = b"id,v\n1,a\n2,b\n"
    packed: dict[str, bytes] = {
        "gz": gzip.compress(text),
        "bz2": bz2.compress(text),
        "xz": lzma.compress(text),
        "zst": pa.Codec("zstd").compress(text, asbytes=True),
    }
    aqueducts_command.write(f"in.csv.{ending}", packed[ending])
    aqueducts_command.run(copy(f"in.csv.{ending}", f"out.csv.{ending}", to="{type: csv}"))
    aqueducts_command.run(copy(f"out.csv.{ending}"))
    assert rows(aqueducts_command.folder / "out.parquet") == [
        {"id": 1, "v": "a"},
        {"id": 2, "v": "b"},
    ]


def test_folders_are_read_whole_and_written_by_partition(aqueducts_command: Command) -> None:
    """Odd names, files that differ, values that folders must encode, nulls."""
    aqueducts_command.write("in/day=2024-01-01/a.csv", "x,y\n1,a/b=c d\n")
    aqueducts_command.write("in/day=2024-01-02/sub [1]/b é.csv", "y,z,x\n,9,2\n100%,8,3\n")
    columns = ", partition_columns: [[day, date32]]"
    source = copy("in", "out", kind="directory", more=columns, query="SELECT x, y, day FROM t")
    to = "{type: parquet}"
    aqueducts_command.run(source.replace(f"{to}}}", f"{to}, partition_columns: [y]}}"))
    back = copy("out", kind="dir", format="{type: parquet}", more=", partition_cols: [[y, utf8]]")
    aqueducts_command.run(back)
    found = sorted(rows(aqueducts_command.folder / "out.parquet"), key=lambda row: row["x"])
    assert [(row["x"], row["y"], row["day"].day) for row in found] == [
        (1, "a/b=c d", 1),
        (2, None, 2),
        (3, "100%", 2),
    ]
    result = aqueducts_command("run", "pipeline.yml", "-q")
    assert result.returncode == 0


RUST_STYLE = """\
version: v2
sources:
  - type: File
    name: MySource
    file_type: {type: Csv, options: {has_header: true, delimiter: ","}}
    location: ./${folder}/a.csv
    storage_options: {}
  - type: dir
    name: Parts
    file_type: {type: Csv, options: {}}
    location: ${folder}/parts
    partition_cols: [[p, int32]]
stages:
  - - name: MyStage
      query: SELECT "Id", "${column}" AS n FROM MySource
      explain: true
      print_schema: true
      show: 0
  - - name: Joined
      query: SELECT m."Id", m.n, parts.v FROM MyStage m JOIN Parts ON parts.p = m."Id" ORDER BY 1
destination:
  type: File
  name: out
  file_type: {type: Parquet, options: {compression: zstd(3)}}
  single_file: true
  partition_cols: []
  location: out.parquet
"""


def test_files_in_the_older_spelling(aqueducts_command: Command) -> None:
    """Capitalised tags, old field names, mixed-case names without quotes."""
    aqueducts_command.write("data/a.csv", "Id,Name\n1,ann\n2,bob\n")
    aqueducts_command.write("data/parts/p=1/x.csv", "v\n10\n")
    aqueducts_command.write("data/parts/p=2/x.csv", "v\n20\n")
    printed = aqueducts_command.run(RUST_STYLE, "--params", "folder=data", "-p", "column=Name")
    assert "MyStage" in printed
    assert "ann" in printed
    assert rows(aqueducts_command.folder / "out.parquet") == [
        {"Id": 1, "n": "ann", "v": 10},
        {"Id": 2, "n": "bob", "v": 20},
    ]


def test_one_pipeline_in_three_formats_and_from_standard_input(aqueducts_command: Command) -> None:
    """The same result each time."""
    data = {"stages": [[{"name": "s", "query": "SELECT ${n} + 1 AS x, '${w}' AS w", "show": 1}]]}
    toml = 'stages = [[{name = "s", query = "SELECT ${n} + 1 AS x, \'${w}\' AS w", show = 1}]]'
    aqueducts_command.write("p.json", json.dumps(data))
    aqueducts_command.write("p.yaml", json.dumps(data))
    aqueducts_command.write("p.toml", toml)
    aqueducts_command.write("params.toml", 'n = 41\nw = "a=b: #c"')
    shown = [
        aqueducts_command("run", name, "--params-file", "params.toml")
        for name in ("p.json", "p.yaml", "p.toml")
    ]
    given = ("-p", "n=41", "-p", "w=a=b: #c")
    shown.append(aqueducts_command("run", "-", *given, text=json.dumps(data)))
    assert [each.returncode for each in shown] == [0, 0, 0, 0]
    assert len({each.stdout for each in shown}) == 1
    assert "42" in shown[0].stdout
    assert "a=b: #c" in shown[0].stdout


PLAIN = """\
sources:
  - type: file
    name: people
    format: {type: csv}
    location: people.csv
stages:
  - - name: adults
      query: SELECT name, age FROM people
destination: {type: csv, options: {path: out.csv}}
"""


@pytest.mark.parametrize(
    ("old", "new", "code", "place", "words"),
    [
        ("    location:", "    locaton:", 2, "6:5", "did you mean 'location'?"),
        ("people.csv", "peple.csv", 1, "5:15", "did you mean 'people.csv'?"),
        ("people.csv", "${where}.csv", 2, "5:15", "-p where=..."),
        ("type: file", "type: fil", 2, "2:11", "did you mean 'file'?"),
        ("      query", "     query", 2, "8:6", "indentation"),
        ("SELECT", "SELEC", 2, "8:14", "found 'SELEC'"),
        ("name, age", "nmae, age", 2, "8:21", "did you mean name?"),
        ("FROM people", "FROM peple", 2, "8:36", "did you mean 'people'?"),
        ("name, age", "name + age + sum(name) AS x", 2, "8:14", "stage 'adults'"),
        ("SELECT", "EXPLAIN SELECT", 2, "8:14", "set explain"),
        ("FROM people", "FROM later\n    - {name: later, query: SELECT 1}", 2, "8:36", "own group"),
        ("name, age", "1 / (age - 3) AS x", 1, "8:23", "division by zero"),
        (PLAIN, "", 2, "1:1", "the pipeline is empty"),
    ],
)
def test_first_mistakes_are_shown_at_their_place(
    aqueducts_command: Command, old: str, new: str, code: int, place: str, words: str
) -> None:
    """File, line and column, what to do next, no traceback; the old result stays."""
    aqueducts_command.write("people.csv", "name,age\nann,3\n")
    aqueducts_command.write("out.csv", "old")
    text = PLAIN.replace(old, new, 1)
    if new == "    locaton:":
        text = text.replace("    format: {type: csv}\n", "    format: {type: csv}\n\n")
    aqueducts_command.write("pipeline.yml", text)
    result = aqueducts_command("run", "pipeline.yml", "-q")
    assert result.returncode == code
    assert f"--> pipeline.yml:{place}\n" in result.stderr
    assert words.lower() in result.stderr.lower()
    assert "Traceback" not in result.stderr
    assert (aqueducts_command.folder / "out.csv").read_text() == "old"
    assert aqueducts_command.leftovers() == []


def test_secrets_are_never_shown(aqueducts_command: Command) -> None:
    """Not in tables, plans, errors, events, results, tracebacks; but the result has them."""
    aqueducts_command.write("secret.txt", "hunter2hunter2\n")
    text = (
        "stages:\n  - - {name: s, query: \"SELECT '${secret:file:secret.txt}' AS a, "
        "'${secret:env:WORD}' AS b\", show: 1, explain: true, explain_analyze: true}\n"
        "destination: {type: csv, options: {path: out.csv}}\n"
    )
    broken = text.replace("SELECT '", "SELECT 1 + CAST('x${secret:env:WORD}' AS INT), '")
    for pipeline, code in ((text, 0), (broken, 2)):
        aqueducts_command.write("pipeline.yml", pipeline)
        for options in (["-v", "--debug"], ["--output", "json", "--log-format", "json"]):
            result = aqueducts_command(
                "run", "pipeline.yml", *options, environment={"WORD": "hunter2hunter2"}
            )
            assert result.returncode == code
            assert "hunter2" not in result.stdout + result.stderr
            assert "***" in result.stdout + result.stderr
    assert (aqueducts_command.folder / "out.csv").read_text().count("hunter2hunter2") == 2


def test_programs_get_json(aqueducts_command: Command) -> None:
    """One object on standard output, one object a line on standard error."""
    aqueducts_command.write("people.csv", "name,age\nann,3\n")
    aqueducts_command.write("pipeline.yml", PLAIN)
    result = aqueducts_command("run", "pipeline.yml", "--output", "json", "--log-format", "json")
    document = json.loads(result.stdout)
    assert (document["status"], document["rows"]) == ("completed", 1)
    assert document["location"] == "out.csv"
    events = [json.loads(line) for line in result.stderr.splitlines()]
    assert [event["event"] for event in events if event["event"] != "progress"] == [
        "started",
        "source_registered",
        "stage_started",
        "stage_completed",
        "destination_started",
        "destination_completed",
        "completed",
    ]
    assert len({event["run_id"] for event in events}) == 1


ENDLESS = """\
stages:
  - - {{name: n, query: "SELECT value FROM generate_series(1, {last})"}}
  - - name: pairs
      query: >
        {query}
destination: {{type: file, name: out, location: {target}, format: {{type: csv}}{more}}}
"""


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM n a JOIN n b ON a.value + b.value > 5 AND a.value * b.value > 7",
        "SELECT md5(CAST(value AS VARCHAR)) AS m FROM n ORDER BY 1",
        "SELECT value, md5(CAST(value AS VARCHAR)) AS m FROM n",
    ],
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_leaves_everything_as_it_was(
    aqueducts_command: Command, query: str, number: signal.Signals
) -> None:
    """Within three seconds, in a join, a sort and a scan that is being written."""
    aqueducts_command.write("out.csv", "old")
    last = 400_000 if "JOIN" in query else 900_000_000
    text = ENDLESS.format(query=query, target="out.csv", more="", last=last)
    aqueducts_command.write("p.yml", text)
    process = aqueducts_command.start("run", "p.yml")
    wait_for(aqueducts_command.temporary, "aqueducts-run-*/spill")
    time.sleep(random.uniform(0, 1))
    started = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - started < 3.5
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    assert "nothing was written to destination out" in errors
    assert (aqueducts_command.folder / "out.csv").read_text() == "old"
    assert aqueducts_command.leftovers() == []


@pytest.mark.parametrize("more", ["", ", single_file: false"])
def test_a_killed_run_leaves_the_old_result_and_the_next_one_sweeps(
    aqueducts_command: Command, more: str
) -> None:
    """Nobody sees a part of a result."""
    name = "out" if more else "out.csv"
    old = aqueducts_command.write("out/old.csv" if more else "out.csv", "old")
    text = ENDLESS.format(query="SELECT * FROM n", target=name, more=more, last=900_000_000)
    aqueducts_command.write("p.yml", text)
    process = aqueducts_command.start("run", "p.yml")
    wait_for(aqueducts_command.folder, ".*/data*")
    process.kill()
    process.communicate()
    assert old.read_text() == "old"
    assert aqueducts_command.leftovers() != []
    aqueducts_command.run(ENDLESS.format(query="SELECT 1 AS x", target=name, more=more, last=1))
    assert aqueducts_command.leftovers() == []
    written = [path.read_text() for path in aqueducts_command.folder.glob("out*/*.csv")]
    assert (written or [old.read_text()]) == ["x\n1\n"]


def test_a_file_that_cannot_grow_leaves_the_old_one(aqueducts_command: Command) -> None:
    """As on a disk that is full."""
    aqueducts_command.write("out.csv", "old")
    text = ENDLESS.format(query="SELECT * FROM n", target="out.csv", more="", last=3_000_000)
    aqueducts_command.write("p.yml", text)
    result = aqueducts_command("run", "p.yml", largest_file=1 << 20)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert (aqueducts_command.folder / "out.csv").read_text() == "old"
    assert aqueducts_command.leftovers() == []


def test_more_data_than_memory(aqueducts_command: Command) -> None:
    """A sort and a join bigger than the limit end well, and the change of plan is told."""
    query = (
        "SELECT a.value AS k, md5(CAST(b.value AS VARCHAR)) AS m"
        " FROM n a JOIN n b ON a.value = b.value ORDER BY m"
    )
    text = ENDLESS.format(query=query, target="out.csv", more="", last=2_000_000)
    aqueducts_command.write("p.yml", text)
    result = aqueducts_command("run", "p.yml", "--max-memory", "300MB", "--output", "json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["rows"] == 2_000_000
    assert document["peak_memory_bytes"] < 900 << 20
    out = aqueducts_command.folder / "out.csv"
    lines = [line.split(",") for line in out.read_text().splitlines()[1:]]
    assert len({key for key, _ in lines}) == 2_000_000
    assert all(left[1] <= right[1] for left, right in pairwise(lines))
    assert aqueducts_command.leftovers() == []


async def test_a_callers_session_is_read_and_given_the_result(tmp_path: Path) -> None:
    """Tables in memory on both sides."""
    session = SessionContext()
    session.from_pydict({"a": [1, 2, 3]}, name="numbers")
    pipeline = aqueducts.Pipeline.from_dict(
        {
            "sources": [{"type": "InMemory", "name": "numbers"}],
            "stages": [[{"name": "s", "query": "SELECT sum(a) AS total FROM numbers"}]],
            "destination": {"type": "memory", "name": "result"},
        }
    )
    result = await aqueducts.run(pipeline, session=session)
    assert result.rows == 1
    assert session.table("result").to_pydict() == {"total": [6]}
    assert session.table_exist("numbers")
    assert not session.table_exist("s")
