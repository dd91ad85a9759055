"""Checks of a kind of destination."""

from __future__ import annotations

import tracemalloc
from abc import ABC
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from aqueducts.connectors import Destination, WriteReport
from aqueducts.errors import (
    AqueductsError,
    DestinationError,
    EngineError,
    OutOfMemoryError,
    SecretError,
    StorageError,
)
from aqueducts.plan_facts import TargetChange
from aqueducts.testing.bench import SECRET_REFERENCE, Bench, Footprint
from aqueducts.testing.configs import (
    check_is_frozen,
    check_model,
    check_tag,
    check_unknown_key,
    require_no_secret,
)
from aqueducts.testing.destination_values import DestinationValues
from aqueducts.testing.frames import ScriptedFrame
from aqueducts.testing.killed_writes import kill_while_writing
from aqueducts.testing.suite import expect_error, explained, fail, needs, require
from aqueducts.testing.tables import difference, many_batches

__all__ = ["DestinationSuite"]

_STAGE = (
    "write beside the target (context.store(…).stage(…), a transaction) and commit last; undo it "
    "in `finally`, and let the error through"
)
_KINDS: tuple[type[AqueductsError], ...] = (DestinationError, StorageError, SecretError)


class _Stopped(BaseException):
    """What a thread is ended by when its run is stopped; no `except Exception` sees it."""


