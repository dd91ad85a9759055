"""Kinds of places to write results to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel

from aqueducts.connectors.file_formats import FileFormat, ModelClass
from aqueducts.connectors.stores import RunContext
from aqueducts.frames import Frame, WriteReport

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.plan_facts import TargetChange

__all__ = ["Destination"]

ConfigT = TypeVar("ConfigT", bound=BaseModel)


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
    restarts: ClassVar[Literal["before_write", "before_commit", "any_time"]] = "before_write"
    """Until when a run whose process was killed for its memory may begin again in another one.

    `any_time`: a write that follows one of the same `context.run_id`, committed or not, leaves the
    target as one write does: what is there is replaced as a whole, or the commit is looked up by
    the run. `before_commit`: `write` calls `context.committing()` before it commits. With
    `before_write` nothing is known, and no run begins again that has called `write`.
    """

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
