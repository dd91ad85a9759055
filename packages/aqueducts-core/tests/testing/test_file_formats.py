"""The suite of file formats fails for each mistake it is there for, and says what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from pydantic import BaseModel

from aqueducts import hookimpl
from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.connectors import FileFormat, ModelClass, StreamWriter
from aqueducts.errors import DestinationError, SourceError
from aqueducts.models.fields import PipelineModel
from aqueducts.plugins import Plugins
from aqueducts.relations import ArrowStream, DataFile
from aqueducts.testing import ALL_TYPES, FileFormatSuite


class _Options(PipelineModel):
    """Nothing to choose."""


class _Good(FileFormat):
    """Files of Arrow batches; the mistakes below are changes of its parts."""

    type: ClassVar[str] = "arrow"
    extensions: ClassVar[tuple[str, ...]] = (".arrow",)
    read_options: ClassVar[ModelClass] = _Options
    write_options: ClassVar[ModelClass | None] = _Options
    ending = ".arrow"

    def scan(
        self, files: Sequence[DataFile], options: BaseModel, partitions: pa.Schema | None
    ) -> Any:
        schema = self.described(_open(files[0]).schema)
        extra = list(partitions or [])

        def batches(partition: int, *_: Any) -> Iterator[pa.RecordBatch]:
            file = files[partition]
            for batch in self.read(file):
                changed = self.changed(batch).cast(schema)
                columns = [
                    pa.array([value] * len(batch)).cast(field.type)
                    for field, value in zip(extra, file.partition_values, strict=True)
                ]
                yield pa.RecordBatch.from_arrays([*changed.columns, *columns], schema=whole)

        whole = pa.schema([*schema, *extra])
        return self.relation(ArrowStream(whole, batches, len(files), is_rereadable=True))

    def relation(self, stream: ArrowStream) -> Any:
        return stream

    def described(self, schema: pa.Schema) -> pa.Schema:
        return schema

    def changed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch

    def read(self, file: DataFile) -> Iterator[pa.RecordBatch]:
        with pa.OSFile(file.path) as opened:
            yield from pa.ipc.open_stream(opened)

    def check_schema(self, schema: pa.Schema, options: BaseModel) -> None:
        spans = [each.name for each in schema if each.type == pa.month_day_nano_interval()]
        if spans:
            raise DestinationError(f"intervals cannot be written: {', '.join(spans)}")

    def writer(self, schema: pa.Schema, options: BaseModel, file_name: str) -> Any:
        return StreamWriter(self.write, self.ending)

    def write(self, reader: pa.RecordBatchReader, path: Path) -> int:
        rows = 0
        with (
            pa.OSFile(str(path), "wb") as sink,
            pa.ipc.new_stream(sink, reader.schema) as writer,
        ):
            for batch in reader:
                self.write_batch(batch, writer)
                rows += batch.num_rows
        return rows

    def write_batch(self, batch: pa.RecordBatch, writer: Any) -> None:
        writer.write_batch(batch)

    def count_rows(self, path: Path, options: BaseModel) -> int:
        with pa.OSFile(str(path)) as opened:
            return sum(batch.num_rows for batch in pa.ipc.open_stream(opened))


def _open(file: DataFile) -> pa.RecordBatchReader:
    try:
        return pa.ipc.open_stream(Path(file.path).read_bytes())
    except pa.ArrowInvalid as error:
        raise SourceError(f"{file.path}: {error}") from error


class _Suite(FileFormatSuite):
    preserves_types = ALL_TYPES - {"interval", "struct"}
    offered: type[FileFormat] = _Good

    def installed_plugins(self) -> Plugins:
        def aqueducts_file_formats() -> list[type[FileFormat]]:
            return [self.offered]

        module = ModuleType("mine")
        vars(module)["aqueducts_file_formats"] = hookimpl(aqueducts_file_formats)
        return Plugins.of(builtin=builtin_plugin, mine=module)

    def file_format(self) -> type[FileFormat]:
        return self.offered

    def sample_file(self, folder: Path) -> tuple[Path, pa.Table]:
        table = pa.table({"n": [1, 2], "text": ["x", "y"]})
        path = folder / "sample.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return path, table

    def broken_file(self, folder: Path) -> tuple[Path, pa.Schema]:
        path = folder / "broken.arrow"
        path.write_bytes(b"something else")
        return path, pa.schema([])

    def refused_table(self) -> tuple[pa.Schema, Collection[str]]:
        return pa.schema([("a span", pa.month_day_nano_interval())]), ["a span"]


_CHECKS = sorted(name for name in dir(_Suite) if name.startswith("test_"))


def test_nothing_is_left_out() -> None:
    """Everything is overridden here, so that all checks are there; each has a mistake below."""
    assert len(_CHECKS) == 20
    assert {check for check, _, _ in _MISTAKES} == set(_CHECKS)


def _run(suite: FileFormatSuite, check: str, folder: Path) -> None:
    function = getattr(suite, check)
    arguments = [folder] if function.__code__.co_argcount > 1 else []
    function(*arguments)


@pytest.mark.parametrize("check", _CHECKS)
def test_a_good_format_passes(check: str, tmp_path: Path) -> None:
    """What is right is not told to be wrong."""
    _run(_Suite(), check, tmp_path)


class _Typeless(_Good):
    type = "Arrow-Files"


class _Extensions(_Good):
    extensions = ("arrow",)


class _OtherEnding(_Good):
    ending = ".bin"


class _Undescribed(PipelineModel):
    """An option says nothing."""

    depth: int = 1


class _Silent(_Good):
    write_options = _Undescribed


class _ReadOnly(_Good):
    write_options = None


class _Losing(_Good):
    def changed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch.slice(0, batch.num_rows - 1)


class _Foreign(_Good):
    def scan(self, files: Sequence[DataFile], options: BaseModel, partitions: Any) -> Any:
        pa.ipc.open_stream(Path(files[0].path).read_bytes())
        return super().scan(files, options, partitions)


class _Miscounting(_Good):
    def write(self, reader: pa.RecordBatchReader, path: Path) -> int:
        return super().write(reader, path) + 1


class _NoWriter(_Good):
    def writer(self, schema: pa.Schema, options: BaseModel, file_name: str) -> Any:
        return self.write


class _Guessing(_Good):
    def count_rows(self, path: Path, options: BaseModel) -> int:
        return path.stat().st_size // 100


class _NeedsRows(_Good):
    def write(self, reader: pa.RecordBatchReader, path: Path) -> int:
        rows = super().write(reader, path)
        if not rows:
            path.write_bytes(b"")
        return rows


class _FirstFile(_Good):
    def scan(self, files: Sequence[DataFile], options: BaseModel, partitions: Any) -> Any:
        return super().scan(files[:1], options, partitions)


class _Once(_Good):
    def relation(self, stream: ArrowStream) -> Any:
        return ArrowStream(stream.schema, stream.open, stream.partitions)


class _Unpartitioned(_Good):
    def scan(self, files: Sequence[DataFile], options: BaseModel, partitions: Any) -> Any:
        plain = [DataFile(file.path, file.size_bytes) for file in files]
        return super().scan(plain, options, None)


_left: list[Any] = []


class _Leaking(_Good):
    def read(self, file: DataFile) -> Iterator[pa.RecordBatch]:
        opened = pa.OSFile(file.path)
        _left.append(opened)
        yield from pa.ipc.open_stream(opened)


class _Collecting(_Good):
    def write(self, reader: pa.RecordBatchReader, path: Path) -> int:
        return super().write(reader.read_all().to_reader(), path)


class _Unchecked(_Good):
    def check_schema(self, schema: pa.Schema, options: BaseModel) -> None:
        """Whatever comes is fine."""


class _Signed(_Good):
    def described(self, schema: pa.Schema) -> pa.Schema:
        return pa.schema(
            [each.with_type(pa.int64()) if each.type == pa.uint8() else each for each in schema]
        )


class _Structless(_Good):
    def write_batch(self, batch: pa.RecordBatch, writer: Any) -> None:
        if any(map(pa.types.is_struct, batch.schema.types)):
            raise ValueError("structs were forgotten")
        writer.write_batch(batch)


class _Underscored(_Good):
    def described(self, schema: pa.Schema) -> pa.Schema:
        return pa.schema([each.with_name(each.name.replace(" ", "_")) for each in schema])

    def changed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch.rename_columns(self.described(batch.schema).names)


class _Stripping(_Good):
    def changed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        rows = [
            {key: value.strip() if isinstance(value, str) else value for key, value in row.items()}
            for row in batch.to_pylist()
        ]
        return pa.RecordBatch.from_pylist(rows, schema=batch.schema)


class _OnlyInTheKit(_Good):
    def check_schema(self, schema: pa.Schema, options: BaseModel) -> None:
        raise DestinationError("this is a real run")


_MISTAKES: list[tuple[str, type[FileFormat], str]] = [
    ("test_type_is_a_tag", _Typeless, "_Typeless.type is 'Arrow-Files'"),
    ("test_extensions_are_endings", _Extensions, r"extensions is \('arrow',\)"),
    ("test_extensions_are_endings", _OtherEnding, r"files in folders are written as \*.bin"),
    ("test_options_describe_themselves", _Silent, "say nothing of themselves: depth"),
    ("test_says_whether_it_writes", _ReadOnly, "write_options is None"),
    ("test_reads_files_of_others", _Losing, "the sample: there are 1 rows instead of 2"),
    ("test_broken_files_are_errors_of_ours", _Foreign, "ArrowInvalid is raised"),
    ("test_reads_what_it_wrote", _Losing, "rows instead of 7"),
    ("test_reads_what_it_wrote", _Miscounting, "the writer tells 8 rows of 7"),
    ("test_reads_what_it_wrote", _NoWriter, "writer gives method"),
    ("test_counts_rows_in_the_file", _Guessing, "for a file of 0 rows"),
    ("test_empty_tables_are_files", _NeedsRows, "an empty table cannot be read back"),
    ("test_many_files_are_one_table", _FirstFile, "two files: there are 4 rows instead of 8"),
    ("test_many_files_are_one_table", _Once, "the stream over files is not rereadable"),
    ("test_partition_columns_are_read", _Unpartitioned, "with partition columns: the columns are"),
    ("test_reading_leaves_nothing_open", _Leaking, "there is still: open file"),
    ("test_memory_is_bounded", _Collecting, "memory grows by"),
    ("test_schemas_are_refused", _Unchecked, "nothing is raised"),
    ("test_types_survive", _Signed, "uint8: column 'uint8' is int64 instead of uint8"),
    ("test_other_types_are_refused_or_written", _Structless, "structs were forgotten"),
    ("test_awkward_names_survive", _Underscored, "the columns are"),
    ("test_awkward_texts_survive", _Stripping, "' padded '"),
    ("test_is_read_in_a_run", _Losing, "a run reads 2 rows of 4"),
    ("test_works_in_a_run", _OnlyInTheKit, "a run that writes this format fails"),
]
"""A check, a format with the mistake that it is there for, and what it says."""


@pytest.mark.parametrize(
    ("check", "offered", "words"),
    [pytest.param(*each, id=f"{each[0][5:]}:{each[1].__name__}") for each in _MISTAKES],
)
def test_a_mistake_is_found(
    check: str, offered: type[FileFormat], words: str, tmp_path: Path
) -> None:
    """The check fails, in words that name the mistake and what to do about it."""
    suite = _Suite()
    suite.offered = offered
    with pytest.raises(pytest.fail.Exception, match=f"(?s){words}") as caught:
        _run(suite, check, tmp_path)
    assert "\n  help: " in str(caught.value)
    while _left:
        _left.pop().close()


def test_a_format_may_be_read_only(tmp_path: Path) -> None:
    """Only what concerns reading is checked then."""

    class ReadOnlySuite(_Suite):
        is_writable = False
        offered = _ReadOnly

    checks = [name for name in _CHECKS if callable(getattr(ReadOnlySuite, name))]
    assert "test_reads_files_of_others" in checks
    assert "test_memory_is_bounded" not in checks
    assert {"test_partition_columns_are_read", "test_is_read_in_a_run"} <= set(checks)
    for check in set(checks) - {"test_schemas_are_refused"}:
        _run(ReadOnlySuite(), check, tmp_path / check)


def test_a_read_only_suite_needs_a_file(tmp_path: Path) -> None:
    """Or there would be nothing to read."""

    class EmptySuite(_Suite):
        is_writable = False
        sample_file = FileFormatSuite.sample_file

    with pytest.raises(pytest.fail.Exception, match="override sample_file"):
        EmptySuite().test_many_files_are_one_table(tmp_path)
