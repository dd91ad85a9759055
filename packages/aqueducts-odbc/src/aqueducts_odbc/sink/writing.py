"""The order of things: probe, fit, insert, commit; and on any error nothing has happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING

import msgspec

from aqueducts.arrow_types import type_name
from aqueducts.errors import DestinationError, RunError
from aqueducts.plan_facts import ColumnChange, TargetChange
from aqueducts_odbc.sink.commits import commit
from aqueducts_odbc.sink.custom_inserts import plain_insert
from aqueducts_odbc.sink.dialect import Dialect
from aqueducts_odbc.sink.fitting import Fit, fit, fit_in_order, natural_fit
from aqueducts_odbc.sink.session import SqlSession
from aqueducts_odbc.sink.table_names import parse_table_name
from aqueducts_odbc.sink.tables import TableColumn, TargetTable
from aqueducts_odbc.sink.write_modes import Custom, Replace, Upsert, WriteMode

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.connectors import Frame, RunContext

__all__ = ["Seen", "TableWrite", "WriteJob"]

_STAGING = "aqueducts_staging"
_SHOWN_KEYS = 5


class WriteJob(msgspec.Struct, frozen=True):
    """What a destination says of its write."""

    name: str
    """Of the table, as the user wrote it."""
    mode: WriteMode
    creates_table: bool
    dialect: Dialect
    binds_texts: bool
    """Whether statements of users get all values as texts."""
    open_session: Callable[[], AbstractContextManager[SqlSession]]
    """A new connection, ready to write; rolled back and closed at the end."""


class Seen(msgspec.Struct, frozen=True):
    """What was there when it was looked at."""

    table: TargetTable | None
    """None: it will be created."""
    insert_target: TargetTable | None
    """The table of a custom statement that is a plain insert."""


class TableWrite:
    """One destination's work. Keeps nothing of a write."""

    def __init__(self, job: WriteJob) -> None:
        self._job = job
        self._dialect = job.dialect
        self._name = parse_table_name(job.name)

    def look(self) -> Seen:
        """Look at the table, and at that of a plain insert. Raises DestinationError."""
        with self._job.open_session() as session:
            return Seen(self._found(session), self._insert_target(session))

    def check(self, schema: pa.Schema, seen: Seen) -> None:
        """Refuse a result that cannot be written."""
        if isinstance(self._job.mode, Custom):
            self._custom_fit(schema, seen.insert_target)
        elif seen.table is None:
            self._create_statement(schema)
        else:
            self._fit(schema, seen.table)

    def change(self, schema: pa.Schema, seen: Seen) -> TargetChange:
        """What a write would do."""
        table = seen.table
        if table is None:
            return TargetChange(action="create")
        mode = self._job.mode
        return TargetChange(
            action="replace" if isinstance(mode, Replace) else "add",
            detail=_detail(mode),
            columns=_differences(schema, table),
        )

    def run(self, frame: Frame, context: RunContext) -> int:
        """Write all rows in one transaction and return their number."""
        rows = _Rows(frame)
        with self._job.open_session() as session:
            table = self._found(session)
            is_new = table is None
            is_committed = False
            try:
                if table is None:
                    table = self._created(session, frame.schema)
                self._fill(session, table, rows)
                context.committing()
                commit(session, self._dialect, table.shown, self._job.open_session)
                is_committed = True
            finally:
                if not is_committed:
                    session.rollback()
                    if is_new and table is not None:
                        self._drop_new(session, table)
        return rows.count

    def _found(self, session: SqlSession) -> TargetTable | None:
        table = self._dialect.find_table(session, self._name)
        if table is None and not self._job.creates_table:
            raise DestinationError(
                f"there is no table {self._job.name!r} in {self._dialect.product}",
                hint="create it, look at how its name and schema are written, or set "
                "create_table: if_missing",
            )
        if table is not None and table.flaw is not None:
            raise DestinationError(
                f"table {table.shown} cannot be written all or nothing: {table.flaw}",
                hint=table.remedy,
            )
        return table

    def _fit(self, schema: pa.Schema, table: TargetTable) -> Fit:
        mode = self._job.mode
        return fit(schema, table, self._dialect, mode.keys if isinstance(mode, Upsert) else ())

    def _create_statement(self, schema: pa.Schema) -> str:
        mode, dialect = self._job.mode, self._dialect
        keys = mode.keys if isinstance(mode, Upsert) else []
        missing = [key for key in keys if key not in schema.names]
        if missing:
            raise DestinationError(f"the keys {', '.join(missing)} are not in the result")
        columns, bad = [], []
        for field in schema:
            ddl = dialect.ddl_type(field.type, is_key=field.name in keys)
            if ddl is None:
                bad.append(f"{field.name!r} ({type_name(field.type)})")
            else:
                columns.append((field.name, ddl))
        folded = [name.lower() for name in schema.names]
        doubled = [name for name in schema.names if folded.count(name.lower()) > 1]
        if doubled:
            raise DestinationError(
                f"these columns are one to {dialect.product}: {', '.join(doubled)}",
                hint="name them otherwise in the last stage",
            )
        if bad or not columns:
            raise DestinationError(
                f"{dialect.product} has no type for {', '.join(bad) or 'a table without columns'}",
                hint="cast them in the last stage, or create the table yourself",
            )
        return dialect.create_statement(self._new_name(), columns, keys)

    def _new_name(self) -> str:
        return self._dialect.sql_name(self._dialect.candidates(self._name)[0])

    def _created(self, session: SqlSession, schema: pa.Schema) -> TargetTable:
        session.execute(self._create_statement(schema))
        table = self._dialect.find_table(session, self._name)
        if table is None:
            raise DestinationError(f"table {self._job.name!r} is not there after its creation")
        return table

    def _drop_new(self, session: SqlSession, table: TargetTable) -> None:
        """Take back a table that a rollback has left, unless somebody has filled it meanwhile."""
        if self._dialect.has_transactional_ddl:
            return
        with suppress(RunError):
            query = f"SELECT {self._dialect.as_text('1')} FROM {table.sql}"  # noqa: S608 - quoted
            if not session.rows(self._dialect.first_rows(query, 1)):
                session.execute(f"DROP TABLE {table.sql}")

    def _fill(self, session: SqlSession, table: TargetTable, rows: _Rows) -> None:
        mode = self._job.mode
        if isinstance(mode, Custom):
            self._run_custom(session, mode, rows)
            return
        fitted = self._fit(rows.schema, table)
        if isinstance(mode, Upsert):
            self._upsert(session, table, fitted, mode, rows)
            return
        if isinstance(mode, Replace):
            session.execute(f"DELETE FROM {table.sql}")  # noqa: S608 - quoted
        self._insert(session, table, fitted, rows)

    def _stage(self, session: SqlSession, table: TargetTable, fitted: Fit, rows: _Rows) -> str:
        staging = self._dialect.staging(table, fitted.table_columns, _STAGING)
        session.execute(staging.create)
        session.insert(staging.target, fitted.columns, rows.converted(fitted))
        return staging.target.sql

    def _upsert(
        self, session: SqlSession, table: TargetTable, fitted: Fit, mode: Upsert, rows: _Rows
    ) -> None:
        columns = fitted.table_columns
        wanted = {key.lower() for key in mode.keys}
        keys = [column for column in columns if column.name.lower() in wanted]
        staging = self._stage(session, table, fitted, rows)
        self._refuse_doubles(session, staging, keys)
        for statement in self._dialect.upsert_statements(
            table, staging, columns, [key.name for key in keys]
        ):
            session.execute(statement)

    def _refuse_doubles(
        self, session: SqlSession, staging: str, keys: Sequence[TableColumn]
    ) -> None:
        """By the database's own idea of what is equal."""
        dialect = self._dialect
        quoted = ", ".join(dialect.quoted(key.name) for key in keys)
        shown = [dialect.as_text(dialect.quoted(key.name)) for key in keys]
        query = (
            f"SELECT {', '.join(shown)}, {dialect.as_text('count(*)')} FROM {staging} "  # noqa: S608
            f"GROUP BY {quoted} HAVING count(*) > 1"
        )
        found = session.rows(dialect.first_rows(query, _SHOWN_KEYS + 1))
        if not found:
            return
        names = [key.name for key in keys]
        listed = "; ".join(_doubled(names, row) for row in sorted(found[:_SHOWN_KEYS], key=repr))
        more = " and more" if len(found) > _SHOWN_KEYS else ""
        raise DestinationError(
            f"several rows of the result have the same keys: {listed}{more}",
            hint="keep one row per key in the last stage, such as with DISTINCT ON, or with "
            f"row_number() OVER (PARTITION BY {names[0]} ORDER BY ...)",
        )

    def _insert_target(self, session: SqlSession) -> TargetTable | None:
        """The table of a custom statement that is a plain insert."""
        mode = self._job.mode
        insert = plain_insert(mode.transaction.insert) if isinstance(mode, Custom) else None
        return None if insert is None else self._dialect.find_table(session, insert.table)

    def _custom_fit(self, schema: pa.Schema, table: TargetTable | None) -> Fit:
        """How rows fit a custom statement: by the columns of its table where it is plain."""
        mode = self._job.mode
        insert = plain_insert(mode.transaction.insert) if isinstance(mode, Custom) else None
        if insert is None or table is None:
            return natural_fit(schema, self._dialect, is_text=self._job.binds_texts)
        columns = _named(insert.columns, table) if insert.columns else table.columns
        if insert.markers != len(columns):
            raise DestinationError(
                f"the statement inserts into {len(columns)} columns of table {table.shown}, and "
                f"has {insert.markers} markers",
                hint="write one marker for each column",
            )
        return fit_in_order(schema, columns, f"table {table.shown}", self._dialect)

    def _run_custom(self, session: SqlSession, mode: Custom, rows: _Rows) -> None:
        statements = mode.transaction
        if statements.pre_insert is not None:
            session.execute(statements.pre_insert)
        table = self._insert_target(session)
        fitted = self._custom_fit(rows.schema, table)
        if table is None:
            session.execute_for_each_row(statements.insert, fitted.columns, rows.converted(fitted))
        else:
            self._insert(session, table, fitted, rows)

    def _insert(self, session: SqlSession, table: TargetTable, fitted: Fit, rows: _Rows) -> None:
        if any(self._dialect.needs_staging(column) for column in fitted.table_columns):
            staging = self._stage(session, table, fitted, rows)
            session.execute(self._dialect.move_statement(table, staging, fitted.table_columns))
        else:
            session.insert(table.insert_target, fitted.columns, rows.converted(fitted))


