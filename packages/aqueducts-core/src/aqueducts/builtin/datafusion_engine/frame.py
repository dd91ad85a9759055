"""The one way out of the engine: a stage's result as a stream of plain batches, or as files."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote as encode

import msgspec
import pyarrow as pa
from datafusion import DataFrame, Expr, SessionContext, col, functions, lit

from aqueducts.builtin.datafusion_engine.execution import Executor
from aqueducts.builtin.datafusion_engine.plain_types import (
    parquet_keeps,
    parquet_type,
    plain_schema,
)
from aqueducts.connectors import EngineWriter
from aqueducts.errors import EngineError
from aqueducts.table_names import quote

__all__ = ["DataFusionFrame", "plain_batches"]

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
"""Folder name of a null, as Hive writes it."""


class DataFusionFrame:
    """A table of the session, ready to be run."""

    def __init__(
        self, context: SessionContext, executor: Executor, name: str, scratch: Path
    ) -> None:
        self._context = context
        self._executor = executor
        self._name = name
        self._scratch = scratch
        with executor.guarded():
            self._query = self._table()
            self._engine_schema = self._query.schema()
        self._schema = plain_schema(self._engine_schema)

    @property
    def schema(self) -> pa.Schema:
        """Columns with plain types, all nullable."""
        return self._schema

    def check(self) -> None:
        """Plan the query down to its operators; raises what only then shows."""
        with self._executor.guarded():
            self._query.execution_plan()

    def stream(self) -> pa.RecordBatchReader:
        """Run the query as a stream of plain batches."""
        with self._executor.guarded():
            query = self._table()
        batches = plain_batches(self._executor.stream(query), self._schema)
        return pa.RecordBatchReader.from_batches(self._schema, batches)

    def write_files(
        self,
        path: Path,
        writer: EngineWriter,
        *,
        is_single_file: bool,
        partition_columns: Sequence[str] = (),
    ) -> int:
        """Run the query into files by COPY; returns the rows that the writer took."""
        if is_single_file:
            return self._write_single(path, writer)
        target = self._reachable(path)
        path.mkdir(parents=True, exist_ok=True)
        renamed = _writable_names(partition_columns)
        query = self._plain_query(writer, partition_columns, renamed)
        named = [renamed[name] for name in partition_columns]
        rows = self._copy(query, f"{target}/", self._plain_writer(writer), named)
        _rename_folders(path, renamed)
        if rows == 0:
            self._write_empty(path, target, writer, partition_columns)
        return rows

    def _write_single(self, path: Path, writer: EngineWriter) -> int:
        # A name without ending would become a folder.
        named = path if path.suffix else path.with_name(f"{path.name}{writer.extension or '.part'}")
        query = self._plain_query(writer, ())
        try:
            rows = self._copy(query, self._reachable(named), self._plain_writer(writer), ())
            named.rename(path)
        except BaseException:
            if named != path:
                named.unlink(missing_ok=True)
            raise
        return rows

    def _write_empty(
        self, path: Path, target: str, writer: EngineWriter, partition_columns: Sequence[str]
    ) -> None:
        """One file without rows: the engine writes none, and the schema would be lost."""
        folders = [f"{_folder_key(name)}={NULL_PARTITION}" for name in partition_columns]
        path.joinpath(*folders).mkdir(parents=True, exist_ok=True)
        kept = [quote(name) for name in self._schema.names if name not in partition_columns]
        query = self._plain_query(writer, ()).select(*map(col, kept)).limit(0)
        name = "/".join([target, *folders, f"part-0{writer.extension}"])
        self._copy(query, name, self._plain_writer(writer), ())

    def _plain_query(
        self,
        writer: EngineWriter,
        partition_columns: Sequence[str],
        renamed: Mapping[str, str] | None = None,
    ) -> DataFrame:
        """The result with plain types, partition columns as text in which nulls are named.

        Casts are left out where they can be: the planner loses the keys of an ORDER BY that are
        cast after it.
        """
        renamed = renamed or {}
        with self._executor.guarded():
            query = self._table()
            must_cast = self._needs_casts(writer)
            if not must_cast and not partition_columns:
                return query
            columns = []
            for field, plain in zip(self._engine_schema, self._schema, strict=True):
                column = col(quote(field.name))
                if field.name in partition_columns:
                    column = _partition_text(column)
                elif must_cast and field.type != _written_type(plain.type, writer):
                    column = column.cast(_written_type(plain.type, writer))
                columns.append(column.alias(renamed.get(field.name, field.name)))
            return query.select(*columns)

    def _plain_writer(self, writer: EngineWriter) -> EngineWriter:
        """The writer, told not to note engine types in Parquet files where none must be noted."""
        if not _is_parquet(writer) or self._is_plain() or self._needs_casts(writer):
            return writer
        return msgspec.structs.replace(
            writer, options={"format.skip_arrow_metadata": "true", **writer.options}
        )

    def _needs_casts(self, writer: EngineWriter) -> bool:
        if not _is_parquet(writer):
            return False  # text has no types to keep plain
        return not all(parquet_keeps(field.type) for field in self._schema)

    def _is_plain(self) -> bool:
        return list(self._engine_schema.types) == list(self._schema.types)

    def _table(self) -> DataFrame:
        """The table as it was defined. `SELECT * FROM` it would lose an ORDER BY at its top."""
        return self._context.table(quote(self._name))

    def _copy(
        self,
        query: DataFrame,
        target: str,
        writer: EngineWriter,
        partition_columns: Sequence[str],
    ) -> int:
        view = f"__copy_{uuid.uuid4().hex}"
        with self._executor.guarded():
            self._context.register_view(view, query)
        try:
            with self._executor.guarded():
                copy = self._context.sql(_copy_statement(view, target, writer, partition_columns))
            counts = self._executor.run(copy)
        finally:
            self._context.deregister_table(view)
        return sum(
            int(batch.column(0)[row].as_py()) for batch in counts for row in range(len(batch))
        )

    def _reachable(self, path: Path) -> str:
        """The path as COPY takes it, through a link where it holds what the engine interprets."""
        text = str(path)
        if not set(text) & set("*?[]%#\n\r"):
            return text
        link = self._scratch / f"target-{uuid.uuid4().hex}"
        self._scratch.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path.parent, target_is_directory=True)
        name = str(link / path.name)
        if set(path.name) & set("*?[]%#\n\r"):
            raise EngineError(f"the engine cannot write to a path with {path.name!r} in it")
        return name


def _writable_names(partition_columns: Sequence[str]) -> dict[str, str]:
    """Names that COPY takes: it knows no quoted partition columns."""
    if all(_PLAIN_NAME.match(name) for name in partition_columns):
        return {name: name for name in partition_columns}
    return {name: f"__partition_{index}" for index, name in enumerate(partition_columns)}


def _rename_folders(path: Path, renamed: Mapping[str, str]) -> None:
    """Give the folders of partitions their columns' own names."""
    for name, temporary in renamed.items():
        if name == temporary:
            continue
        for folder in list(path.rglob(f"{temporary}=*")):
            value = folder.name.partition("=")[2]
            folder.rename(folder.with_name(f"{_folder_key(name)}={value}"))