class DestinationSuite(DestinationValues, ABC):
    """Checks of a destination. Override `config` and `read_back`.

    The more is overridden, the more is checked.
    """

    def test_type_is_a_tag(self, tmp_path: Path) -> None:
        """The destination has a tag in snake_case, by which the plugin offers it."""
        with self.open_bench(tmp_path) as bench:
            check_tag(type(self._destination(bench)), bench.plugins.destinations)

    def test_model_describes_itself(self, tmp_path: Path) -> None:
        """The config model is frozen, its fields are described, its JSON Schema can be made."""
        with self.open_bench(tmp_path) as bench:
            destination = self._destination(bench)
            check_model(destination.config_model, tag=destination.type, needs_name=True)
            check_is_frozen(destination.config)

    def test_unknown_keys_are_told(self, tmp_path: Path) -> None:
        """A misspelt key in a pipeline file is a problem that names it."""
        with self.open_bench(tmp_path) as bench:
            data = {"name": "out"} | dict(self.config(bench.folder))
            check_unknown_key(data, "destination", bench.plugins)

    def test_reports_the_rows_it_wrote(self, tmp_path: Path) -> None:
        """The report tells as many rows as there are, and all of them are there."""
        table = self._table(5)
        with self.open_bench(tmp_path) as bench:
            report = self._write(bench, table)
            require(
                isinstance(report, WriteReport),
                f"write returns {type(report).__name__}",
                "return WriteReport(rows=…)",
            )
            require(
                report.rows == table.num_rows,
                f"the report tells {report.rows} rows of {table.num_rows}",
                "count the rows that are committed; without a count of the target's own, add up "
                "batch.num_rows",
            )
            self._compare(bench, table, "what was written")

    def test_looking_changes_nothing(self, tmp_path: Path) -> None:
        """`prepare`, `check` and `describe_write` leave the target as it is, there or not."""
        table = self._table(3)
        with self.open_bench(tmp_path) as bench:
            for _ in range(2):
                before = self._state(bench.folder)
                destination = self._destination(bench)
                with explained("prepare, check or describe_write fails", "see the error below"):
                    destination.prepare(bench.context)
                    destination.check(table.schema, bench.context)
                    destination.describe_write(table.schema, bench.context)
                require(
                    self._state(bench.folder) == before,
                    "prepare, check or describe_write changes the target",
                    "only look there: everything is made and changed in write",
                )
                self._write(bench, table)

    def test_says_what_a_write_would_do(self, tmp_path: Path) -> None:
        """`describe_write` tells of what is there, or None; new columns are among what it tells."""
        table = self._table(3)
        wider = table.append_column("kit_extra", table.column("label"))
        with self.open_bench(tmp_path) as bench:
            self._write(bench, table)
            change = self._destination(bench).describe_write(wider.schema, bench.context)
            if change is None:
                return
            require(
                isinstance(change, TargetChange),
                f"describe_write gives {type(change).__name__}",
                "return a TargetChange of aqueducts.plan_facts, or None",
            )
            actions = ("add", "update") if self.appends else ("replace",)
            require(
                change.action in actions,
                f"where rows are, a write would {change.action}, it is said",
                f"say what write does: {' or '.join(actions)}",
            )
            told = {each.name: each.change for each in change.columns or ()}
            require(
                change.columns is None or told == {"kit_extra": "added"},
                f"of a result with one column more it is said: {told}",
                "compare the columns that are there with those of the schema, or leave them out",
            )

    def test_second_write_takes_effect(self, tmp_path: Path) -> None:
        """What was there is replaced, or added to where the destination appends."""
        first, second = self._table(5), self._table(3, start=100)
        with self.open_bench(tmp_path) as bench:
            self._write(bench, first)
            before = self._state(bench.folder)
            self._write(bench, second)
            require(
                self._state(bench.folder) != before,
                "the second write changes nothing",
                "commit what is written",
            )
            expected = pa.concat_tables([first, second]) if self.appends else second
            self._compare(bench, expected, "after a second write")

    def test_failed_query_leaves_what_was_there(self, tmp_path: Path) -> None:
        """Where the query fails midway, nothing is written, and the query's own error is raised."""
        self._check_failure(tmp_path, EngineError("the query failed"))

    def test_first_write_that_fails_leaves_nothing(self, tmp_path: Path) -> None:
        """Where no target was, there is none after a failure, and nothing beside it."""
        with self.open_bench(tmp_path) as bench:
            self.config(bench.folder)  # may make what has to be there
            before, files = self._state(bench.folder), bench.files
            self._fail_midway(bench, EngineError("the query failed"))
            require(
                self._state(bench.folder) == before,
                "after a first write that failed, something is at the target",
                _STAGE,
            )
            self._check_files(bench, files)

    def test_ended_thread_leaves_what_was_there(self, tmp_path: Path) -> None:
        """A run that is stopped ends its threads by what no `except Exception` catches."""
        self._check_failure(tmp_path, _Stopped())

    def test_can_write_again_after_memory_ran_out(self, tmp_path: Path) -> None:
        """After OutOfMemoryError the same object writes again, with another plan of the engine."""
        table = self._table(8)
        with self.open_bench(tmp_path) as bench:
            destination = self._destination(bench)
            error = OutOfMemoryError("out of memory", operator="HashJoinInput")
            self._fail_midway(bench, error, destination)
            with explained("the second call of write fails", "begin anew in each call of write"):
                report = destination.write(ScriptedFrame.of(bench, table), bench.context)
            require(
                report.rows == table.num_rows,
                f"the second call of write tells {report.rows} rows of {table.num_rows}",
                "count anew in each call: keep nothing of a write in self",
            )
            self._compare(bench, table, "after the second call of write")

    @needs("supports_commit_ban")
    def test_nothing_is_committed_once_the_run_is_stopped(self, tmp_path: Path) -> None:
        """A run that is stopped while the last rows come finds the target as it was."""
        old, new = self._table(5), self._table(8, start=100)
        with self.open_bench(tmp_path) as bench:
            self._write(bench, old)
            before = self._state(bench.folder)

            def stop(number: int) -> None:
                if number == 4:
                    bench.context.forbid_commits()

            destination = self._destination(bench)
            with suppress(Exception):  # it may be told in any way that nothing was written
                destination.write(ScriptedFrame.of(bench, new, stop), bench.context)
            bench.context.abort_staged()
            require(
                self._state(bench.folder) == before,
                "the target is changed after the run was stopped",
                "tell the run of every write with context.staged(…) before it can be committed, "
                "as stores do in stage(); commit() fails once forbid_commit() was called",
            )

    def test_may_begin_again_as_it_says(self, tmp_path: Path) -> None:
        """What `restarts` says of a second attempt holds: nothing is written twice."""
        table = self._table(5)
        with self.open_bench(tmp_path) as bench:
            destination = self._destination(bench)
            before = self._state(bench.folder)
            at_commit: list[object] = []
            bench.context.on_commit = lambda: at_commit.append(self._state(bench.folder))
            destination.write(ScriptedFrame.of(bench, table), bench.context)
            if destination.restarts == "before_commit":
                require(
                    at_commit == [before],
                    "write tells of its commit never, more than once, or too late",
                    "call context.committing() once in write, right before the commit",
                )
            if destination.restarts != "any_time":
                return
            after, run_id = self._state(bench.folder), bench.context.run_id
            again = self._destination(bench)
            bench.context.run_id = run_id
            again.write(ScriptedFrame.of(bench, table), bench.context)
            require(
                self._state(bench.folder) == after,
                "a second attempt at the same run changes what the first one has committed",
                "look the run up by context.run_id before it is written, or say restarts = "
                '"before_commit" and call context.committing() before the commit',
            )

    @needs("bounds_memory")
    def test_memory_is_bounded(self, tmp_path: Path) -> None:
        """Batches are let go as they are written; a large result does not fill the memory."""
        rows, batches = 500, 60
        make = many_batches(self.preserves_types, batches=batches, rows=rows)
        schema = next(make()).schema
        with self.open_bench(tmp_path) as bench:
            frame = ScriptedFrame(bench, schema, make)
            destination = self._destination(bench)
            tracemalloc.start()
            try:
                with explained("writing many batches fails", "see the error below"):
                    report = destination.write(frame, bench.context)
            finally:
                tracemalloc.stop()
            require(report.rows == rows * batches, f"it wrote {report.rows} rows", "write them all")
            (early_given, early_held), (given, held) = frame.held_bytes[9], frame.held_bytes[-1]
            require(
                held - early_held < (given - early_given) / 2,
                f"while {given - early_given:,} bytes are written, memory grows by "
                f"{held - early_held:,} bytes",
                "go through frame.stream() batch by batch and keep none: no read_all, no list. "
                "What a server in this process keeps in memory counts as well",
            )

    def test_results_may_be_empty(self, tmp_path: Path) -> None:
        """A result without rows is written, with its columns."""
        table = self._table(0)
        with self.open_bench(tmp_path) as bench:
            if not self.appends:
                self._write(bench, self._table(3))
            report = self._write(bench, table)
            require(report.rows == 0, f"the report tells {report.rows} rows", "there are none")
            if self.keeps_rows:
                found = self.read_back(bench.folder)
                rows = None if found is None else found.num_rows
                require(
                    rows == 0, f"after an empty result there are {rows} rows", "replace all rows"
                )
            if self.keeps_rows and self.keeps_columns_of_empty:
                self._compare(bench, table, "after an empty result", has_types=False)

    @needs("refused_table")
    def test_schemas_are_refused_before_data_moves(self, tmp_path: Path) -> None:
        """`check` raises DestinationError that names the columns; no row is asked for."""
        schema, names = self.refused_table()
        with self.open_bench(tmp_path) as bench:
            destination = self._destination(bench)
            remedy = "look at each column's type in check, and raise DestinationError"
            with expect_error(
                (DestinationError,), f"for the columns {schema.names}", remedy
            ) as caught:
                destination.check(schema, bench.context)
            silent = [name for name in names if name not in str(caught[0])]
            require(
                not silent,
                f"the error does not name {', '.join(silent)}: {caught[0].message}",
                "name every column that cannot be written",
            )

    @needs("missing_config")
    def test_errors_say_what_is_missing(self, tmp_path: Path) -> None:
        """What cannot be written is a DestinationError, StorageError or SecretError."""
        remedy = "catch the driver's error and raise DestinationError(message, hint=…) from it"
        with self.open_bench(tmp_path) as bench:
            config = self.missing_config(bench.folder)
            destination = bench.destination(config)
            with expect_error(_KINDS, "where the target cannot be written", remedy):
                destination.prepare(bench.context)
                destination.write(ScriptedFrame.of(bench, self._table(3)), bench.context)
            pipeline = bench.pipeline(destination=dict(config) | {"name": "broken one"})
            with expect_error(_KINDS, "where the target cannot be written", remedy) as caught:
                bench.run(pipeline)
            require(
                caught[0].step == "broken one",
                f"the error names the step {caught[0].step!r} instead of the destination",
                "leave `step` alone: the run fills it in",
            )

    @needs("secret_config")
    def test_secrets_are_shown_nowhere(self, tmp_path: Path) -> None:
        """A secret is resolved where it is used, and in no text that anybody sees."""
        table = self._table(3)
        with self.open_bench(tmp_path) as bench:
            destination = bench.destination(self.secret_config(bench.folder, SECRET_REFERENCE))
            problem, report = "", None
            try:
                destination.prepare(bench.context)
                report = destination.write(ScriptedFrame.of(bench, table), bench.context)
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not show the secret
                problem = bench.told(error)
            require(
                bench.revealed,
                "the reference to a secret is never resolved",
                "pass the field through context.reveal(…) before it is used",
            )
            require_no_secret(
                the_config=destination.config,
                the_destination=vars(destination),
                the_report=report,
                an_error_that_it_raises=problem,
                what_is_printed_logged_or_told=bench.shown(),
            )

    def test_leaves_nothing_open(self, tmp_path: Path) -> None:
        """After a write no file, socket, thread or temporary file is left."""
        with self.open_bench(tmp_path) as bench:
            self._write(bench, self._table(3))  # what is made once in a process is there now
            bench.context.close()  # stores keep their connections for the time of a run
            footprint = Footprint(bench.temporary)
            self._write(bench, self._table(3))
            bench.context.close()
            left = footprint.left_over()
            require(
                not left,
                f"after write there is still: {', '.join(left)}",
                "close what write opens, in a `with` or `try … finally`",
            )

    def test_works_in_a_run(self, tmp_path: Path) -> None:
        """A run writes to the destination, and its result tells what it did."""
        with self.open_bench(tmp_path) as bench:
            query = (
                "SELECT column1 AS id, column2 AS label FROM (VALUES (1, 'row 1'), (2, 'row 2'))"
            )
            if "int64" not in self.preserves_types:
                query = query.replace("(1,", "('n1',").replace("(2,", "('n2',")
            pipeline = bench.pipeline(query=query, destination=self.config(bench.folder))
            with explained("a run with this destination fails", "see the error below"):
                result = bench.run(pipeline)
            require(result.rows == 2, f"the run tells {result.rows} rows of 2", "see WriteReport")
            found = self.read_back(bench.folder) if self.keeps_rows else None
            require(
                found is None or found.num_rows == 2,
                f"after the run there are {found.num_rows if found is not None else 0} rows of 2",
                "write all rows",
            )

    @needs("supports_kill")
    def test_killed_process_leaves_what_was_there(self, tmp_path: Path) -> None:
        """A process killed at any moment leaves the old rows or all new ones."""
        old, new = self._table(5), self._table(4000, start=1000)
        with self.open_bench(tmp_path) as bench:
            self._write(bench, old)
            before = self._state(bench.folder)
            with self.open_bench(tmp_path / "other") as other:
                if self.appends:
                    self._write(other, old)
                self._write(other, new)
                after = self._state(other.folder)
            for moment in ("in the middle", "at the end", "at the end"):
                kill_while_writing(self, bench.folder, new, moment)
                state = self._state(bench.folder)
                require(
                    state == before or (state == after and moment != "in the middle"),
                    f"a process that is killed {moment} of its write leaves neither the old rows "
                    "nor all the new ones",
                    _STAGE,
                )
                if state != before:
                    break
            self._write(bench, self._table(2, start=7))

    def _write(self, bench: Bench, table: pa.Table) -> WriteReport:
        destination = self._destination(bench)
        with explained("writing a small table fails", "see the error below"):
            destination.prepare(bench.context)
            destination.check(table.schema, bench.context)
            return destination.write(ScriptedFrame.of(bench, table), bench.context)

    def _compare(
        self, bench: Bench, expected: pa.Table, when: str, *, has_types: bool = True
    ) -> None:
        if not self.keeps_rows:
            return
        found = self.read_back(bench.folder)
        if found is None:
            fail(f"{when}, read_back finds nothing", "commit what is written")
        problem = difference(expected, found, has_types=has_types)
        require(problem is None, f"{when}: {problem}", "write all rows of the frame, once")

    def _check_failure(self, folder: Path, error: BaseException) -> None:
        with self.open_bench(folder) as bench:
            self._write(bench, self._table(5))
            before, files = self._state(bench.folder), bench.files
            self._fail_midway(bench, error)
            require(
                self._state(bench.folder) == before,
                "after a write that failed midway the target is not as it was",
                _STAGE,
            )
            self._check_files(bench, files)
            self._write(bench, self._table(2, start=7))

    def _check_files(self, bench: Bench, files: list[str]) -> None:
        bench.context.abort_staged()
        left = sorted(set(bench.files) - set(files))
        require(not left, f"after a write that failed there is still {left}", _STAGE)

    def _fail_midway(
        self, bench: Bench, error: BaseException, destination: Destination[Any] | None = None
    ) -> None:
        """Write a result whose query fails after some batches."""
        frame = ScriptedFrame.of(bench, self._table(12, start=100), _raise_at(3, error))
        writer = destination or self._destination(bench)
        try:
            writer.write(frame, bench.context)
        except BaseException as raised:  # noqa: BLE001 - one of them is what the kit raised
            is_same = isinstance(raised, type(error)) or not isinstance(error, Exception)
            if not is_same:
                fail(
                    f"the query's {type(error).__name__} becomes {type(raised).__name__}: {raised}",
                    "let errors of the frame through: they are about a stage, not about the target",
                )
            return
        fail(
            "the query fails midway, and write returns as if all were well", "let the error through"
        )


def _raise_at(number: int, error: BaseException) -> Callable[[int], None]:
    def act(batch: int) -> None:
        if batch == number:
            raise error

    return act
