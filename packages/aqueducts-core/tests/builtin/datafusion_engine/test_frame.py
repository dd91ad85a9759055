"""The one way out: plain, nullable streams, and files whatever their path and columns are."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from aqueducts.builtin.datafusion_engine.frame import plain_batches
from aqueducts.connectors import EngineWriter, Frame
from aqueducts.errors import EngineError

if TYPE_CHECKING:
    from builtin.datafusion_engine.conftest import Bench

PARQUET = EngineWriter("PARQUET", extension=".parquet")
CSV = EngineWriter("CSV", {"format.has_header": "true"}, extension=".csv")

FAILS_LATE = "SELECT 1 / (4000000 - value) AS a FROM generate_series(1, 5000000)"


def frame(bench: Bench, query: str) -> Frame:
    """A query as a frame."""
    bench.session.define("s", query)
    return bench.session.frame("s")


def files_of(folder: Path) -> list[str]:
    """Paths of all files below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_literals_are_nullable_and_text_is_plain(bench: Bench) -> None:
    """The next run may have nulls there, and few readers know string views."""
    made = frame(
        bench,
        "SELECT 1 AS a, arrow_cast('x', 'Utf8View') AS b, NULL AS c, "
        "make_array(arrow_cast('y', 'Utf8View')) AS d, "
        "struct(arrow_cast('z', 'BinaryView') AS f) AS e",
    )
    expected = pa.schema(
        [
            ("a", pa.int64()),
            ("b", pa.string()),
            ("c", pa.string()),
            ("d", pa.list_(pa.string())),
            ("e", pa.struct([("c0", pa.binary())])),
        ]
    )
    assert [each.nullable for each in made.schema] == [True] * 5
    assert made.schema.types[:4] == expected.types[:4]
    assert made.schema.field("e").type.field(0).type == pa.binary()
    table = made.stream().read_all()
    assert table.schema == made.schema
    assert table.select(["a", "b", "c", "d"]).to_pylist() == [
        {"a": 1, "b": "x", "c": None, "d": ["y"]}
    ]


def test_a_frame_can_be_streamed_again(bench: Bench) -> None:
    """A second attempt of a destination starts from the first row."""
    made = frame(bench, "SELECT value AS a FROM generate_series(1, 10)")
    first = made.stream().read_all()
    assert made.stream().read_all().equals(first)


def test_an_error_in_the_middle_comes_out(bench: Bench) -> None:
    """It never looks like the end of the rows."""
    reader = frame(bench, FAILS_LATE).stream()
    assert reader.read_next_batch().num_rows > 0
    with pytest.raises(EngineError, match=r"division by zero"):
        reader.read_all()


@pytest.mark.parametrize("is_single_file", [True, False])
def test_an_error_while_files_are_written_comes_out(bench: Bench, is_single_file: bool) -> None:
    """What is there by then looks like a whole file; so the error must be heard."""
    with pytest.raises(EngineError, match=r"division by zero"):
        frame(bench, FAILS_LATE).write_files(
            bench.files / "out", PARQUET, is_single_file=is_single_file
        )


def test_check_finds_what_only_planning_to_the_end_shows(bench: Bench) -> None:
    """Without running the query: a constant that cannot be cast."""
    with pytest.raises(EngineError, match="'x' cannot be converted to int64"):
        frame(bench, "SELECT arrow_cast('x', 'Int64') AS a").check()


def test_a_batch_of_another_width_is_refused() -> None:
    """A native reader would abort the process."""
    batch = pa.record_batch({"a": [1], "b": [2]})
    with pytest.raises(EngineError, match="2 columns instead of 1"):
        list(plain_batches(iter([batch]), pa.schema([("a", pa.int64())])))


def test_an_unknown_table_has_no_frame(bench: Bench) -> None:
    """The message names it."""
    with pytest.raises(EngineError, match="nope"):
        bench.session.frame("nope")