class _Rows:
    """The rows of a frame on their way, counted."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self.schema = frame.schema
        self.count = 0

    def converted(self, fitted: Fit) -> Iterator[pa.RecordBatch]:
        """Batches as the driver takes them."""
        with self._frame.stream() as source:
            for batch in source:
                self.count += batch.num_rows
                yield fitted.convert(batch)
                del batch


def _named(names: Sequence[str], table: TargetTable) -> list[TableColumn]:
    found = []
    for name in names:
        alike = [column for column in table.columns if column.name.lower() == name.lower()]
        exact = [column for column in alike if column.name == name]
        if not alike:
            raise DestinationError(
                f"table {table.shown} has no column {name!r}",
                hint=f"it has {', '.join(table.names()[:20])}",
            )
        found.append((exact or alike)[0])
    return found


def _doubled(names: Sequence[str], row: Sequence[str | None]) -> str:
    values = ", ".join(f"{name}={value}" for name, value in zip(names, row, strict=False))
    return f"{values} ({row[-1]} rows)"


def _detail(mode: WriteMode) -> str | None:
    if isinstance(mode, Upsert):
        return f"rows of the same {', '.join(mode.keys)} are updated, others added"
    if isinstance(mode, Custom):
        before = (
            "a statement of your own runs first, then one"
            if mode.transaction.pre_insert
            else "one of your own runs"
        )
        return f"{before} for each row"
    return None


def _differences(schema: pa.Schema, table: TargetTable) -> tuple[ColumnChange, ...]:
    there = {name.lower() for name in table.names()}
    given = {name.lower() for name in schema.names}
    added = [
        ColumnChange(name=field.name, change="added", after=type_name(field.type))
        for field in schema
        if field.name.lower() not in there
    ]
    removed = [
        ColumnChange(name=column.name, change="removed", before=column.declared)
        for column in table.columns
        if column.name.lower() not in given
    ]
    return (*added, *removed)
