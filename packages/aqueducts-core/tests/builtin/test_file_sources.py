"""The sources `file` and `directory`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from aqueducts.errors import SourceError, StorageError

Make = Callable[..., Any]


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("1")


def _paths(scan: Any, folder: Path) -> list[str]:
    return [str(Path(file.path).relative_to(folder)) for file in scan.files]


def test_a_file(tmp_path: Path, make_source: Make, context: Any) -> None:
    """A location may hold a secret."""
    _touch(tmp_path, "a.csv")
    source = make_source(
        type="file",
        name="a",
        location="${secret:env:DIR}/a.csv",
        format={"type": "csv", "options": {"delimiter": ";"}},
    )
    scan = source.open(context)

    assert (scan.format, scan.dialect.delimiter) == ("csv", ";")
    assert _paths(scan, tmp_path) == ["a.csv"]
    assert scan.partitions is None


@pytest.mark.parametrize("location", ["", "/x*.json", "/**/*"])
def test_many_files(tmp_path: Path, make_source: Make, context: Any, location: str) -> None:
    """A glob, or a folder."""
    _touch(tmp_path, "x1.json", "x2.json.gz", "x3.json")
    source = make_source(
        type="file", name="a", location=f"{tmp_path}{location}", format={"type": "json"}
    )

    found = ["x1.json", "x2.json.gz", "x3.json"]
    assert _paths(source.open(context), tmp_path) == [
        name for name in found if name.endswith(".json") or location != "/x*.json"
    ]


def test_a_directory_without_partition_columns(
    tmp_path: Path, make_source: Make, context: Any
) -> None:
    """Hive folders are walked like any other."""
    _touch(tmp_path, "day=1/a.parquet", "b.parquet", "c.txt")
    source = make_source(
        type="directory", name="a", location=str(tmp_path), format={"type": "parquet"}
    )

    assert _paths(source.open(context), tmp_path) == ["b.parquet", "day=1/a.parquet"]
    [notice] = context.events
    assert "1 file is passed over because of the ending: 'c.txt'" in notice.message


def test_partition_values_come_from_folders(
    tmp_path: Path, make_source: Make, context: Any
) -> None:
    """Decoded, in the declared order and types; Hive's folder for null is null."""
    _touch(
        tmp_path,
        "day=2024-01-01/the%20place=a%2Fb/a.csv",
        "day=2024-01-02/the place=__HIVE_DEFAULT_PARTITION__/b.csv",
        "day=2024-01-03/more/the place=é=1/c.csv",
        "day=2024-01-04/the place=/d.csv",
    )
    source = make_source(
        type="directory",
        name="a",
        location=f"{tmp_path}/",
        format={"type": "csv"},
        partition_columns=[["day", "date"], ["the place", "string"]],
    )
    scan = source.open(context)

    assert scan.partitions == pa.schema([("day", pa.date32()), ("the place", pa.string())])
    assert [file.partition_values for file in scan.files] == [
        ("2024-01-01", "a/b"),
        ("2024-01-02", None),
        ("2024-01-03", "é=1"),
        ("2024-01-04", ""),
    ]


@pytest.mark.parametrize(
    "name", ["a.csv", "day=1/a.csv", "hour=1/day=1/a.csv", "day=1/hour=1/minute=1/a.csv"]
)
def test_files_outside_of_the_partition_folders_are_errors(
    tmp_path: Path, make_source: Make, context: Any, name: str
) -> None:
    """Their values would be made up."""
    _touch(tmp_path, "day=1/hour=1/a.csv", name)
    source = make_source(
        type="directory",
        name="a",
        location=str(tmp_path),
        format={"type": "csv"},
        partition_columns=[["day", "int"], ["hour", "int"]],
    )

    with pytest.raises(SourceError, match=f"{name}' is not in folders day=…/hour=…/"):
        source.open(context)


def test_a_column_cannot_come_from_both_files_and_folders(
    tmp_path: Path, make_source: Make, context: Any
) -> None:
    """Nobody knows which of the two is meant."""
    _touch(tmp_path, "day=1/a.csv")
    source = make_source(
        type="directory",
        name="a",
        location=str(tmp_path),
        format={"type": "csv", "options": {"schema": [{"name": "day", "type": "int"}]}},
        partition_columns=[["day", "int"]],
    )

    with pytest.raises(SourceError, match="both in schema and in partition_columns: 'day'"):
        source.open(context)


def test_a_directory_is_no_file(tmp_path: Path, make_source: Make, context: Any) -> None:
    """The error names the type for one file; a missing folder is the store's error."""
    _touch(tmp_path, "a.csv")
    fields = {"type": "directory", "name": "a", "format": {"type": "csv"}}

    with pytest.raises(SourceError, match="source type 'file'"):
        make_source(**fields, location=f"{tmp_path}/a.csv").open(context)
    with pytest.raises(StorageError, match="does not exist"):
        make_source(**fields, location=f"{tmp_path}/b").open(context)
