"""Where files are, and what a run lends to connectors: the context hands out stores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

import msgspec
from pydantic import SecretStr

from aqueducts.access import UNLIMITED, Access
from aqueducts.events import Event
from aqueducts.frames import SessionTables
from aqueducts.relations import DataFile

__all__ = [
    "Listing",
    "NativeAddress",
    "ObjectStoreType",
    "RunContext",
    "RunInfo",
    "StagedWrite",
    "Store",
]


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
    def access(self) -> Access:
        """What this run may reach.

        Ask it about paths and hosts that do not go through `store`, right before they are used.
        """

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

    def committing(self) -> None:
        """Tell the run that a commit begins which a second attempt would repeat.

        A run that is killed for its memory after this is not begun again. Raises StorageError
        where the run was stopped: nothing may be committed any more.
        """

    def staged(self, write: StagedWrite) -> None:
        """Tell the run of a staged write, so that it is removed whatever happens.

        Call it before anything can be committed. The run calls `forbid_commit` when it is stopped,
        and `abort` at its end, also after `commit`. Stores tell of their own writes.
        """


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

    permission: Callable[[str | None], None] | None = None
    """Set by the run; for `begin_commit`."""

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

    def begin_commit(self, proof: str | None = None) -> None:
        """Ask the run, right before the first step of `commit` that cannot be taken back.

        It may wait here for ever: a run that is being stopped gets no answer. So hold no lock that
        `abort` or `forbid_commit` needs. `proof` is what `Store.has_committed` knows this write by.
        """
        if self.permission is not None:
            self.permission(proof)

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


class NativeAddress(msgspec.Struct, frozen=True):
    """A location as libraries take it that bring their own clients, such as deltalake.

    Its `repr` shows no options: there may be secrets among them.
    """

    url: str
    options: Mapping[str, str] = {}
    """In the words of the Rust crate object_store, `aws_region` and such; with all that
    `storage_config` says, and the store's own defaults."""

    def __repr__(self) -> str:
        return f"NativeAddress({self.url!r})"


class Store(ABC):
    """Access to one location."""

    access: Access = UNLIMITED
    """What the run may reach; set by the run. `local_path` and all URLs were asked for already. A
    store of local files asks for what links lead to, right before it uses it."""

    @property
    def local_path(self) -> str | None:
        """The path that this is, where it is one of this machine; None, as here, for others."""
        return None

    @abstractmethod
    def find(self, extensions: Sequence[str]) -> Listing:
        """Files at the location: a file, a folder (walked), or a glob.

        Files that are not on this machine come with a `reader`. A folder gives what ends in one of
        `extensions`, plain or compressed; a file or glob gives what it names. Raises
        StorageError where nothing is there.
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

    def has_committed(self, proof: str) -> bool | None:  # noqa: ARG002 - for those that can tell
        """Whether the write with this proof is in place; None, as here, where that is unknown.

        `proof` is from `StagedWrite.begin_commit` of a process that ended before it could report.
        """
        return None

    def sweep(self) -> None:  # noqa: B027 - for those that leave something
        """Remove what writes to this location left whose processes were killed."""

    @abstractmethod
    def stage(self, context: RunContext, *, is_single_file: bool) -> StagedWrite:
        """Begin a write that replaces the location in one step; tells `context.staged` of it."""

    def native_address(self) -> NativeAddress:
        """The location for libraries that reach it with clients of their own.

        Raises NotImplementedError, as here, where none of them could; StorageError.
        """
        raise NotImplementedError

    def close(self) -> None:  # noqa: B027 - most have nothing to give back
        """Give back connections; what waits for an answer in other threads fails at once.

        The run calls it at its end and when it is stopped, from any thread, maybe more than once.
        Writes that were staged are aborted after it.
        """


class ObjectStoreType(ABC):
    """A kind of store, by the schemes of its URLs. The local file system has scheme `file`."""

    schemes: ClassVar[tuple[str, ...]]

    @abstractmethod
    def open(self, location: str, options: Mapping[str, str]) -> Store:
        """The store for a location; no connection is needed yet.

        `options` is what `storage_config` says, with secrets resolved.
        Raises StorageError for a bad location or options, without their values.
        """
