"""The suite of sources fails for each mistake it is there for, and says what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Literal

import pyarrow as pa
import pytest
from pydantic import ConfigDict, Field, SecretStr

from aqueducts import hookimpl
from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.connectors import ModelClass, RunContext, Source
from aqueducts.errors import SourceError
from aqueducts.models.fields import Location, Name, PipelineModel
from aqueducts.plugins import Plugins
from aqueducts.relations import ArrowStream
from aqueducts.testing import SourceSuite


class _Config(PipelineModel):
    """A file of Arrow batches."""

    type: Literal["arrow_file"] = Field(description="Kind of source.")
    name: Name = Field(description="Name of the table.")
    location: Location = Field(description="Path of the file.")
    password: SecretStr | None = Field(default=None, description="Opens the file.")


class _Good(Source[_Config]):
    """Reads a file of Arrow batches; the mistakes below are changes of its parts."""

    type: ClassVar[str] = "arrow_file"
    config_model: ClassVar[ModelClass] = _Config

    def open(self, context: RunContext) -> Any:
        if self.config.password is not None:
            self.use(context.reveal(self.config.password))
        path = self.config.location
        try:
            with pa.OSFile(path) as file, pa.ipc.open_stream(file) as reader:
                schema = reader.schema
        except FileNotFoundError as error:
            raise self.missing(error) from error
        return self.relation(ArrowStream(self.described(schema), self.batches, is_rereadable=True))

    def use(self, password: str) -> None:
        if password != "open sesame":
            raise SourceError("the password is wrong")

    def missing(self, error: OSError) -> Exception:
        return SourceError(f"there is no file {error.filename!r}", hint="write it first")

    def relation(self, stream: ArrowStream) -> Any:
        return stream

    def described(self, schema: pa.Schema) -> pa.Schema:
        return schema

    def batches(
        self, partition: int, columns: Sequence[str] | None, condition: Any
    ) -> Iterator[pa.RecordBatch]:
        with pa.OSFile(self.config.location) as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                yield self.changed(batch, columns, condition)

    def changed(
        self, batch: pa.RecordBatch, columns: Sequence[str] | None, condition: Any
    ) -> pa.RecordBatch:
        return batch


_TABLE = pa.table({"id": pa.array([1, 2, None], pa.int64()), "name": ["ada", "bob", "cy"]})


class _Suite(SourceSuite):
    supports_zero_columns = True

    def config(self, folder: Path) -> Mapping[str, Any]:
        return self.config_of_table(folder, _TABLE)

    def expected_table(self) -> pa.Table:
        return _TABLE

    def config_of_table(self, folder: Path, table: pa.Table) -> Mapping[str, Any]:
        path = folder / "in.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=20_000)
        return {"type": "arrow_file", "location": str(path)}

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        return {"type": "arrow_file", "location": str(folder / "no.arrow")}

    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        return dict(self.config(folder)) | {"password": secret}


def _suite_of(source: type[Source[Any]]) -> _Suite:
    def aqueducts_sources() -> list[type[Source[Any]]]:
        return [source]

    module = ModuleType("mine")
    vars(module)["aqueducts_sources"] = hookimpl(aqueducts_sources)
    suite = _Suite()
    suite.plugins = Plugins.of(builtin=builtin_plugin, mine=module)  # type: ignore[misc]  # per test
    return suite


_CHECKS = sorted(name for name in dir(_Suite) if name.startswith("test_"))


def test_nothing_is_left_out() -> None:
    """Everything is overridden here, so that all checks are there; each has a mistake below."""
    assert len(_CHECKS) == 21
    assert {check for check, _, _ in _MISTAKES} == set(_CHECKS)


@pytest.mark.parametrize("check", _CHECKS)
def test_a_good_source_passes(check: str, tmp_path: Path) -> None:
    """What is right is not told to be wrong."""
    _run(_suite_of(_Good), check, tmp_path)


def _run(suite: SourceSuite, check: str, folder: Path) -> None:
    getattr(suite, check)(folder)


class _Aliases(_Good):
    aliases = ["another"]  # type: ignore[assignment]  # noqa: RUF012 - the mistake


class _UndescribedConfig(_Config):
    """A field says nothing."""

    depth: int = 1


class _Undescribed(_Good):
    config_model = _UndescribedConfig


class _IgnoringConfig(_Config):
    """Unknown keys are passed over."""

    model_config = ConfigDict(extra="ignore")


class _Ignoring(_Good):
    config_model = _IgnoringConfig


class _NoRelation(_Good):
    def relation(self, stream: ArrowStream) -> Any:
        return list(stream.open(0, None, None))


class _Doubled(_Good):
    def relation(self, stream: ArrowStream) -> Any:
        return ArrowStream(pa.schema([("id", pa.int64()), ("id", pa.int64())]), stream.open)


class _Eager(_Good):
    def relation(self, stream: ArrowStream) -> Any:
        with pa.OSFile(self.config.location) as file:
            rows = pa.ipc.open_stream(file.read()).read_all()
        return ArrowStream(rows.schema, lambda *_: rows.to_batches(), is_rereadable=True)


class _Losing(_Good):
    def changed(self, batch: pa.RecordBatch, columns: Any, condition: Any) -> pa.RecordBatch:
        return batch.slice(0, 2)


class _OtherTypes(_Good):
    def described(self, schema: pa.Schema) -> pa.Schema:
        return schema.set(0, pa.field("id", pa.int32()))


class _Once(_Good):
    def relation(self, stream: ArrowStream) -> Any:
        batches = stream.open(0, None, None)
        return ArrowStream(stream.schema, lambda *_: batches, is_rereadable=True)


class _Silent(_Good):
    def relation(self, stream: ArrowStream) -> Any:
        return ArrowStream(stream.schema, stream.open)


class _Forgetful(_Good):
    def changed(self, batch: pa.RecordBatch, columns: Any, condition: Any) -> pa.RecordBatch:
        return batch.select([0]) if columns is not None else batch


class _Filtering(_Good):
    def changed(self, batch: pa.RecordBatch, columns: Any, condition: Any) -> pa.RecordBatch:
        return batch if condition is None else batch.slice(0, 1)


class _OneReader(_Good):
    def relation(self, stream: ArrowStream) -> Any:
        used: list[int] = vars(type(self)).get("used", [])
        type(self).used = used  # type: ignore[attr-defined]  # the mistake

        def batches(*_: Any) -> Iterator[pa.RecordBatch]:
            used.append(1)
            if len(used) > 1:
                raise SourceError("the connection is in use")
            yield from stream.open(0, None, None)

        return ArrowStream(stream.schema, batches, is_rereadable=True)


class _SharedCursor(_Good):
    def relation(self, stream: ArrowStream) -> Any:
        state: dict[str, Any] = {}

        def batches(*_: Any) -> Iterator[pa.RecordBatch]:
            state["rows"] = iter(_TABLE.to_batches(max_chunksize=1))
            while (batch := next(state["rows"], None)) is not None:
                yield batch

        return ArrowStream(stream.schema, batches, is_rereadable=True)


_left: list[Any] = []


class _Leaking(_Good):
    def batches(self, *_: Any) -> Iterator[pa.RecordBatch]:
        file = pa.OSFile(self.config.location)
        _left.append(file)
        yield from pa.ipc.open_stream(file)


class _Foreign(_Good):
    def missing(self, error: OSError) -> Exception:
        return error


class _Naming(_Good):
    def missing(self, error: OSError) -> Exception:
        return SourceError(f"there is no file {error.filename!r}", step="somebody else")


class _Unresolved(_Good):
    def open(self, context: RunContext) -> Any:
        return self.relation(ArrowStream(_TABLE.schema, self.batches))


class _Keeping(_Good):
    def use(self, password: str) -> None:
        self.password = password


class _Telling(_Good):
    def use(self, password: str) -> None:
        print(f"logging in with {password}")  # noqa: T201 - the mistake


class _PlainNames(_Good):
    def relation(self, stream: ArrowStream) -> Any:
        if not self.config.name.isidentifier():
            raise SourceError(f"{self.config.name!r} is no name")
        return stream


class _Signed(_Good):
    def described(self, schema: pa.Schema) -> pa.Schema:
        return pa.schema(
            [each.with_type(pa.int64()) if each.type == pa.uint8() else each for each in schema]
        )

    def changed(self, batch: pa.RecordBatch, columns: Any, condition: Any) -> pa.RecordBatch:
        return batch.cast(self.described(batch.schema))


class _Renaming(_Good):
    def described(self, schema: pa.Schema) -> pa.Schema:
        return pa.schema([each.with_name(each.name.replace(" ", "_")) for each in schema])

    def changed(self, batch: pa.RecordBatch, columns: Any, condition: Any) -> pa.RecordBatch:
        return batch.rename_columns(self.described(batch.schema).names)


class _Stripping(_Good):
    def changed(self, batch: pa.RecordBatch, columns: Any, condition: Any) -> pa.RecordBatch:
        rows = [
            {key: value.strip() if isinstance(value, str) else value for key, value in row.items()}
            for row in batch.to_pylist()
        ]
        return pa.RecordBatch.from_pylist(rows, schema=batch.schema)


class _SchemaOfFirstRow(_Good):
    def relation(self, stream: ArrowStream) -> Any:
        first = next(iter(stream.open(0, None, None)), None)
        if first is None or first.num_rows == 0:
            raise SourceError("there are no rows")
        return stream


class _NeedsColumns(_Good):
    def described(self, schema: pa.Schema) -> pa.Schema:
        if not schema.names:
            raise SourceError("there are no columns")
        return schema


class _FirstBatch(_Good):
    def batches(self, *arguments: Any) -> Iterator[pa.RecordBatch]:
        yield from [next(super().batches(*arguments))]


_MISTAKES: list[tuple[str, type[Source[Any]], str]] = [
    ("test_type_is_a_tag", _Aliases, "aliases is .*are a tuple"),
    ("test_model_describes_itself", _Undescribed, "say nothing of themselves: depth"),
    ("test_unknown_keys_are_told", _Ignoring, "does not exist is taken without a word"),
    ("test_open_gives_a_relation", _NoRelation, "open gives list, which is no relation"),
    ("test_open_gives_a_relation", _Doubled, "two columns are called id"),
    ("test_open_reads_no_rows", _Eager, "open takes [0-9,]+ bytes of memory"),
    ("test_reads_what_is_there", _Losing, "there are 2 rows instead of 3"),
    ("test_reads_what_is_there", _OtherTypes, "has 'id' as int64, the schema says int32"),
    ("test_reads_again_what_it_read", _Once, "what is read again: there are 0 rows"),
    ("test_reads_again_what_it_read", _Silent, "is_rereadable=False, the suite says True"),
    ("test_columns_can_be_chosen", _Forgetful, "reading the column 'name' alone fails"),
    ("test_filters_are_exact", _Filtering, "there are 0 rows instead of 1"),
    ("test_two_can_read_at_once", _OneReader, "the connection is in use"),
    ("test_partitions_can_be_read_at_once", _SharedCursor, "one of two readers gets"),
    ("test_stops_when_it_is_closed", _Leaking, "there is still: open file"),
    ("test_errors_say_what_is_missing", _Foreign, "FileNotFoundError is raised"),
    ("test_errors_say_what_is_missing", _Naming, "names the step 'somebody else'"),
    ("test_secrets_are_shown_nowhere", _Unresolved, "never resolved"),
    ("test_secrets_are_shown_nowhere", _Keeping, "can be read in the source"),
    ("test_secrets_are_shown_nowhere", _Telling, "what is printed logged or told"),
    ("test_works_in_a_run", _PlainNames, "is no name"),
    ("test_types_survive", _Signed, "uint8: column 'uint8' is int64 instead of uint8"),
    ("test_awkward_names_survive", _Renaming, "the columns are"),
    ("test_awkward_texts_survive", _Stripping, "' padded '"),
    ("test_empty_tables_have_columns", _SchemaOfFirstRow, "there are no rows"),
    ("test_tables_may_have_no_columns", _NeedsColumns, "without columns cannot be read"),
    ("test_many_rows_are_read", _FirstBatch, "20000 rows instead of 100000"),
]
"""A check, a source with the mistake that it is there for, and what it says."""


@pytest.mark.parametrize(
    ("check", "source", "words"),
    [pytest.param(*each, id=f"{each[0][5:]}:{each[1].__name__}") for each in _MISTAKES],
)
def test_a_mistake_is_found(
    check: str, source: type[Source[Any]], words: str, tmp_path: Path
) -> None:
    """The check fails, in words that name the mistake and what to do about it."""
    with pytest.raises(pytest.fail.Exception, match=f"(?s){words}") as caught:
        _run(_suite_of(source), check, tmp_path)
    assert "\n  help: " in str(caught.value)
    _left.clear()


def test_an_invalid_config_is_told(tmp_path: Path) -> None:
    """A mistake in the suite itself is not a riddle."""

    class Mistaken(_Suite):
        def config(self, folder: Path) -> Mapping[str, Any]:
            return {"type": "arrow_file"}

    suite = Mistaken()
    suite.plugins = _suite_of(_Good).plugins  # type: ignore[misc]  # per test
    with pytest.raises(pytest.fail.Exception, match=r"location.*\n  help: return the fields"):
        _run(suite, "test_type_is_a_tag", tmp_path)


def test_what_is_not_told_is_left_out() -> None:
    """A suite of the least has the checks that need no more; a later class may add to it."""

    class Least(SourceSuite):
        def config(self, folder: Path) -> Mapping[str, Any]:
            return {}

        def expected_table(self) -> pa.Table:
            return _TABLE

    class More(Least):
        def missing_config(self, folder: Path) -> Mapping[str, Any]:
            return {}

    class Without(More):
        test_type_is_a_tag = None  # type: ignore[assignment]  # left out by hand

    checks = {name for name in _CHECKS if callable(getattr(Least, name))}
    assert "test_works_in_a_run" in checks
    assert not checks & {"test_errors_say_what_is_missing", "test_types_survive"}
    assert callable(More.test_errors_say_what_is_missing)
    assert Without.test_type_is_a_tag is None


def test_what_is_loaded_once_does_not_count_as_rows(tmp_path: Path) -> None:
    """A driver takes memory when it is first imported, in open."""
    driver: list[bytes] = []

    class Importing(_Good):
        def relation(self, stream: ArrowStream) -> Any:
            if not driver:
                driver.append(bytes(50_000_000))
            return stream

    _run(_suite_of(Importing), "test_open_reads_no_rows", tmp_path)
    assert driver