def _folder_key(name: str) -> str:
    return encode(name, safe=" ")


def plain_batches(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Batches cast to `schema`, each checked: a batch of another width aborts a native reader."""
    for batch in batches:
        if batch.num_columns != len(schema):
            raise EngineError(
                f"the engine made a batch of {batch.num_columns} columns instead of {len(schema)}"
            )
        columns = [
            column if column.type == field.type else column.cast(field.type)
            for column, field in zip(batch.columns, schema, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _written_type(data_type: pa.DataType, writer: EngineWriter) -> pa.DataType:
    return parquet_type(data_type) if _is_parquet(writer) else data_type


def _is_parquet(writer: EngineWriter) -> bool:
    return writer.stored_as.upper() == "PARQUET"


def _partition_text(column: Expr) -> Expr:
    return functions.coalesce(column.cast(pa.string()), lit(NULL_PARTITION))


def _copy_statement(
    view: str, target: str, writer: EngineWriter, partition_columns: Sequence[str]
) -> str:
    parts = [f"COPY {view} TO {_literal(target)} STORED AS {writer.stored_as}"]
    if partition_columns:
        parts.append("PARTITIONED BY (" + ", ".join(partition_columns) + ")")
    if writer.options:
        parts.append("OPTIONS (" + _options(writer.options) + ")")
    return " ".join(parts)


def _options(options: Mapping[str, str]) -> str:
    return ", ".join(f"{_literal(key)} {_literal(value)}" for key, value in options.items())


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
