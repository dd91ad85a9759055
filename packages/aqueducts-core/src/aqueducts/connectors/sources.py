"""Kinds of tables to read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel

from aqueducts.connectors.file_formats import FileFormat, ModelClass
from aqueducts.connectors.stores import RunContext
from aqueducts.relations import Relation

__all__ = ["Source"]

ConfigT = TypeVar("ConfigT", bound=BaseModel)


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