@pytest.mark.parametrize(
    "name", ["out.parquet", "no-ending", "with space.parquet", "it's.parquet", "ü.parquet"]
)
def test_one_file(bench: Bench, name: str) -> None:
    """One file is written whatever its name is."""
    path = bench.files / name
    made = frame(bench, "SELECT value AS a FROM generate_series(1, 20000)")
    assert made.write_files(path, PARQUET, is_single_file=True) == 20_000
    assert path.is_file()
    assert pq.read_table(path).num_rows == 20_000


@pytest.mark.parametrize("folder", ["a[1]", "what?", "star*", "100%", "hash#", "new\nline", "%41"])
@pytest.mark.parametrize("is_single_file", [True, False])
def test_folders_with_characters_that_mean_something(
    bench: Bench, folder: str, is_single_file: bool
) -> None:
    """They are paths, not patterns or URLs."""
    path = bench.files / folder / "out"
    path.parent.mkdir()
    made = frame(bench, "SELECT value AS a FROM generate_series(1, 20000)")
    assert made.write_files(path, PARQUET, is_single_file=is_single_file) == 20_000
    assert path.is_file() is is_single_file
    assert (
        ds.dataset([str(each) for each in [path, *path.rglob("*")] if each.is_file()]).count_rows()
        == 20_000
    )


def test_a_name_with_such_characters_is_refused(bench: Bench) -> None:
    """Rather than written to another place: staged writes have names of their own."""
    with pytest.raises(EngineError, match="cannot write to a path"):
        frame(bench, "SELECT 1 AS a").write_files(
            bench.files / "a[1].csv", CSV, is_single_file=True
        )


def test_a_folder_of_files(bench: Bench) -> None:
    """Each with the format's ending, all rows in them once."""
    made = frame(bench, "SELECT value AS a FROM generate_series(1, 20000)")
    assert made.write_files(bench.files / "out", PARQUET, is_single_file=False) == 20_000
    names = files_of(bench.files / "out")
    assert names
    assert all(name.endswith(".parquet") for name in names)
    table = pq.read_table(bench.files / "out")
    assert sorted(table.column("a").to_pylist()) == list(range(1, 20_001))


def test_parquet_files_hold_plain_types(bench: Bench) -> None:
    """Also where the engine computes with views, and in lists."""
    made = frame(
        bench,
        "SELECT arrow_cast('x', 'Utf8View') AS s, make_array(arrow_cast('y', 'Utf8View')) AS l",
    )
    made.write_files(bench.files / "out.parquet", PARQUET, is_single_file=True)
    schema = pq.read_schema(bench.files / "out.parquet")
    assert schema.field("s").type == pa.string()
    assert schema.field("l").type.value_type == pa.string()


@pytest.mark.parametrize(
    ("engine_type", "written"),
    [
        ("Timestamp(Second, None)", pa.timestamp("ms")),
        ('Timestamp(Second, Some("UTC"))', pa.timestamp("ms", "UTC")),
        ("Timestamp(Microsecond, None)", pa.timestamp("us")),
        ("Timestamp(Nanosecond, None)", pa.timestamp("ns")),
        ("Time32(Second)", pa.time32("ms")),
        ("Date64", pa.date32()),
        ("Decimal256(40, 2)", pa.decimal256(40, 2)),
        ("UInt64", pa.uint64()),
        ("LargeUtf8", pa.large_string()),
    ],
)
def test_parquet_files_hold_types_that_readers_know(
    bench: Bench, engine_type: str, written: pa.DataType
) -> None:
    """Parquet has no seconds: they would be bare numbers to every reader, sorted or not."""
    made = frame(
        bench,
        f"SELECT arrow_cast(value, '{engine_type}') AS a, value AS n FROM "
        "generate_series(1, 3) ORDER BY a DESC"
        if engine_type not in ("Time32(Second)", "Date64")
        else f"SELECT arrow_cast(arrow_cast(value, 'Int{64 if engine_type == 'Date64' else 32}'), "
        f"'{engine_type}') AS a, value AS n FROM generate_series(1, 3) ORDER BY n DESC",
    )
    made.write_files(bench.files / "out.parquet", PARQUET, is_single_file=True)
    table = pq.read_table(bench.files / "out.parquet")
    assert table.schema.field("a").type == written
    assert table.column("n").to_pylist() == [3, 2, 1]


