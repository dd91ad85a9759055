"""What the author of a plugin implements.

A plugin returns classes from its hooks (`aqueducts.hookspecs`). Each class names its `type`, the
tag in pipeline files, and a pydantic model of its fields; the models of all installed plugins
together are the pipeline format. Instances are made per run with their part of the file.

Connectors never see the engine's session, another plugin, or a credential they did not ask for.
Their methods run in worker threads of the run and may block; a run calls the methods of one object
one after another, from whatever thread is free. What they raise that is not one of
`aqueducts.errors` becomes a SourceError or DestinationError with its text.

`aqueducts.testing` has a suite of checks for each kind of connector.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

import msgspec
from pydantic import BaseModel, SecretStr

from aqueducts.events import Event
from aqueducts.frames import EngineWriter, Frame, SessionTables, StreamWriter, WriteReport
from aqueducts.relations import DataFile, Relation
from aqueducts.shortage import Shortage, Strain

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.plan_facts import QueryPlan, TargetChange

__all__ = [
    "Destination",
    "Engine",
    "EngineSettings",
    "EngineWriter",
    "FileFormat",
    "Frame",
    "Listing",
    "ObjectStoreType",
    "RunContext",
    "RunInfo",
    "SecretResolver",
    "Session",
    "SessionTables",
    "Source",
    "StagedWrite",
    "Store",
    "StreamWriter",
    "UdfPack",
    "WriteReport",
]

ModelClass: TypeAlias = type[BaseModel]
"""A pydantic model, as a class."""

ConfigT = TypeVar("ConfigT", bound=BaseModel)


class RunInfo(msgspec.Struct, frozen=True):
    """Which run an event belongs to."""

    run_id: str
    pipeline: str | None = None


class RunContext(Protocol):
    """What a run lends to its connectors."""

    @property
    def run_id(self) -> str:
        """Unique id of this run."""

    @property
    def work_dir(self) -> Path:
        """Folder of this run for temporary files; removed whatever happens."""

    @property
    def tables(self) -> SessionTables | None:
        """Tables of the caller's session; None where the caller gave no session."""

    def reveal(self, value: str | SecretStr) -> str:
        """The text with `${secret:...}` references resolved. Never store or log the result.

        The run keeps what was resolved, and every SecretStr that is passed here, out of its events
        and errors. Raises SecretError.
        """

    def store(self, location: str, options: Mapping[str, str | SecretStr]) -> Store:
        """The store that serves `location`; references in both are resolved.

        Raises MissingPluginError, StorageError, SecretError.
        """

    def emit(self, event: Event) -> object:
        """Tell an event of this run, from any thread. Secrets are masked on the way."""

    def staged(self, write: StagedWrite) -> None:
        """Tell the run of a staged write, so that it is removed whatever happens.

        Call it before anything can be committed. The run calls `forbid_commit` when it is stopped,
        and `abort` at its end, also after `commit`. Stores tell of their own writes.
        """


