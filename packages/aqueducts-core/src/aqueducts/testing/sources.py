"""Checks of a kind of source."""

from __future__ import annotations

import threading
import tracemalloc
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from aqueducts.connectors import Source
from aqueducts.errors import AqueductsError, SecretError, SourceError, StorageError
from aqueducts.relations import ArrowStream, FileScan, GivenTable, Relation
from aqueducts.table_names import quote
from aqueducts.testing.bench import SECRET_REFERENCE, Bench, Footprint
from aqueducts.testing.configs import (
    check_is_frozen,
    check_model,
    check_tag,
    check_unknown_key,
    require_no_secret,
)
from aqueducts.testing.streams import check_stream, read_stream
from aqueducts.testing.suite import (
    Suite,
    expect_error,
    explained,
    fail,
    needs,
    optional,
    require,
)
from aqueducts.testing.tables import (
    ALL_TYPES,
    AWKWARD_NAMES,
    AWKWARD_TEXTS,
    difference,
    small_table,
    table_of_types,
)

__all__ = ["SourceSuite"]

_PARAMETERS = "open must only describe the relation: read in the function that ArrowStream.open is"
_READ_ONCE = "give each call of ArrowStream.open a connection and a cursor of its own"


class SourceSuite(Suite, ABC):
    """Checks of a source. Override `config` and `expected_table`.

    The more is overridden, the more is checked.
    """

    is_rereadable: bool = True
    """Whether the rows can be read as often as one likes; an ArrowStream says so itself."""
    is_ordered: bool = False
    """Whether rows always come in the order of `expected_table`."""
    supports_zero_columns: bool = False
    """Whether there may be a table without columns."""
    preserves_types: Collection[str] = ALL_TYPES
    """Names of the types that `config_of_table` keeps, of those in `ALL_TYPES`."""
    awkward_texts: Sequence[str | None] = AWKWARD_TEXTS
    """Texts that have to survive."""
    preserves_nulls: bool = True
    """Whether a null stays a null (and an empty text stays one)."""

    @abstractmethod
    def config(self, folder: Path) -> Mapping[str, Any]:
        """Make something to read, and return the source's part of a pipeline file, without `name`.

        What is read is in `folder` or elsewhere. Called several times with the same folder.
        """

    @abstractmethod
    def expected_table(self) -> pa.Table:
        """What a source with this config reads: at least 2 rows and 1 column."""

    @optional
    def config_of_table(self, folder: Path, table: pa.Table) -> Mapping[str, Any]:
        """Put a table into what the source reads, and return the config that reads it."""
        raise NotImplementedError

    @optional
    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """A valid config of something that is not there: a missing file, a closed port."""
        raise NotImplementedError

    @optional
    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        """A config in which `secret`, a reference, is the password, or a part of a location.

        What it reads need not be there: errors have to keep secrets as well.
        """
        raise NotImplementedError

    def session(self) -> Any:
        """The session that a caller of `run` passes, in the engine's own type; None for none."""
        return None

    def test_type_is_a_tag(self, tmp_path: Path) -> None:
        """The source has a tag in snake_case, by which the plugin offers it."""
        with self.open_bench(tmp_path) as bench:
            source = self._source(bench)
            check_tag(type(source), bench.plugins.sources)

    def test_model_describes_itself(self, tmp_path: Path) -> None:
        """The config model is frozen, its fields are described, its JSON Schema can be made."""
        with self.open_bench(tmp_path) as bench:
            source = self._source(bench)
            check_model(source.config_model, tag=source.type, needs_name=True)
            check_is_frozen(source.config)

    def test_unknown_keys_are_told(self, tmp_path: Path) -> None:
        """A misspelt key in a pipeline file is a problem that names it."""
        with self.open_bench(tmp_path) as bench:
            data = dict(self.config(bench.folder)) | {"name": "t"}
            check_unknown_key(data, "sources", bench.plugins)

    def test_open_gives_a_relation(self, tmp_path: Path) -> None:
        """`open` gives one of the relations, and what it says of itself makes sense."""
        with self.open_bench(tmp_path) as bench:
            relation = self._open(bench)
            require(
                isinstance(relation, get_args(Relation)),
                f"open gives {type(relation).__name__}, which is no relation",
                "return a FileScan, TableProvider, ArrowStream or GivenTable",
            )
            if isinstance(relation, ArrowStream):
                check_stream(relation)
            if isinstance(relation, FileScan):
                _check_files(relation)

    @needs("config_of_table")
    def test_open_reads_no_rows(self, tmp_path: Path) -> None:
        """`open` describes a large table without holding it."""
        table = small_table(self.preserves_types, rows=40_000)
        labels = pa.array([f"{n:0200}" for n in range(table.num_rows)])
        table = table.set_column(1, "label", labels)
        with self.open_bench(tmp_path) as bench:
            self._open(bench)  # drivers are imported now
            source = bench.source(self.config_of_table(bench.folder, table))
            arrow = pa.total_allocated_bytes()
            tracemalloc.start()
            try:
                relation = source.open(bench.context)
                peak = tracemalloc.get_traced_memory()[1] + pa.total_allocated_bytes() - arrow
            finally:
                tracemalloc.stop()
            del relation
            require(
                peak < table.nbytes / 2,
                f"open takes {peak:,} bytes of memory for a table of {table.nbytes:,} bytes",
                _PARAMETERS,
            )

    def test_reads_what_is_there(self, tmp_path: Path) -> None:
        """All rows are read, and the schema is theirs."""
        with self.open_bench(tmp_path) as bench:
            relation = self._open(bench)
            if isinstance(relation, ArrowStream):
                with explained("reading the stream fails", "see the error below"):
                    self._compare(read_stream(relation), "the batches of ArrowStream.open")
            with explained("the engine cannot read the relation", "see the error below"):
                found = bench.read(self._open(bench))
            self._compare(found, "what the engine reads")

    def test_reads_again_what_it_read(self, tmp_path: Path) -> None:
        """What says that it can be read again gives the same rows; what is not, says so."""
        with self.open_bench(tmp_path) as bench:
            relation = self._open(bench)
            if isinstance(relation, ArrowStream):
                require(
                    relation.is_rereadable == self.is_rereadable,
                    f"the relation says is_rereadable={relation.is_rereadable}, the suite says "
                    f"{self.is_rereadable}",
                    "set ArrowStream.is_rereadable where open may be called again for the same "
                    "rows, and the same in the suite",
                )
            if not self.is_rereadable:
                return
            for _ in range(2):
                read = read_stream if isinstance(relation, ArrowStream) else bench.read
                with explained("reading a second time fails", _READ_ONCE):
                    found = read(relation)
                self._compare(found, "what is read again", _READ_ONCE)

    def test_columns_can_be_chosen(self, tmp_path: Path) -> None:
        """A query of one column, and one of none, get what they ask for."""
        expected = self.expected_table()
        column = expected.schema.names[-1]
        with self.open_bench(tmp_path) as bench:
            remedy = (
                "ArrowStream.open gets the columns that are needed, in any order, and may give "
                "more; it gives every one of them, and as many rows as there are"
            )
            with explained(f"reading the column {column!r} alone fails", remedy):
                found = bench.read(self._open(bench), f"SELECT {quote(column)} FROM t")  # noqa: S608 - quoted
            self._compare(found, f"the column {column!r} alone", remedy, expected.select([column]))
            with explained("counting rows fails", remedy):
                counted = bench.read(self._open(bench), "SELECT count(*) AS n FROM t")
            require(
                counted.column(0).to_pylist() == [expected.num_rows],
                f"count(*) is {counted.column(0).to_pylist()[0]} instead of {expected.num_rows}",
                remedy,
            )

    def test_filters_are_exact(self, tmp_path: Path) -> None:
        """A condition in the query leaves exactly the rows that meet it."""
        expected = self.expected_table()
        column = expected.schema.names[0]
        is_null = expected.column(column).is_null()
        with self.open_bench(tmp_path) as bench:
            for words, chosen in (
                ("IS NULL", is_null),
                ("IS NOT NULL", expected.column(column).is_valid()),
            ):
                query = f"SELECT * FROM t WHERE {quote(column)} {words}"  # noqa: S608 - quoted
                remedy = "give all rows, or only those that may meet the filter; the engine filters"
                with explained(f"reading with a filter fails ({words})", remedy):
                    found = bench.read(self._open(bench), query)
                self._compare(
                    found, f"what meets {column!r} {words}", remedy, expected.filter(chosen)
                )

    def test_two_can_read_at_once(self, tmp_path: Path) -> None:
        """Two sources of the same config, read at the same time, each get all rows."""
        with self.open_bench(tmp_path) as bench:
            relations = [self._open(bench, f"t{number}") for number in range(2)]
            if isinstance(relations[0], GivenTable):
                return  # one session, which is the caller's
            found: list[pa.Table | BaseException] = [pa.table({}), pa.table({})]
            barrier = threading.Barrier(2)

            def read(number: int) -> None:
                try:
                    session = bench.engine_session()
                    name = f"at_once_{number}"
                    session.register(name, relations[number], is_joined=False)
                    barrier.wait(10)
                    with session.frame(name).stream() as reader:
                        found[number] = reader.read_all()
                # It is shown by the check.
                except BaseException as error:  # noqa: BLE001
                    found[number] = error

            threads = [threading.Thread(target=read, args=(number,)) for number in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            for each in found:
                if isinstance(each, BaseException):
                    fail(f"reading twice at once fails: {type(each).__name__}: {each}", _READ_ONCE)
                self._compare(each, "what one of two readers gets", _READ_ONCE)

    def test_partitions_can_be_read_at_once(self, tmp_path: Path) -> None:
        """Readers that take turns do not take each other's rows."""
        with self.open_bench(tmp_path) as bench:
            relation = self._open(bench)
            if not isinstance(relation, ArrowStream):
                return
            other = relation if relation.is_rereadable else self._open(bench, "t2")
            both = [iter(self._batches(each)) for each in (relation, other)]
            rows: list[list[pa.RecordBatch]] = [[], []]
            with explained("two readers that take turns fail", _READ_ONCE):
                while True:
                    taken = [next(each, None) for each in both]
                    for place, batch in enumerate(taken):
                        if batch is not None:
                            rows[place].append(batch)
                    if not any(taken):
                        break
            for each in rows:
                found = pa.Table.from_batches(
                    [batch.select(relation.schema.names) for batch in each], schema=relation.schema
                )
                self._compare(found, "what one of two readers gets", _READ_ONCE)

    def test_stops_when_it_is_closed(self, tmp_path: Path) -> None:
        """A reader that is closed early lets go of its files, sockets and threads."""
        with self.open_bench(tmp_path) as bench:
            _begin_and_close(self._open(bench))  # what is made once in a process is there now
            bench.context.close()  # stores keep their connections for the time of a run
            footprint = Footprint(bench.temporary)
            _begin_and_close(self._open(bench))
            bench.context.close()
            left = footprint.left_over()
            require(
                not left,
                f"after the reader is closed there is still: {', '.join(left)}",
                "open files and connections in the generator, in a `with` or `try … finally`",
            )

    @needs("missing_config")
    def test_errors_say_what_is_missing(self, tmp_path: Path) -> None:
        """What is not there is a SourceError, StorageError or SecretError, and names the source."""
        with self.open_bench(tmp_path) as bench:
            config = self.missing_config(bench.folder)
            kinds: tuple[type[AqueductsError], ...] = (SourceError, StorageError, SecretError)
            remedy = "catch the driver's error and raise SourceError(message, hint=…) from it"
            with expect_error(kinds, "where there is nothing to read", remedy):
                relation = bench.source(config).open(bench.context)
                bench.read(relation)
            query = 'SELECT * FROM "broken one"'
            pipeline = bench.pipeline(sources=[dict(config) | {"name": "broken one"}], query=query)
            with expect_error(kinds, "where there is nothing to read, in a run", remedy) as caught:
                bench.run(pipeline)
            require(
                caught[0].step == "broken one",
                f"the error names the step {caught[0].step!r} instead of the source",
                "leave `step` alone: the run fills it in",
            )

    @needs("secret_config")
    def test_secrets_are_shown_nowhere(self, tmp_path: Path) -> None:
        """A secret is resolved where it is used, and in no text that anybody sees."""
        with self.open_bench(tmp_path) as bench:
            config = self.secret_config(bench.folder, SECRET_REFERENCE)
            source = bench.source(config)
            problem = ""
            try:
                relation = source.open(bench.context)
                shown_relation = repr(relation)
                bench.read(relation)
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not show the secret
                problem, shown_relation = bench.told(error), ""
            require(
                bench.revealed,
                "the reference to a secret is never resolved",
                "pass the field through context.reveal(…) before it is used",
            )
            require_no_secret(
                the_config=source.config,
                the_source=vars(source),
                the_relation=shown_relation,
                an_error_that_open_raises=problem,
                what_is_printed_logged_or_told=bench.shown(),
            )

    def test_works_in_a_run(self, tmp_path: Path) -> None:
        """A run reads the source under a name that needs quotes, into a file."""
        name = 'My "first" söurce'
        with self.open_bench(tmp_path) as bench:
            if isinstance(self._open(bench), GivenTable):
                name = str(self.config(bench.folder).get("name", "t"))
            target = tmp_path / "out.parquet"
            pipeline = bench.pipeline(
                sources=[{"name": name} | dict(self.config(bench.folder))],
                query=f"SELECT count(*) AS n FROM {quote(name)}",  # noqa: S608 - quoted
                destination={
                    "type": "file",
                    "location": str(target),
                    "format": {"type": "parquet"},
                },
            )
            with explained("a run with this source fails", "see the error below"):
                bench.run(pipeline)
            counted = pq.read_table(target).column(0).to_pylist()
            rows = self.expected_table().num_rows
            require(counted == [rows], f"a run counts {counted[0]} rows of {rows}", "read all rows")

    @needs("config_of_table", "preserves_types")
    def test_types_survive(self, tmp_path: Path) -> None:
        """Columns of all types in `preserves_types` are read as they were put there."""
        changed = {}
        for kind in sorted(self.preserves_types):
            problem = self._reads_back(
                tmp_path / kind, table_of_types({kind}, has_nulls=self.preserves_nulls)
            )
            if problem is not None:
                changed[kind] = problem
        require(
            not changed,
            "; ".join(f"{kind}: {problem}" for kind, problem in changed.items()),
            f"mend these, or say: preserves_types = ALL_TYPES - {sorted(changed)!r}",
        )

    @needs("config_of_table")
    def test_awkward_names_survive(self, tmp_path: Path) -> None:
        """Columns whose names hold quotes, blanks, capitals and words of SQL."""
        column = small_table(self.preserves_types, rows=2).column(0)
        table = pa.table(dict.fromkeys(AWKWARD_NAMES, column))
        self._check_table(
            tmp_path, table, "quote names of columns wherever they are put in a query"
        )

    @needs("config_of_table")
    def test_awkward_texts_survive(self, tmp_path: Path) -> None:
        """Texts in other alphabets, with quotes and with words that look like values; nulls."""
        texts = [each for each in self.awkward_texts if each is not None or self.preserves_nulls]
        table = pa.table({"text": pa.array(texts, pa.string())})
        self._check_table(tmp_path, table, "read text as UTF-8 and leave it as it is")

    @needs("config_of_table")
    def test_empty_tables_have_columns(self, tmp_path: Path) -> None:
        """A table without rows is no error, and has its columns and types."""
        table = small_table(self.preserves_types, rows=0)
        self._check_table(tmp_path, table, "give the schema, and no batch or an empty one")

    @needs("config_of_table", "supports_zero_columns")
    def test_tables_may_have_no_columns(self, tmp_path: Path) -> None:
        """A table without columns is no error."""
        with self.open_bench(tmp_path) as bench:
            config = self.config_of_table(bench.folder, pa.table({}))
            with explained("a table without columns cannot be read", "give an empty schema"):
                found = bench.read(
                    bench.source(config).open(bench.context), "SELECT count(*) AS n FROM t"
                )
            require(found.column(0).to_pylist() == [0], "it has rows", "give no batch")

    @needs("config_of_table")
    def test_many_rows_are_read(self, tmp_path: Path) -> None:
        """All of 100,000 rows."""
        table = small_table(self.preserves_types, rows=100_000)
        self._check_table(tmp_path, table, "read until the end, in batches of some thousand rows")

    def open_bench(self, folder: Path) -> Bench:
        """What a check works with; for checks of your own as well."""
        return Bench(folder, self.installed_plugins(), self.session())

    def _source(self, bench: Bench) -> Source[Any]:
        config = dict(self.config(bench.folder))
        return bench.source(config, str(config.get("name", "t")))

    def _open(self, bench: Bench, name: str = "t") -> Any:
        config = dict(self.config(bench.folder))
        with explained("open fails", "config() has to describe something that can be read"):
            return bench.source(config, str(config.get("name", name))).open(bench.context)

    def _batches(self, relation: ArrowStream) -> Iterator[pa.RecordBatch]:
        for partition in range(relation.partitions):
            yield from relation.open(partition, None, None)

    def _compare(
        self,
        found: pa.Table,
        what: str,
        remedy: str = "compare open with expected_table: columns, their order, types, rows",
        expected: pa.Table | None = None,
    ) -> None:
        wanted = self.expected_table() if expected is None else expected
        problem = difference(wanted, found, is_ordered=self.is_ordered)
        require(problem is None, f"{what}: {problem}", remedy)

    def _check_table(self, folder: Path, table: pa.Table, remedy: str) -> None:
        problem = self._reads_back(folder, table)
        require(problem is None, f"{problem}", remedy)

    def _reads_back(self, folder: Path, table: pa.Table) -> str | None:
        with self.open_bench(folder) as bench:
            try:
                config = self.config_of_table(bench.folder, table)
                found = bench.read(bench.source(config).open(bench.context))
            # A stranger's connector may raise anything; the check lists it.
            except Exception as error:  # noqa: BLE001
                return f"{type(error).__name__}: {error}"
            return difference(table, found, is_ordered=self.is_ordered)


def _check_files(scan: FileScan) -> None:
    require(scan.files, "the FileScan has no files", "raise SourceError where there is no file")
    for file in scan.files:
        require(
            "://" in file.path or Path(file.path).is_absolute(),
            f"the file {file.path!r} is neither an absolute path nor a URL",
            "take files from context.store(…).find(…), or make paths absolute",
        )
        require(
            file.size_bytes >= 0,
            f"the file {file.path!r} has size {file.size_bytes}",
            "tell sizes in bytes: the planner decides by them",
        )


def _begin_and_close(relation: Any) -> None:
    """Read one batch of a stream, and let go of it."""
    if not isinstance(relation, ArrowStream):
        return
    batches = iter(relation.open(0, None, None))
    next(batches, None)
    close = getattr(batches, "close", None)
    if close is not None:
        with explained("closing the reader fails", "let GeneratorExit through"):
            close()