def test_seconds_in_nested_columns_become_milliseconds(bench: Bench) -> None:
    """In lists and structs."""
    made = frame(
        bench,
        "SELECT make_array(arrow_cast(1, 'Timestamp(Second, None)')) AS l, "
        "named_struct('t', arrow_cast(1, 'Timestamp(Second, None)')) AS s",
    )
    made.write_files(bench.files / "out.parquet", PARQUET, is_single_file=True)
    schema = pq.read_schema(bench.files / "out.parquet")
    assert schema.field("l").type.value_type == pa.timestamp("ms")
    assert schema.field("s").type.field("t").type == pa.timestamp("ms")


def test_a_file_that_fails_leaves_none_with_another_ending(bench: Bench) -> None:
    """A name without ending is written under another one first."""
    with pytest.raises(EngineError):
        frame(bench, FAILS_LATE).write_files(bench.files / "out", CSV, is_single_file=True)
    assert files_of(bench.files) == []


@pytest.mark.parametrize("writer", [PARQUET, CSV, EngineWriter("JSON", extension=".json")])
def test_an_empty_result_is_a_file(bench: Bench, writer: EngineWriter) -> None:
    """With its columns where the format has them, in a folder as well."""
    made = frame(bench, "SELECT 1 AS a, 'x' AS b WHERE false")
    assert made.write_files(bench.files / "one", writer, is_single_file=True) == 0
    assert made.write_files(bench.files / "many", writer, is_single_file=False) == 0
    assert (bench.files / "one").is_file()
    assert files_of(bench.files / "many") == [f"part-0{writer.extension}"]
    if writer is PARQUET:
        assert pq.read_schema(bench.files / "one").names == ["a", "b"]
        assert pq.read_schema(bench.files / "many" / "part-0.parquet").names == ["a", "b"]
    if writer is CSV:
        assert (bench.files / "one").read_text().strip() == "a,b"


@pytest.mark.parametrize(
    ("kind", "cast"), [("plain", "a"), ("cast", "arrow_cast(a, 'Timestamp(Second, None)')")]
)
@pytest.mark.parametrize("stored_as", ["PARQUET", "CSV"])
def test_files_are_sorted_as_the_stage_is(
    bench: Bench, kind: str, cast: str, stored_as: str
) -> None:
    """Whatever types the engine computes with."""
    count = 30_000
    bench.csv("a,b\n" + "".join(f"{n},x{n % 10}\n" for n in range(count)))
    made = frame(
        bench, f"SELECT {cast} AS k, a, arrow_cast(b, 'Utf8View') AS b FROM t ORDER BY k DESC"
    )
    path = bench.files / "out"
    made.write_files(path, EngineWriter(stored_as, {}, ""), is_single_file=True)
    expected = list(range(count - 1, -1, -1))
    if stored_as == "PARQUET":
        found = pq.read_table(path).column("a").to_pylist()
    else:
        found = [int(line.split(",")[1]) for line in path.read_text().splitlines()[-count:]]
    assert found == expected


