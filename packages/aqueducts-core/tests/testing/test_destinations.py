"""The suite of destinations fails for each mistake it is there for, and says what to do."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Literal

import pyarrow as pa
import pytest
from pydantic import ConfigDict, Field, SecretStr

from aqueducts import hookimpl
from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.connectors import Destination, Frame, ModelClass, RunContext, WriteReport
from aqueducts.errors import AqueductsError, DestinationError
from aqueducts.models.fields import Location, Name, PipelineModel
from aqueducts.plan_facts import TargetChange
from aqueducts.plugins import Plugins
from aqueducts.testing import ALL_TYPES, DestinationSuite


class _Config(PipelineModel):
    """A file of Arrow batches."""

    type: Literal["arrow_file"] = Field(description="Kind of destination.")
    name: Name = Field(description="Name in messages.")
    location: Location = Field(description="Path of the file.")
    password: SecretStr | None = Field(default=None, description="Opens the file.")


class _Good(Destination[_Config]):
    """Writes a file of Arrow batches; the mistakes below are changes of its parts."""

    type: ClassVar[str] = "arrow_file"
    config_model: ClassVar[ModelClass] = _Config
    restarts: ClassVar[Literal["before_write", "before_commit", "any_time"]] = "any_time"

    def check(self, schema: pa.Schema, context: RunContext) -> None:
        spans = [each.name for each in schema if each.type == pa.month_day_nano_interval()]
        if spans:
            raise DestinationError(f"intervals cannot be written: {', '.join(spans)}")

    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        if self.config.password is not None:
            self.use(context.reveal(self.config.password))
        store = context.store(self.config.location, {})
        store.check_target(is_single_file=True, extensions=(".arrow",))
        staged = store.stage(context, is_single_file=True)
        try:
            rows = self.write_rows(frame, staged.path)
            staged.commit()
        finally:
            staged.abort()
        return WriteReport(rows=rows)

    def use(self, password: str) -> None:
        if password != "open sesame":
            raise DestinationError("the password is wrong")

    def write_rows(self, frame: Frame, path: Path) -> int:
        rows = 0
        schema = self.described(frame.schema)
        with (
            frame.stream() as reader,
            pa.OSFile(str(path), "wb") as sink,
            pa.ipc.new_stream(sink, schema) as writer,
        ):
            for batch in reader:
                writer.write_batch(self.changed(batch, schema))
                rows += batch.num_rows
        return rows

    def described(self, schema: pa.Schema) -> pa.Schema:
        return schema

    def changed(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        return batch.rename_columns(schema.names).cast(schema)

    @property
    def target(self) -> Path:
        return Path(self.config.location)


class _Suite(DestinationSuite):
    supports_kill = True
    preserves_types = ALL_TYPES - {"interval", "struct"}
    offered: type[Destination[Any]] = _Good

    def installed_plugins(self) -> Plugins:
        def aqueducts_destinations() -> list[type[Destination[Any]]]:
            return [self.offered]

        module = ModuleType("mine")
        vars(module)["aqueducts_destinations"] = hookimpl(aqueducts_destinations)
        return Plugins.of(builtin=builtin_plugin, mine=module)

    def config(self, folder: Path) -> Mapping[str, Any]:
        return {"type": "arrow_file", "location": str(folder / "out.arrow")}

    def read_back(self, folder: Path) -> pa.Table | None:
        path = folder / "out.arrow"
        if not path.exists():
            return None
        return pa.ipc.open_stream(path.read_bytes()).read_all()

    def refused_table(self) -> tuple[pa.Schema, Collection[str]]:
        return pa.schema([("a span", pa.month_day_nano_interval())]), ["a span"]

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        (folder / "file").touch()
        return {"type": "arrow_file", "location": str(folder / "file" / "out.arrow")}

    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        return dict(self.config(folder)) | {"password": secret}


_CHECKS = sorted(name for name in dir(_Suite) if name.startswith("test_"))


def test_nothing_is_left_out() -> None:
    """Everything is overridden here, so that all checks are there; each has a mistake below."""
    assert len(_CHECKS) == 25
    assert {check for check, _, _ in _MISTAKES} == set(_CHECKS)


@pytest.mark.parametrize("check", _CHECKS)
def test_a_good_destination_passes(check: str, tmp_path: Path) -> None:
    """What is right is not told to be wrong."""
    getattr(_Suite(), check)(tmp_path)


class _Shouting(_Good):
    type = "Arrow_File"


class _Nameless(PipelineModel):
    """A model without a name."""

    type: Literal["arrow_file"] = Field(description="Kind of destination.")
    location: Location = Field(description="Path of the file.")


class _WithoutName(_Good):
    config_model = _Nameless


class _ThawedConfig(_Config):
    """Its fields can be set."""

    model_config = ConfigDict(frozen=False)


class _Thawed(_Good):
    config_model = _ThawedConfig


class _IgnoringConfig(_Config):
    """Unknown keys are passed over."""

    model_config = ConfigDict(extra="ignore")


class _Ignoring(_Good):
    config_model = _IgnoringConfig


class _Miscounting(_Good):
    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        super().write(frame, context)
        return WriteReport(rows=1)


class _Nothing(_Good):
    def write(self, frame: Frame, context: RunContext) -> Any:
        super().write(frame, context)


class _Preparing(_Good):
    def prepare(self, context: RunContext) -> None:
        self.target.write_bytes(b"")


class _OddPlan(_Good):
    def describe_write(self, schema: pa.Schema, context: RunContext) -> Any:
        return "replace it"


class _WrongPlan(_Good):
    def describe_write(self, schema: pa.Schema, context: RunContext) -> TargetChange:
        return TargetChange(action="create")


class _BlindPlan(_Good):
    def describe_write(self, schema: pa.Schema, context: RunContext) -> TargetChange:
        return TargetChange(action="replace", columns=())


class _FirstWins(_Good):
    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        if self.target.exists():
            return WriteReport(rows=sum(batch.num_rows for batch in frame.stream()))
        return super().write(frame, context)


class _InPlace(_Good):
    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        return WriteReport(rows=self.write_rows(frame, self.target))


class _Littering(_Good):
    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        beside = self.target.with_suffix(".tmp")
        rows = self.write_rows(frame, beside)
        beside.replace(self.target)
        return WriteReport(rows=rows)


class _Renaming(_Good):
    """Wraps whatever the query raises."""

    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        try:
            return super().write(frame, context)
        except AqueductsError as error:
            raise DestinationError(f"writing failed: {error}") from error


class _Swallowing(_Good):
    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        try:
            return super().write(frame, context)
        except AqueductsError:
            return WriteReport(rows=0)


class _OnlyExceptions(_Good):
    """Puts the old file back where an Exception was raised, and not where a thread was ended."""

    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        old = self.target.read_bytes() if self.target.exists() else None
        try:
            return WriteReport(rows=self.write_rows(frame, self.target))
        except Exception:
            self.target.unlink()
            if old is not None:
                self.target.write_bytes(old)
            raise


class _Accumulating(_Good):
    rows = 0

    def changed(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        self.rows += batch.num_rows
        return batch

    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        super().write(frame, context)
        return WriteReport(rows=self.rows)


class _Untold(_Good):
    """Commits by itself, and never tells the run of what it has staged."""

    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        with tempfile.TemporaryDirectory(dir=self.target.parent) as folder:
            path = Path(folder) / "rows"
            rows = self.write_rows(frame, path)
            path.replace(self.target)
        return WriteReport(rows=rows)


class _Collecting(_Good):
    def write_rows(self, frame: Frame, path: Path) -> int:
        table = frame.stream().read_all()
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return int(table.num_rows)


class _NeedsRows(_Good):
    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        store = context.store(self.config.location, {})
        staged = store.stage(context, is_single_file=True)
        try:
            rows = self.write_rows(frame, staged.path)
            if rows:
                staged.commit()
        finally:
            staged.abort()
        return WriteReport(rows=rows)


class _Unchecked(_Good):
    def check(self, schema: pa.Schema, context: RunContext) -> None:
        """Whatever comes is fine."""


class _Vague(_Good):
    def check(self, schema: pa.Schema, context: RunContext) -> None:
        if pa.month_day_nano_interval() in schema.types:
            raise DestinationError("there are columns that cannot be written")


class _Foreign(_Good):
    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        self.target.open("ab").close()
        return super().write(frame, context)


class _Keeping(_Good):
    def use(self, password: str) -> None:
        self.password = password


class _Unresolved(_Good):
    def use(self, password: str) -> None:
        """Take any."""

    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        return WriteReport(rows=0)


_left: list[Any] = []


class _Leaking(_Good):
    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        report = super().write(frame, context)
        _left.append(self.target.open("rb"))
        return report


class _OnlyInTheKit(_Good):
    def prepare(self, context: RunContext) -> None:
        if context.run_id != "kit":
            raise DestinationError("this is a real run")


class _Signed(_Good):
    def described(self, schema: pa.Schema) -> pa.Schema:
        return pa.schema(
            [each.with_type(pa.int64()) if each.type == pa.uint8() else each for each in schema]
        )


class _Structless(_Good):
    def changed(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        if any(map(pa.types.is_struct, batch.schema.types)):
            raise ValueError("structs were forgotten")
        return batch


class _Underscored(_Good):
    def described(self, schema: pa.Schema) -> pa.Schema:
        return pa.schema([each.with_name(each.name.replace(" ", "_")) for each in schema])


class _Stripping(_Good):
    def changed(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        rows = [
            {key: value.strip() if isinstance(value, str) else value for key, value in row.items()}
            for row in batch.to_pylist()
        ]
        return pa.RecordBatch.from_pylist(rows, schema=schema)


class _InPlaceSuite(_Suite):
    """At the top of this module, so that the process that is killed can make it."""

    offered = _InPlace


class _AddsAgain(_Good):
    def write_rows(self, frame: Frame, path: Path) -> int:
        rows = super().write_rows(frame, path)
        if self.target.exists():
            old = pa.ipc.open_stream(self.target.read_bytes()).read_all()
            new = pa.ipc.open_stream(path.read_bytes()).read_all()
            with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, new.schema) as writer:
                writer.write_table(pa.concat_tables([old, new]))
        return rows


class _TellsNothing(_Good):
    restarts = "before_commit"


class _TellsLate(_Good):
    restarts = "before_commit"

    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        report = super().write(frame, context)
        context.committing()
        return report


_MISTAKES: list[tuple[str, type[Destination[Any]], str]] = [
    ("test_type_is_a_tag", _Shouting, "offers no destination of type 'arrow_file'"),
    ("test_model_describes_itself", _WithoutName, "what the suite's config gives is not valid"),
    ("test_model_describes_itself", _Thawed, "_ThawedConfig is not frozen"),
    ("test_unknown_keys_are_told", _Ignoring, "does not exist is taken without a word"),
    ("test_reports_the_rows_it_wrote", _Miscounting, "the report tells 1 rows of 5"),
    ("test_reports_the_rows_it_wrote", _Nothing, "write returns NoneType"),
    ("test_looking_changes_nothing", _Preparing, "prepare, check or describe_write changes"),
    ("test_says_what_a_write_would_do", _OddPlan, "describe_write gives str"),
    ("test_says_what_a_write_would_do", _WrongPlan, "a write would create, it is said"),
    ("test_says_what_a_write_would_do", _BlindPlan, "one column more it is said: {}"),
    ("test_second_write_takes_effect", _FirstWins, "the second write changes nothing"),
    ("test_failed_query_leaves_what_was_there", _InPlace, "midway the target is not as it was"),
    ("test_failed_query_leaves_what_was_there", _Littering, r"there is still \['out.tmp'\]"),
    ("test_failed_query_leaves_what_was_there", _Renaming, "EngineError becomes DestinationError"),
    ("test_failed_query_leaves_what_was_there", _Swallowing, "write returns as if all were well"),
    ("test_first_write_that_fails_leaves_nothing", _InPlace, "something is at the target"),
    ("test_ended_thread_leaves_what_was_there", _OnlyExceptions, "target is not as it was"),
    ("test_can_write_again_after_memory_ran_out", _Accumulating, "tells 14 rows of 8"),
    ("test_nothing_is_committed_once_the_run_is_stopped", _Untold, "after the run was stopped"),
    ("test_may_begin_again_as_it_says", _AddsAgain, "a second attempt at the same run changes"),
    ("test_may_begin_again_as_it_says", _TellsNothing, "tells of its commit never"),
    ("test_may_begin_again_as_it_says", _TellsLate, "or too late"),
    ("test_memory_is_bounded", _Collecting, "memory grows by"),
    ("test_results_may_be_empty", _NeedsRows, "after an empty result there are 3 rows"),
    ("test_schemas_are_refused_before_data_moves", _Unchecked, "nothing is raised"),
    ("test_schemas_are_refused_before_data_moves", _Vague, "does not name a span"),
    ("test_errors_say_what_is_missing", _Foreign, "NotADirectoryError is raised"),
    ("test_secrets_are_shown_nowhere", _Keeping, "can be read in the destination"),
    ("test_secrets_are_shown_nowhere", _Unresolved, "never resolved"),
    ("test_leaves_nothing_open", _Leaking, "there is still: open file"),
    ("test_works_in_a_run", _OnlyInTheKit, "this is a real run"),
    ("test_types_survive", _Signed, "uint8: column 'uint8' is int64 instead of uint8"),
    ("test_other_types_are_refused_or_written", _Structless, "structs were forgotten"),
    ("test_awkward_names_survive", _Underscored, "the columns are"),
    ("test_awkward_texts_survive", _Stripping, "' padded '"),
    ("test_killed_process_leaves_what_was_there", _InPlace, "killed in the middle of its write"),
]
"""A check, a destination with the mistake that it is there for, and what it says."""


@pytest.mark.parametrize(
    ("check", "destination", "words"),
    [pytest.param(*each, id=f"{each[0][5:]}:{each[1].__name__}") for each in _MISTAKES],
)
def test_a_mistake_is_found(
    check: str, destination: type[Destination[Any]], words: str, tmp_path: Path
) -> None:
    """The check fails, in words that name the mistake and what to do about it."""
    suite = _InPlaceSuite() if "killed" in check else _Suite()
    suite.offered = destination
    with pytest.raises(pytest.fail.Exception, match=f"(?s){words}") as caught:
        getattr(suite, check)(tmp_path)
    assert "\n  help: " in str(caught.value)
    while _left:
        _left.pop().close()


def test_a_target_may_add_rows(tmp_path: Path) -> None:
    """What appends keeps what was there, in each check that writes twice."""

    class Appending(_Good):
        def write_rows(self, frame: Frame, path: Path) -> int:
            new = frame.stream().read_all()
            old = (
                pa.ipc.open_stream(self.target.read_bytes()).read_all()
                if self.target.exists()
                else new.slice(0, 0)
            )
            with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, new.schema) as writer:
                writer.write_table(pa.concat_tables([old, new]))
            return int(new.num_rows)

    class AppendingSuite(_Suite):
        appends = True
        offered = Appending

    for check in ("test_second_write_takes_effect", "test_reports_the_rows_it_wrote"):
        getattr(AppendingSuite(), check)(tmp_path / check)


def test_a_target_may_hold_something_else(tmp_path: Path) -> None:
    """Where rows cannot be read back, the state of the target is compared."""

    class Counting(_Good):
        def write_rows(self, frame: Frame, path: Path) -> int:
            rows: int = sum(batch.num_rows for batch in frame.stream())
            path.write_text(str(rows))
            return rows

    class CountingSuite(_Suite):
        keeps_rows = False
        offered = Counting

        def state(self, folder: Path) -> object:
            path = folder / "out.arrow"
            return path.read_bytes() if path.exists() else None

    checks = [name for name in _CHECKS if callable(getattr(CountingSuite, name))]
    assert "test_types_survive" not in checks
    for check in ("test_reports_the_rows_it_wrote", "test_failed_query_leaves_what_was_there"):
        assert check in checks
        getattr(CountingSuite(), check)(tmp_path / check)


def test_a_suite_that_cannot_look_is_told(tmp_path: Path) -> None:
    """Or every check would pass, since nothing ever changes."""

    class BlindSuite(_Suite):
        read_back = DestinationSuite.read_back

    for check in ("test_first_write_that_fails_leaves_nothing", "test_reports_the_rows_it_wrote"):
        with pytest.raises(pytest.fail.Exception, match="override read_back"):
            getattr(BlindSuite(), check)(tmp_path / check)
