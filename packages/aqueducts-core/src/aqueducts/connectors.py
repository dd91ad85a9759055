"""What the author of a plugin implements.

A plugin returns classes from its hooks (`aqueducts.hookspecs`). Each class names its `type`, the
tag in pipeline files, and a pydantic model of its fields; the models of all installed plugins
together are the pipeline format. Instances are made per run with their part of the file.

Connectors never see the engine's session, another plugin, or a credential they did not ask for.
Their methods run in worker threads of the run and may block.
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
from aqueducts.relations import DataFile, Relation

if TYPE_CHECKING:
    import pyarrow as pa

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


class SessionTables(Protocol):
    """The tables of the session that the caller passed to `run`."""

    def names(self) -> Sequence[str]:
        """Names of all tables that are there."""

    def register(self, name: str, reader: pa.RecordBatchReader) -> int:
        """Keep a stream as a table under `name` (replacing one) and return its rows."""


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
        """The text with `${secret:...}` references resolved. Never store or log the result."""

    def store(self, location: str, options: Mapping[str, str | SecretStr]) -> Store:
        """The store that serves `location`."""

    def emit(self, event: Event) -> object:
        """Tell an event of this run, from any thread. Secrets are masked on the way."""

    def staged(self, write: StagedWrite) -> None:
        """Tell the run of a staged write, so that it is removed whatever happens."""


class Source(ABC, Generic[ConfigT]):
    """A kind of table to read."""

    type: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    config_model: ClassVar[ModelClass]

    def __init__(self, config: ConfigT, formats: Mapping[str, FileFormat] | None = None) -> None:
        self.config = config
        self.formats = formats or {}

    @abstractmethod
    def open(self, context: RunContext) -> Relation:
        """Describe the relation. May look at the source's schema, may not read its data.

        Raises SourceError, StorageError, SecretError.
        """


class WriteReport(msgspec.Struct, frozen=True):
    """What a destination has committed."""

    rows: int
    size_bytes: int | None = None
    files: int | None = None
    location: str | None = None


class EngineWriter(msgspec.Struct, frozen=True):
    """A file format that the engine writes itself (`COPY ... STORED AS`)."""

    stored_as: str
    options: Mapping[str, str] = msgspec.field(default_factory=dict)
    extension: str = ""
    """With its dot; files in folders get it."""


class StreamWriter(msgspec.Struct, frozen=True):
    """A file format that Python writes: `write(reader, path)` returns the rows written."""

    write: Callable[[pa.RecordBatchReader, Path], int]
    extension: str = ""


class Frame(Protocol):
    """The result of a stage, ready to be streamed once or more."""

    @property
    def schema(self) -> pa.Schema:
        """Columns with plain types (no views), all nullable."""

    def check(self) -> None:
        """Plan the query to the end without running it.

        Raises EngineError for what only then shows.
        """

    def stream(self) -> pa.RecordBatchReader:
        """Run the query. Batches arrive as they are made; memory stays bounded.

        Raises EngineError while it is read.
        """

    def write_files(
        self,
        path: Path,
        writer: EngineWriter,
        *,
        is_single_file: bool,
        partition_columns: Sequence[str] = (),
    ) -> int:
        """Run the query into files with the engine's own writer; returns the rows written.

        `path` is a file, or a folder where `is_single_file` is False. An error leaves files that
        look whole and are not: write to a staged path only.
        """


class Destination(ABC, Generic[ConfigT]):
    """A kind of place to write the result to. Every write is all or nothing."""

    type: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    config_model: ClassVar[ModelClass]

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

    @abstractmethod
    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        """Write the frame in one step: on any error the target is as it was before.

        May be called again in the same run after it raised OutOfMemoryError.
        """


class FileFormat(ABC):
    """A format of files: how to read and write it. Names its two option models."""

    type: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    extensions: ClassVar[tuple[str, ...]]
    """File name endings without compression, with their dot."""
    read_options: ClassVar[ModelClass]
    write_options: ClassVar[ModelClass | None] = None
    """None: this format is read only."""

    @abstractmethod
    def scan(
        self, files: Sequence[DataFile], options: BaseModel, partitions: pa.Schema | None
    ) -> Relation:
        """Describe the files as one relation: a FileScan, or an ArrowStream."""

    def check_schema(self, schema: pa.Schema, options: BaseModel) -> None:  # noqa: B027 - a format that writes everything has nothing to check
        """Refuse columns that this format cannot hold, naming them (DestinationError)."""

    def writer(
        self, schema: pa.Schema, options: BaseModel, file_name: str
    ) -> EngineWriter | StreamWriter:
        """How `schema` is written. `file_name` is the target's, for endings like `.csv.gz`."""
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
    """Local path to write to: does not exist yet. A file's name ends like the target's."""

    @abstractmethod
    def commit(self) -> None:
        """Put what was written in the place of the target in one step, durably."""

    @abstractmethod
    def abort(self) -> None:
        """Remove what was written. May be called at any time, from any thread."""

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

        Raises StorageError where nothing is there.
        """

    @abstractmethod
    def check_target(self, *, is_single_file: bool, extensions: Sequence[str]) -> None:
        """Refuse to write here where that would destroy something else (StorageError)."""

    @abstractmethod
    def stage(self, context: RunContext, *, is_single_file: bool) -> StagedWrite:
        """Begin a write that replaces the location in one step; tells `context.staged` of it."""


class ObjectStoreType(ABC):
    """A kind of store, by the schemes of its URLs. The local file system has scheme `file`."""

    schemes: ClassVar[tuple[str, ...]]

    @abstractmethod
    def open(self, location: str, options: Mapping[str, str]) -> Store:
        """The store for a location. Raises StorageError for a bad location or options."""


class SecretResolver(ABC):
    """Resolves `${secret:SCHEME:REF}`."""

    scheme: ClassVar[str]

    @abstractmethod
    def resolve(self, reference: str) -> str:
        """The secret. Raises SecretError that names the reference, never the value."""


class UdfPack(msgspec.Struct, frozen=True):
    """Functions for queries. `register` gets what the engine offers for the purpose."""

    name: str
    engine: str
    register: Callable[[Any], None]
    volatile_functions: tuple[str, ...] = ()


class EngineSettings(msgspec.Struct, frozen=True):
    """What a run asks of the engine."""

    work_dir: Path
    max_memory_bytes: int | None = None
    """Memory that the whole process should stay under; None means what the machine has."""
    threads: int | None = None
    options: Mapping[str, str] = msgspec.field(default_factory=dict)
    functions: Sequence[UdfPack] = ()
    now: datetime | None = None
    """What the functions that tell the time give, with a time zone; None means the clock."""


class Session(ABC):
    """One run's tables in an engine. Methods block; several threads may call at once."""

    @abstractmethod
    def register(self, name: str, relation: Relation, *, is_joined: bool) -> pa.Schema:
        """Make a source known by name; `is_joined` tells that a query joins it."""

    @abstractmethod
    def define(self, name: str, query: str) -> pa.Schema:
        """Make a stage known by name as a view, fully checked, without reading data."""

    @abstractmethod
    def materialise(self, name: str) -> tuple[int, int]:
        """Run a stage once and keep its rows in its place; returns rows and bytes."""

    @abstractmethod
    def drop(self, name: str) -> None:
        """Forget a table and what it holds."""

    @abstractmethod
    def head(self, name: str, limit: int) -> pa.Table:
        """The first rows of a table."""

    @abstractmethod
    def explain(self, name: str, *, analyze: bool) -> str:
        """The plan of a stage as text; with `analyze` the stage is run and measured."""

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
        """Choose another plan after an OutOfMemoryError; what changed, or None for no other."""

    @abstractmethod
    def interrupt(self) -> None:
        """Ask everything that runs to stop; from any thread, returns at once."""

    @abstractmethod
    def close(self) -> None:
        """Forget all tables of this run."""


class Engine(ABC):
    """Runs queries."""

    name: ClassVar[str]

    @abstractmethod
    def open_session(self, settings: EngineSettings, given: Any | None) -> Session:
        """Begin a run; `given` is the caller's own session, in the engine's own type."""

    @abstractmethod
    def check_syntax(self, query: str) -> tuple[str, int, int] | None:
        """Message, line and column (from 1) of a syntax error in a query, or None."""

    @abstractmethod
    def tables_of(self, given: Any) -> SessionTables:
        """The tables of a caller's own session."""

    @property
    @abstractmethod
    def volatile_functions(self) -> frozenset[str]:
        """Functions that give another result each time they are called."""
