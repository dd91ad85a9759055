"""The destination `file`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel

from aqueducts.connectors import FileFormat, ModelClass, StreamWriter
from aqueducts.errors import DestinationError, EngineError, StorageError

Make = Callable[..., Any]
_TABLE = pa.table({"id": [1, 2, 3], "day": ["a", "b", "b"]})


@pytest.fixture
def destination(tmp_path: Path, make_destination: Make) -> Make:
    """Return what makes a destination of a format at a path in the test's folder."""

    def make(location: str, file_format: str = "csv", **fields: Any) -> Any:
        return make_destination(
            type="file",
            name="out",
            location=f"{tmp_path}/{location}",
            format={"type": file_format},
            **fields,
        )

    return make


def test_one_file(destination: Make, make_frame: Make, context: Any, tmp_path: Path) -> None:
    """Written, counted, replaced, and reported."""
    made = destination("a.parquet", "parquet")
    made.prepare(context)
    made.check(_TABLE.schema, context)
    made.write(make_frame(_TABLE.slice(1)), context)
    report = made.write(make_frame(_TABLE), context)

    path = tmp_path / "a.parquet"
    assert pq.read_table(path) == _TABLE
    assert (report.rows, report.files, report.location) == (3, 1, str(path))
    assert report.size_bytes == path.stat().st_size
    assert _names(tmp_path) == ["a.parquet"]
    assert len(context.writes) == 2


@pytest.mark.parametrize(
    ("location", "fields", "path"),
    [
        ("out", {"single_file": False}, "out/part-0.csv"),
        ("out/", {}, "out/part-0.csv"),
        ("out", {"partition_columns": ["day"]}, "out/day=x/part-0.csv"),
        ("out", {"partition_columns": ["day"], "single_file": True}, "out/day=x/part-0.csv"),
        ("out", {}, "out"),
    ],
)
def test_one_file_or_several(
    destination: Make,
    make_frame: Make,
    context: Any,
    tmp_path: Path,
    location: str,
    fields: dict[str, Any],
    path: str,
) -> None:
    """A slash at the end and partition columns mean several."""
    made = destination(location, **fields)
    made.prepare(context)
    made.check(_TABLE.schema, context)
    report = made.write(make_frame(_TABLE), context)

    assert (tmp_path / path).is_file()
    assert report.rows == 3
    assert len(_names(tmp_path)) == 1


def test_an_explicit_single_file_is_no_folder(destination: Make, context: Any) -> None:
    """The slash says otherwise: one of the two is a mistake."""
    with pytest.raises(StorageError, match="is a folder, but one file"):
        destination("out/", single_file=True).prepare(context)


def test_rows_that_cannot_be_read_back_fail_the_run(
    destination: Make, make_frame: Make, context: Any, tmp_path: Path
) -> None:
    """The old content stays."""
    (tmp_path / "a.csv").write_text("old")

    with pytest.raises(DestinationError, match="wrote 3 rows but 2 can be read back"):
        destination("a.csv").write(make_frame(_TABLE, lost_rows=1), context)
    assert (tmp_path / "a.csv").read_text() == "old"
    assert _names(tmp_path) == ["a.csv"]


def test_a_failing_query_leaves_the_old_content(
    destination: Make, make_frame: Make, context: Any, tmp_path: Path
) -> None:
    """Whatever the engine had written by then."""

    def fail(_path: Path) -> None:
        raise EngineError("divide by zero")

    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(EngineError):
        destination("a.csv").write(make_frame(_TABLE, before_end=fail), context)

    assert (tmp_path / "a.csv").read_text() == "old"
    assert _names(tmp_path) == ["a.csv"]


def test_what_appears_in_the_target_during_the_run_is_not_deleted(
    destination: Make, make_frame: Make, context: Any, tmp_path: Path
) -> None:
    """The target is looked at once more before it is replaced."""
    (tmp_path / "out").mkdir()

    def put_notes(_path: Path) -> None:
        (tmp_path / "out" / "notes.txt").touch()

    made = destination("out/")
    made.prepare(context)
    with pytest.raises(StorageError, match=r"'notes\.txt'"):
        made.write(make_frame(_TABLE, before_end=put_notes), context)
    assert _names(tmp_path / "out") == ["notes.txt"]


@pytest.mark.parametrize(
    ("partition_columns", "message"),
    [
        (["dayy"], "(?s)no column for partition_columns 'dayy'.*did you mean 'day'"),
        (["zz"], "it has 'id', 'day', 'tags'"),
        (["day", "day"], "twice"),
        (["id", "day", "tags"], "all columns"),
        (["tags"], "cannot become names of folders: 'tags"),
    ],
)
def test_partition_columns_are_checked(
    destination: Make, context: Any, partition_columns: list[str], message: str
) -> None:
    """Before any data is read."""
    schema = _TABLE.schema.append(pa.field("tags", pa.list_(pa.string())))

    with pytest.raises(DestinationError, match=message):
        destination("a", "json", partition_columns=partition_columns).check(schema, context)


def test_the_format_checks_what_is_left(destination: Make, context: Any) -> None:
    """Names must differ, and the format must have the types."""
    nested = _TABLE.schema.append(pa.field("tags", pa.list_(pa.string())))
    twice = _TABLE.schema.append(pa.field("id", pa.int64()))

    with pytest.raises(DestinationError, match="CSV cannot hold"):
        destination("a").check(nested, context)
    with pytest.raises(DestinationError, match="called 'id'"):
        destination("a", partition_columns=["day"]).check(twice, context)


class _NoOptions(BaseModel):
    """Options of the format below."""


class _Lines(FileFormat):
    """A stranger's format, written by Python."""

    type = "csv"
    extensions = (".csv",)
    read_options: ClassVar[ModelClass] = _NoOptions
    write_options: ClassVar[ModelClass | None] = _NoOptions

    def scan(self, files: Any, options: Any, partitions: Any) -> Any:
        raise NotImplementedError

    def writer(self, schema: Any, options: Any, file_name: str) -> StreamWriter:
        return StreamWriter(write=self._write, extension=".csv")

    def count_rows(self, path: Path, options: Any) -> int:
        return path.read_bytes().count(b"\n") - 1

    @staticmethod
    def _write(reader: pa.RecordBatchReader, path: Path) -> int:
        table = reader.read_all()
        pyarrow.csv.write_csv(table, path)
        return int(table.num_rows)


@pytest.mark.parametrize(("location", "path"), [("a.csv", "a.csv"), ("out/", "out/part-0.csv")])
def test_formats_that_python_writes(
    destination: Make, make_frame: Make, context: Any, tmp_path: Path, location: str, path: str
) -> None:
    """The same guarantees, over the stream."""
    made = destination(location)
    made.formats = {"csv": _Lines()}
    made.check(_TABLE.schema, context)
    report = made.write(make_frame(_TABLE), context)

    assert report.rows == 3
    assert pyarrow.csv.read_csv(tmp_path / path) == _TABLE


def test_formats_that_python_writes_have_no_partitions(destination: Make, context: Any) -> None:
    """Said before any data is read."""
    made = destination("a", partition_columns=["day"])
    made.formats = {"csv": _Lines()}

    with pytest.raises(DestinationError, match="cannot be written with partition columns"):
        made.check(_TABLE.schema, context)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
