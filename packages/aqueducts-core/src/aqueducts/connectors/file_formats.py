"""Formats of files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from pydantic import BaseModel

from aqueducts.frames import EngineWriter, StreamWriter
from aqueducts.relations import DataFile, Relation

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FileFormat", "ModelClass"]

ModelClass: TypeAlias = type[BaseModel]
"""A pydantic model, as a class."""


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
        file: DataFile,  # noqa: ARG002 - for formats that can tell
        options: BaseModel,  # noqa: ARG002
    ) -> Mapping[str, pa.DataType | None] | None:
        """Columns of a file that was written once, with their types where the file tells them.

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