class TestPartitions:
    """Hive folders."""

    def test_rows_are_in_the_folders_of_their_values(self, bench: Bench) -> None:
        """The columns are in the folder names and not in the files."""
        made = frame(
            bench, "SELECT value AS a, value % 2 AS p, 'x' AS q FROM generate_series(1, 100)"
        )
        rows = made.write_files(
            bench.files / "out", PARQUET, is_single_file=False, partition_columns=["p", "q"]
        )
        assert rows == 100
        folders = {str(Path(name).parent) for name in files_of(bench.files / "out")}
        assert folders == {"p=0/q=x", "p=1/q=x"}
        file = next((bench.files / "out" / "p=1" / "q=x").iterdir())
        assert pq.read_schema(file).names == ["a"]

    def test_nulls_have_a_folder_of_their_own(self, bench: Bench) -> None:
        """Named as Hive names it, for text and numbers."""
        made = frame(bench, "SELECT * FROM (VALUES (1, 'x', 1), (2, NULL, NULL)) AS v(a, p, q)")
        made.write_files(
            bench.files / "out", CSV, is_single_file=False, partition_columns=["p", "q"]
        )
        null = "__HIVE_DEFAULT_PARTITION__"
        folders = {str(Path(name).parent) for name in files_of(bench.files / "out")}
        assert folders == {"p=x/q=1", f"p={null}/q={null}"}

    def test_values_of_every_type(self, bench: Bench) -> None:
        """As text that reads back as the value."""
        made = frame(
            bench,
            "SELECT 1 AS a, date '2024-01-02' AS d, true AS b, 1.5 AS f, "
            "arrow_cast(1.25, 'Decimal128(6, 2)') AS n",
        )
        made.write_files(
            bench.files / "out", CSV, is_single_file=False, partition_columns=["d", "b", "f", "n"]
        )
        [name] = files_of(bench.files / "out")
        assert str(Path(name).parent) == "d=2024-01-02/b=true/f=1.5/n=1.25"

    @pytest.mark.parametrize("name", ["A b", "x.y", "Mixed", "select", "é", "p=q", "a/b"])
    def test_names_that_need_quotes(self, bench: Bench, name: str) -> None:
        """The engine knows no quoted names there; the folders are called right afterwards."""
        made = frame(bench, f'SELECT value AS a, value % 2 AS "{name}" FROM generate_series(1, 10)')
        rows = made.write_files(
            bench.files / "out", PARQUET, is_single_file=False, partition_columns=[name]
        )
        assert rows == 10
        folders = sorted({Path(each).parts[0] for each in files_of(bench.files / "out")})
        encoded = {"é": "%C3%A9", "p=q": "p%3Dq", "a/b": "a%2Fb"}.get(name, name)
        assert folders == [f"{encoded}=0", f"{encoded}=1"]

    def test_values_with_characters_of_paths(self, bench: Bench) -> None:
        """A value is one folder, whatever is in it, and two values are two folders."""
        made = frame(
            bench,
            "SELECT * FROM (VALUES (1, 'a/b'), (2, 'a b'), (3, 'a=b'), (4, '..'), (5, 'é'), "
            "(6, 'a%2Fb'), (7, '*')) AS v(a, p)",
        )
        rows = made.write_files(
            bench.files / "out", CSV, is_single_file=False, partition_columns=["p"]
        )
        assert rows == 7
        names = files_of(bench.files / "out")
        assert len({Path(name).parts[0] for name in names}) == 7
        assert all(len(Path(name).parts) == 2 for name in names)

    def test_an_empty_result_has_a_file_with_the_other_columns(self, bench: Bench) -> None:
        """In the folders of nulls, so that readers find the columns."""
        made = frame(bench, "SELECT 1 AS a, 2 AS p WHERE false")
        rows = made.write_files(
            bench.files / "out", PARQUET, is_single_file=False, partition_columns=["p"]
        )
        assert rows == 0
        [name] = files_of(bench.files / "out")
        assert name == "p=__HIVE_DEFAULT_PARTITION__/part-0.parquet"
        assert pq.read_schema(bench.files / "out" / name).names == ["a"]

    def test_writes_at_the_same_time_do_not_meet(self, bench: Bench) -> None:
        """Each has its own view in the session."""
        bench.session.define("s", "SELECT value AS a, value % 3 AS p FROM generate_series(1, 999)")
        rows: list[int] = []

        def write(number: int) -> None:
            made = bench.session.frame("s")
            rows.append(
                made.write_files(
                    bench.files / str(number), CSV, is_single_file=False, partition_columns=["p"]
                )
            )

        threads = [threading.Thread(target=write, args=[number]) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert rows == [999] * 4
