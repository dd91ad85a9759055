"""Checks of a file format."""

from __future__ import annotations

import re
import shutil
import tracemalloc
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, TypeAdapter

from aqueducts.connectors import EngineWriter, FileFormat, StreamWriter
from aqueducts.errors import (
    AqueductsError,
    DestinationError,
    EngineError,
    SourceError,
    StorageError,
)
from aqueducts.relations import ArrowStream, DataFile, FileScan
from aqueducts.testing.bench import Bench, Footprint
from aqueducts.testing.configs import check_model, check_tag
from aqueducts.testing.frames import ScriptedFrame
from aqueducts.testing.streams import check_stream
from aqueducts.testing.suite import Suite, expect_error, explained, fail, needs, optional, require
from aqueducts.testing.tables import (
    ALL_TYPES,
    AWKWARD_NAMES,
    AWKWARD_TEXTS,
    difference,
    many_batches,
    small_table,
    table_of_types,
)

__all__ = ["FileFormatSuite"]

_EXTENSION = re.compile(r"(\.[a-z0-9_]+)+\Z")
_KINDS: tuple[type[AqueductsError], ...] = (SourceError, StorageError, EngineError)


class FileFormatSuite(Suite, ABC):
    """Checks of a file format. Override `file_format`; if it is read only, also `sample_file`."""

    is_writable: bool = True
    """Whether files are written; `write_options` of the class is None otherwise."""
    supports_partitions: bool = True
    """Whether columns may come from names of folders."""
    preserves_types: Collection[str] = ALL_TYPES
    """Names of the types that are read as they were written, of those in `ALL_TYPES`."""
    awkward_texts: Sequence[str | None] = AWKWARD_TEXTS
    """Texts that have to survive."""
    preserves_nulls: bool = True
    """Whether a null is read as a null."""

    names_broken_files: bool = True
    """Whether errors about what is in a file name the file."""

    @abstractmethod
    def file_format(self) -> type[FileFormat]:
        """The class under test."""

    def read_options(self, schema: pa.Schema) -> Mapping[str, Any]:  # noqa: ARG002 - for overrides
        """Options in a pipeline file to read a file that was written with this schema."""
        return {}

    def write_options(self, schema: pa.Schema) -> Mapping[str, Any]:  # noqa: ARG002 - for overrides
        """Options in a pipeline file to write this schema."""
        return {}

    @optional
    def sample_file(self, folder: Path) -> tuple[Path, pa.Table]:  # noqa: ARG002 - for overrides
        """A file that was made by something else, and what is in it."""
        fail("the suite has no file to read", "override sample_file: the format is read only")

    @optional
    def broken_file(self, folder: Path) -> tuple[Path, pa.Schema]:
        """A file that is not of this format, and the schema that `read_options` get."""
        raise NotImplementedError

    @optional
    def refused_table(self) -> tuple[pa.Schema, Collection[str]]:
        """A schema that cannot be written, and the columns that the error has to name."""
        raise NotImplementedError

    def test_type_is_a_tag(self) -> None:
        """The format has a tag in snake_case, by which the plugin offers it."""
        check_tag(self.file_format(), self.installed_plugins().file_formats)

    def test_extensions_are_endings(self) -> None:
        """File name endings begin with a dot and are in lower case; files written have one."""
        kind = self.file_format()
        extensions = getattr(kind, "extensions", ())
        require(
            isinstance(extensions, tuple) and extensions and all(map(_EXTENSION.match, extensions)),
            f"{kind.__name__}.extensions is {extensions!r}",
            'give endings without compression: extensions = (".mine",)',
        )
        if self.is_writable:
            schema = self._table(0).schema
            ending = self._writer(schema, "").extension
            require(
                ending.startswith(extensions),
                f"files in folders are written as *{ending}, the endings are {extensions}",
                "give the writer an extension that reading finds again",
            )

    def test_options_describe_themselves(self) -> None:
        """The option models are frozen, their fields are described."""
        kind = self.file_format()
        check_model(kind.read_options, tag=None, needs_name=False)
        if kind.write_options is not None:
            check_model(kind.write_options, tag=None, needs_name=False)

    def test_says_whether_it_writes(self) -> None:
        """A read-only format has no write options, one that writes has."""
        kind = self.file_format()
        require(
            (kind.write_options is not None) == self.is_writable,
            f"write_options is {kind.write_options}, the suite says is_writable={self.is_writable}",
            "a format that writes names its model of options; PipelineModel where there are none",
        )

    @needs("sample_file")
    def test_reads_files_of_others(self, tmp_path: Path) -> None:
        """A file that something else has made is read as it is."""
        with self.open_bench(tmp_path) as bench:
            path, expected = self.sample_file(bench.folder)
            with explained("the sample cannot be read", "see the error below"):
                found = self._read(bench, [path], expected.schema)
            problem = difference(expected, found)
            require(problem is None, f"the sample: {problem}", "compare scan with the sample")

    @needs("broken_file")
    def test_broken_files_are_errors_of_ours(self, tmp_path: Path) -> None:
        """What is not of this format is an error that names the file, never a wrong table."""
        with self.open_bench(tmp_path) as bench:
            path, schema = self.broken_file(bench.folder)
            remedy = "catch what parsing raises and raise SourceError that names file and line"
            with expect_error(_KINDS, "for a broken file", remedy) as caught:
                self._read(bench, [path], schema)
            require(
                path.name in str(caught[0]) or not self.names_broken_files,
                f"the error does not name the file: {caught[0].message}",
                "begin the message with the file's path",
            )

    @needs("is_writable")
    def test_reads_what_it_wrote(self, tmp_path: Path) -> None:
        """Rows are the same after they were written and read, and as many as are told."""
        table = self._table(7)
        with self.open_bench(tmp_path) as bench:
            path, rows = self._write(bench, table)
            require(rows == 7, f"the writer tells {rows} rows of 7", "return the rows written")
            with explained("what was written cannot be read", "see the error below"):
                found = self._read(bench, [path], table.schema)
            problem = difference(table, found, is_ordered=True)
            require(problem is None, f"{problem}", "read exactly what writer writes")

    @needs("is_writable")
    def test_counts_rows_in_the_file(self, tmp_path: Path) -> None:
        """`count_rows` reads the file itself: it is the proof that all rows are there."""
        with self.open_bench(tmp_path) as bench:
            for rows in (0, 1, 5):
                table = self._table(rows)
                path, _ = self._write(bench, table, f"counted-{rows}")
                counted = self.file_format()().count_rows(path, self._write_model(table.schema))
                require(
                    counted == rows,
                    f"count_rows gives {counted} for a file of {rows} rows",
                    "count what can be read back from the file",
                )

    @needs("is_writable")
    def test_empty_tables_are_files(self, tmp_path: Path) -> None:
        """A table without rows can be written and read, with its columns."""
        table = self._table(0)
        with self.open_bench(tmp_path) as bench:
            path, _ = self._write(bench, table)
            with explained("an empty table cannot be read back", "write its columns all the same"):
                found = self._read(bench, [path], table.schema)
            problem = difference(table, found, has_types=False)
            require(problem is None, f"{problem}", "keep the columns of a table without rows")

    def test_many_files_are_one_table(self, tmp_path: Path) -> None:
        """Files are read together, as often as they are asked for."""
        with self.open_bench(tmp_path) as bench:
            path, table = self._file(bench)
            paths = [path, Path(shutil.copy(path, path.with_name(f"again-{path.name}")))]
            expected = pa.concat_tables([table, table])
            for _ in range(2):
                problem = difference(expected, self._read(bench, paths, table.schema))
                require(
                    problem is None,
                    f"two files: {problem}",
                    "give one partition per file: ArrowStream(…, partitions=len(files), "
                    "is_rereadable=True)",
                )
            relation = self._scan(paths, table.schema)
            if isinstance(relation, ArrowStream):
                check_stream(relation)
                require(
                    relation.is_rereadable,
                    "the stream over files is not rereadable",
                    "files can be read again: ArrowStream(…, is_rereadable=True)",
                )

    @needs("supports_partitions")
    def test_partition_columns_are_read(self, tmp_path: Path) -> None:
        """Columns whose values are in names of folders are columns of the table."""
        partitions = pa.schema([("kit_day", pa.string()), ("kit_number", pa.int32())])
        with self.open_bench(tmp_path) as bench:
            path, table = self._file(bench)
            files = [
                DataFile(str(path), path.stat().st_size, values)
                for values in (("mon", "1"), (None, "2"))
            ]
            remedy = (
                "add the columns of `partitions`, with each file's partition_values cast to them"
            )
            with explained("files with partition values cannot be read", remedy):
                options = self._read_model(table.schema)
                found = bench.read(self.file_format()().scan(files, options, partitions))
            rows = table.num_rows
            expected = pa.concat_tables(
                table.append_column("kit_day", pa.array([day] * rows, pa.string())).append_column(
                    "kit_number", pa.array([number] * rows, pa.int32())
                )
                for day, number in (("mon", 1), (None, 2))
            )
            problem = difference(expected, found)
            require(problem is None, f"with partition columns: {problem}", remedy)

    def test_reading_leaves_nothing_open(self, tmp_path: Path) -> None:
        """A reader that is closed early lets go of its file."""
        with self.open_bench(tmp_path) as bench:
            path, table = self._file(bench, rows=5000)
            relation = self._scan([path], table.schema)
            footprint = Footprint(bench.temporary)
            if isinstance(relation, ArrowStream):
                batches = iter(relation.open(0, None, None))
                next(batches, None)
                if hasattr(batches, "close"):
                    batches.close()
                del batches
            left = footprint.left_over()
            require(
                not left,
                f"after the reader is closed there is still: {', '.join(left)}",
                "open the file in the generator, in a `with`",
            )

    @needs("is_writable")
    def test_memory_is_bounded(self, tmp_path: Path) -> None:
        """A writer takes batches as they come and keeps none."""
        rows, batches = 500, 60
        make = many_batches(self.preserves_types, batches=batches, rows=rows)
        schema = next(make()).schema
        with self.open_bench(tmp_path) as bench:
            frame = ScriptedFrame(bench, schema, make)
            tracemalloc.start()
            try:
                written = self._write_frame(bench, frame, "large")[1]
            finally:
                tracemalloc.stop()
            require(written == rows * batches, f"it tells {written} rows", "write them all")
            (early_given, early_held), (given, held) = frame.held_bytes[9], frame.held_bytes[-1]
            require(
                held - early_held < (given - early_given) / 2,
                f"while {given - early_given:,} bytes are written, memory grows by "
                f"{held - early_held:,} bytes",
                "write batch by batch and keep none: no read_all, no list",
            )

    @needs("refused_table")
    def test_schemas_are_refused(self) -> None:
        """`check_schema` raises DestinationError that names the columns."""
        schema, names = self.refused_table()
        remedy = "look at each column's type in check_schema"
        options = self._write_model(schema)
        with expect_error((DestinationError,), f"for the columns {schema.names}", remedy) as caught:
            self.file_format()().check_schema(schema, options)
        silent = [name for name in names if name not in str(caught[0])]
        require(
            not silent,
            f"the error does not name {', '.join(silent)}: {caught[0].message}",
            "name every column that cannot be written",
        )

    @needs("is_writable", "preserves_types")
    def test_types_survive(self, tmp_path: Path) -> None:
        """Columns of all types in `preserves_types` are read as they were written."""
        changed = {}
        for kind in sorted(self.preserves_types):
            problem = self._comes_back(
                tmp_path / kind, table_of_types({kind}, has_nulls=self.preserves_nulls)
            )
            if problem is not None:
                changed[kind] = problem
        require(
            not changed,
            "; ".join(f"{kind}: {problem}" for kind, problem in changed.items()),
            "mend these, or refuse them and say: preserves_types = ALL_TYPES - "
            f"{sorted(changed)!r}",
        )

    @needs("is_writable")
    def test_other_types_are_refused_or_written(self, tmp_path: Path) -> None:
        """A type that does not survive is refused by `check_schema`, or its rows are written."""
        for kind in sorted(ALL_TYPES - set(self.preserves_types)):
            table = table_of_types({kind}).rename_columns([f"the_{kind}"])
            with self.open_bench(tmp_path / kind) as bench:
                model = self._write_model(table.schema)
                try:
                    self.file_format()().check_schema(table.schema, model)
                except DestinationError as error:
                    require(
                        f"the_{kind}" in str(error),
                        f"the error for a column the_{kind} does not name it: {error.message}",
                        "name every column that cannot be written",
                    )
                    continue
                remedy = "refuse in check_schema what cannot be written: no data has moved then"
                with explained(f"check_schema takes type {kind}, and writing fails", remedy):
                    path, _ = self._write(bench, table)
                counted = self.file_format()().count_rows(path, model)
                require(
                    counted == table.num_rows,
                    f"rows with a column of type {kind} are lost without a word",
                    "write them, or refuse the type in check_schema",
                )

    @needs("is_writable")
    def test_awkward_names_survive(self, tmp_path: Path) -> None:
        """Columns whose names hold quotes, blanks, capitals and words of SQL."""
        table = pa.table(dict.fromkeys(AWKWARD_NAMES, self._table(2).column(0)))
        problem = self._comes_back(tmp_path, table)
        require(
            problem is None, f"{problem}", "escape names as the format wants them, or refuse them"
        )

    @needs("is_writable")
    def test_awkward_texts_survive(self, tmp_path: Path) -> None:
        """Texts in other alphabets, with quotes and with words that look like values; nulls."""
        texts = [each for each in self.awkward_texts if each is not None or self.preserves_nulls]
        table = self._table(len(texts)).set_column(1, "label", pa.array(texts, pa.string()))
        problem = self._comes_back(tmp_path, table)
        require(
            problem is None, f"{problem}", "write UTF-8, and escape what the format gives a meaning"
        )

    @needs("is_writable")
    def test_works_in_a_run(self, tmp_path: Path) -> None:
        """A run writes a file of this format, and another reads it from its folder."""
        table = self._table(2)
        first, second = table.column(0).to_pylist()
        values = f"({first!r}, 'row 0'), ({second!r}, 'row 1')"
        tag, ending = self.file_format().type, self.file_format().extensions[0]
        with self.open_bench(tmp_path) as bench:
            target = bench.folder / "run" / f"out{ending}"
            write = {"type": tag, "options": dict(self.write_options(table.schema))}
            pipeline = bench.pipeline(
                query=f"SELECT column1 AS id, column2 AS label FROM (VALUES {values})",  # noqa: S608 - ours
                destination={"type": "file", "location": str(target), "format": write},
            )
            with explained("a run that writes this format fails", "see the error below"):
                result = bench.run(pipeline)
            require(result.rows == 2, f"the run tells {result.rows} rows of 2", "see count_rows")

    def test_is_read_in_a_run(self, tmp_path: Path) -> None:
        """A run reads a folder of files by their endings, and passes over what is no file of it."""
        target = tmp_path / "n.csv"
        with self.open_bench(tmp_path) as bench:
            path, table = self._file(bench)
            path.with_name("readme.other").write_text("something else")
            options = dict(self.read_options(table.schema))
            read = {"type": self.file_format().type, "options": options}
            pipeline = bench.pipeline(
                sources=[
                    {
                        "type": "directory",
                        "name": "t",
                        "location": str(path.parent),
                        "format": read,
                    }
                ],
                query="SELECT count(*) AS n FROM t",
                destination={"type": "file", "location": str(target), "format": {"type": "csv"}},
            )
            with explained("a run that reads this format fails", "see the error below"):
                bench.run(pipeline)
            counted = target.read_text().split()[1]
            require(
                counted == str(table.num_rows),
                f"a run reads {counted} rows of {table.num_rows}",
                "see scan and extensions",
            )

    def open_bench(self, folder: Path) -> Bench:
        """What a check works with; for checks of your own as well."""
        return Bench(folder, self.installed_plugins())

    def _file(self, bench: Bench, rows: int = 4) -> tuple[Path, pa.Table]:
        """A file of the format, and what is in it."""
        if not self.is_writable:
            return self.sample_file(bench.folder)
        table = self._table(rows)
        return self._write(bench, table)[0], table

    def _table(self, rows: int, start: int = 0) -> pa.Table:
        return small_table(self.preserves_types, rows=rows, start=start)

    def _read_model(self, schema: pa.Schema) -> BaseModel:
        return _options(self.file_format().read_options, self.read_options(schema), "read_options")

    def _write_model(self, schema: pa.Schema) -> BaseModel:
        model = self.file_format().write_options
        return _options(model or BaseModel, self.write_options(schema), "write_options")

    def _writer(self, schema: pa.Schema, file_name: str) -> EngineWriter | StreamWriter:
        writer = self.file_format()().writer(schema, self._write_model(schema), file_name)
        require(
            isinstance(writer, EngineWriter | StreamWriter),
            f"writer gives {type(writer).__name__}",
            "return an EngineWriter or a StreamWriter of aqueducts.connectors",
        )
        return writer

    def _write(self, bench: Bench, table: pa.Table, name: str = "file") -> tuple[Path, int]:
        with explained("writing a small table fails", "see the error below"):
            return self._write_frame(bench, ScriptedFrame.of(bench, table), name)

    def _write_frame(self, bench: Bench, frame: ScriptedFrame, name: str) -> tuple[Path, int]:
        path = bench.folder / f"{name}{self.file_format().extensions[0]}"
        writer = self._writer(frame.schema, path.name)
        if isinstance(writer, EngineWriter):
            return path, frame.write_files(path, writer, is_single_file=True)
        with frame.stream() as reader:
            return path, writer.write(reader, path)

    def _scan(self, paths: list[Path], schema: pa.Schema) -> FileScan | ArrowStream:
        files = [DataFile(str(path), path.stat().st_size) for path in paths]
        relation = self.file_format()().scan(files, self._read_model(schema), None)
        require(
            isinstance(relation, FileScan | ArrowStream),
            f"scan gives {type(relation).__name__}",
            "return a FileScan or an ArrowStream of aqueducts.relations",
        )
        assert isinstance(relation, FileScan | ArrowStream)  # noqa: S101 - required above
        return relation

    def _read(self, bench: Bench, paths: list[Path], schema: pa.Schema) -> pa.Table:
        return bench.read(self._scan(paths, schema))

    def _comes_back(self, folder: Path, table: pa.Table) -> str | None:
        with self.open_bench(folder) as bench:
            try:
                model = self._write_model(table.schema)
                self.file_format()().check_schema(table.schema, model)
                path, _ = self._write_frame(bench, ScriptedFrame.of(bench, table), "file")
                found = self._read(bench, [path], table.schema)
            # A stranger's format may raise anything; the check lists it.
            except Exception as error:  # noqa: BLE001
                return f"{type(error).__name__}: {error}"
            return difference(table, found, is_ordered=True)


def _options(model: type[BaseModel], options: Mapping[str, Any], where: str) -> BaseModel:
    with explained(f"{where} of the suite is not valid", "return options as in a pipeline file"):
        checked: BaseModel = TypeAdapter(model).validate_python(dict(options))
    return checked