class Source(ABC, Generic[ConfigT]):
    """A kind of table to read.

    A run makes one object per source. Its attributes `config`, an instance of `config_model`, and
    `formats`, all file formats by their tags, are set.
    """

    type: ClassVar[str]
    """Its tag in pipeline files, in snake_case."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """Other tags that are accepted."""
    config_model: ClassVar[ModelClass]
    """Its fields, among them `type: Literal[...]` and `name`, the name of the table."""

    def __init__(self, config: ConfigT, formats: Mapping[str, FileFormat] | None = None) -> None:
        self.config = config
        self.formats = formats or {}

    @abstractmethod
    def open(self, context: RunContext) -> Relation:
        """Describe the relation. May look at the source's schema, may not read its data.

        Called once in a run, while other sources are opened. Connections that it opens to look at
        the schema are closed when it returns; those to read are opened by the relation.

        Raises SourceError, StorageError, SecretError.
        """


class Destination(ABC, Generic[ConfigT]):
    """A kind of place to write the result to. Every write is all or nothing.

    A run makes one object and calls `prepare`, then `check`, then `write`. Its attributes `config`,
    an instance of `config_model`, and `formats`, all file formats by their tags, are set.
    """

    type: ClassVar[str]
    """Its tag in pipeline files, in snake_case."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """Other tags that are accepted."""
    config_model: ClassVar[ModelClass]
    """Its fields, among them `type: Literal[...]` and `name`, what the step is called."""

    def __init__(self, config: ConfigT, formats: Mapping[str, FileFormat] | None = None) -> None:
        self.config = config
        self.formats = formats or {}

    def prepare(self, context: RunContext) -> None:
        """Look at the target before any source is opened. Changes nothing the user can see.

        Raises DestinationError, StorageError, SecretError.
        """

    def check(self, schema: pa.Schema, context: RunContext) -> None:
        """Refuse a schema that cannot be written, before any data is read.

        Raises DestinationError that names the columns.
        """

    def describe_write(
        self,
        schema: pa.Schema,  # noqa: ARG002 - for those that can tell
        context: RunContext,  # noqa: ARG002
    ) -> TargetChange | None:
        """What writing a result with this schema would do to what is there; changes nothing.

        None, as here, means that this destination cannot tell.
        """
        return None

    @abstractmethod
    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        """Write the frame in one step: on any error the target is as it was before.

        Errors of the frame pass through as they are. So does what a stopped run raises in this
        thread, which is no Exception: clean up in `finally`. Nothing is committed after
        `forbid_commit`, see `RunContext.staged`. May be called again in the same run after it
        raised OutOfMemoryError.

        Raises DestinationError, StorageError, SecretError.
        """


class FileFormat(ABC):
    """A format of files: how to read and write it. Names its two option models.

    Made without arguments. `options` are always an instance of the model for reading or writing.
    """

    type: ClassVar[str]
    """Its tag in pipeline files, in snake_case."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """Other tags that are accepted."""
    extensions: ClassVar[tuple[str, ...]]
    """File name endings without compression, in lower case, with their dot."""
    read_options: ClassVar[ModelClass]
    """Options to read files; PipelineModel where there are none."""
    write_options: ClassVar[ModelClass | None] = None
    """Options to write files. None: this format is read only."""

    @abstractmethod
    def scan(
        self, files: Sequence[DataFile], options: BaseModel, partitions: pa.Schema | None
    ) -> Relation:
        """Describe the files as one relation: a FileScan, or an ArrowStream.

        There is at least one file. `partitions` are columns whose values are in the names of
        folders: the relation has them behind its own, with each file's `partition_values`.

        Raises SourceError.
        """

    def check_schema(self, schema: pa.Schema, options: BaseModel) -> None:  # noqa: B027 - a format that writes everything has nothing to check
        """Refuse columns that this format cannot hold, naming them (DestinationError)."""

    def columns_of(
        self,
        path: Path,  # noqa: ARG002 - for formats that can tell
        options: BaseModel,  # noqa: ARG002
    ) -> Mapping[str, pa.DataType | None] | None:
        """Columns of a written file, with their types where the file tells them.

        `options` are those for writing. None, as here, means that this cannot be told.
        """
        return None

    def stored_type(self, data_type: pa.DataType) -> pa.DataType:
        """The type that a column has in a file of this format once it is written."""
        return data_type

    def writer(
        self, schema: pa.Schema, options: BaseModel, file_name: str
    ) -> EngineWriter | StreamWriter:
        """How `schema` is written, once `check_schema` has taken it.

        `file_name` is the target's, for endings like `.csv.gz`; empty for a folder.
        """
        raise NotImplementedError(f"file format {self.type!r} is read only")

    def count_rows(self, path: Path, options: BaseModel) -> int:
        """Rows of one written file, read back from the file itself."""
        raise NotImplementedError(f"file format {self.type!r} is read only")


class Listing(msgspec.Struct, frozen=True):
    """Files found at a location, sorted by path, and the folder they were found under."""

    root: str
    files: Sequence[DataFile]
    is_directory: bool = False
    """Whether the location was a folder or a glob (False: exactly one file)."""
    skipped: Sequence[str] = ()
    """Paths that were passed over because of their ending."""


class StagedWrite(ABC):
    """A write that nobody sees before `commit`."""

    path: Path
    """Local path to write to: does not exist yet. A file's name ends like the target's.

    Left unset by what writes elsewhere, such as a transaction.
    """

    @abstractmethod
    def commit(self) -> None:
        """Put what was written in the place of the target in one step, durably.

        Raises StorageError; the target is then as it was. So it does after `abort` or
        `forbid_commit`.
        """

    @abstractmethod
    def abort(self) -> None:
        """Remove what was written. May be called at any time, from any thread, more than once.

        After `commit` it leaves the target alone. Raises nothing: what cannot be removed is left,
        and an error would hide the one that ended the run.
        """

    def forbid_commit(self) -> None:
        """Make `commit` fail from now on, since the run is being stopped; `abort` comes later.

        May be called at any time, from any thread, and must not take long.
        """
        self.abort()


class Store(ABC):
    """Access to one location."""

    @abstractmethod
    def find(self, extensions: Sequence[str]) -> Listing:
        """Files at the location: a file, a folder (walked), or a glob.

        A folder gives what ends in one of `extensions`, plain or compressed; a file or glob gives
        what it names. Raises StorageError where nothing is there.
        """

    def find_target(self, extensions: Sequence[str]) -> Listing | None:
        """Files that a write to the location would replace; None where nothing is there.

        Raises NotImplementedError, as here, where the store cannot tell.
        """
        raise NotImplementedError

    @abstractmethod
    def check_target(self, *, is_single_file: bool, extensions: Sequence[str]) -> None:
        """Refuse to write here where that would destroy something else (StorageError).

        Changes nothing that users see. A folder that holds other things than data files with
        these extensions is refused.
        """

    @abstractmethod
    def stage(self, context: RunContext, *, is_single_file: bool) -> StagedWrite:
        """Begin a write that replaces the location in one step; tells `context.staged` of it."""


class ObjectStoreType(ABC):
    """A kind of store, by the schemes of its URLs. The local file system has scheme `file`."""

    schemes: ClassVar[tuple[str, ...]]

    @abstractmethod
    def open(self, location: str, options: Mapping[str, str]) -> Store:
        """The store for a location; no connection is needed yet.

        `options` is what `storage_config` says, with secrets resolved.
        Raises StorageError for a bad location or options, without their values.
        """


class SecretResolver(ABC):
    """Resolves `${secret:SCHEME:REF}`. Made without arguments when a run first needs it."""

    scheme: ClassVar[str]
    """In lower case."""

    @abstractmethod
    def resolve(self, reference: str) -> str:
        """The secret. Called once per reference and run, from any thread.

        Raises SecretError that names the reference, never a value, with a hint.
        """


class UdfPack(msgspec.Struct, frozen=True):
    """Functions for queries."""

    name: str
    """Unique among all packs."""
    engine: str
    """Name of the engine that they are for; others pass them over."""
    register: Callable[[Any], None]
    """Called once in a run, with what the engine offers: a `datafusion.SessionContext`."""
    volatile_functions: tuple[str, ...] = ()
    """Functions that give another result each time; stages with them are run once and kept."""
    mentions: tuple[str, ...] = ()
    """Names of functions, and operators, that a query needs the pack for: `register` is called for
    the first query that has one of them, in capitals or not. None: when the run begins."""
    prepare: Callable[[Any, str], str] | None = None
    """Gives the query that the engine is to run for one as written, after `register` and with the
    same argument: for calls that the engine could not run as they are."""


class EngineSettings(msgspec.Struct, frozen=True):
    """What a run asks of the engine."""

    work_dir: Path
    max_memory_bytes: int | None = None
    """Memory that the whole process should stay under; None means what the machine has."""
    threads: int | None = None
    options: Mapping[str, str] = msgspec.field(default_factory=dict)
    functions: Sequence[UdfPack] = ()
    shortage: Shortage | None = None
    """Of an attempt at the same run that had too little memory: this one is to use less."""
    now: datetime | None = None
    """What the functions that tell the time give, with a time zone; None means the clock."""


class Session(ABC):
    """One run's tables in an engine. Methods block; several threads may call at once.

    Names of tables may be anything; `FROM Orders` finds `Orders` as well as `orders`. What a query
    does wrong is an EngineError; only queries are run, no other statement.
    """

    @abstractmethod
    def register(self, name: str, relation: Relation, *, is_joined: bool) -> pa.Schema:
        """Make a source known by name; `is_joined` tells that a query joins it.

        Reads no rows but what a schema needs. Raises EngineError, with the name, for what is no
        relation or one that this engine cannot read.
        """

    @abstractmethod
    def define(self, name: str, query: str) -> pa.Schema:
        """Make a stage known by name as a view, fully checked, without reading data.

        Replaces a stage of this name. Raises EngineError for unknown tables, columns and
        functions, for types that do not fit and for two columns of one name.
        """

    @abstractmethod
    def materialise(self, name: str) -> tuple[int, int]:
        """Run a stage once and keep its rows, in order, in its place; returns rows and bytes."""

    @abstractmethod
    def drop(self, name: str) -> None:
        """Forget a table and what it holds."""

    @abstractmethod
    def head(self, name: str, limit: int) -> pa.Table:
        """The first rows of a table."""

    @abstractmethod
    def explain(self, name: str, *, analyze: bool) -> str:
        """The plan of a stage as text; with `analyze` the stage is run and measured."""

    def describe(self, name: str) -> QueryPlan | None:  # noqa: ARG002 - for engines that can
        """What running a table's query would read and hold, without running it.

        None, as here, means that the engine cannot tell.
        """
        return None

    @abstractmethod
    def frame(self, name: str) -> Frame:
        """A table as a frame for a destination."""

    @abstractmethod
    def rows_read(self) -> Mapping[str, int]:
        """Rows read so far per source, as far as the engine knows; cheap, from any thread."""

    @abstractmethod
    def rows_out(self) -> int:
        """Rows that have left the engine so far in streams and files; cheap, from any thread."""

    @abstractmethod
    def replan(self, error: Exception) -> str | None:
        """Choose another plan after an OutOfMemoryError; what changed, or None for no other.

        Tables stay as they are.
        """

    @property
    def economy(self) -> str | None:
        """What this session does otherwise after a shortage, in a few words; None for nothing."""
        return None

    def strain(self) -> Strain | None:
        """What takes most memory in the queries that run now; cheap, from any thread."""
        return None

    @abstractmethod
    def interrupt(self) -> None:
        """Ask everything that runs to stop; from any thread, returns at once.

        Threads that wait for a query are ended by an exception, and no query begins after it.
        """

    @abstractmethod
    def close(self) -> None:
        """Forget all tables of this run. A caller's session keeps the caller's tables."""


class Engine(ABC):
    """Runs queries. Made without arguments."""

    name: ClassVar[str]
    """What settings call it."""

    @abstractmethod
    def open_session(self, settings: EngineSettings, given: Any | None) -> Session:
        """Begin a run; `given` is the caller's own session, in the engine's own type, or None."""

    @abstractmethod
    def check_syntax(self, query: str) -> tuple[str, int, int] | None:
        """Message, line and column (from 1) of a syntax error in a query, or None."""

    @abstractmethod
    def tables_of(self, given: Any) -> SessionTables:
        """The tables of a caller's own session."""

    @property
    @abstractmethod
    def volatile_functions(self) -> frozenset[str]:
        """Functions that give another result each time they are called, in lower case."""
