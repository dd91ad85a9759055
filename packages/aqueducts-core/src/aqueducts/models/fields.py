"""Building blocks for the models of pipeline files."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

__all__ = [
    "IS_LOCATION",
    "SECRET_REFERENCE",
    "Location",
    "Name",
    "PipelineModel",
    "ReadFormat",
    "StorageConfig",
    "Text",
    "WriteFormat",
    "empty_list",
    "empty_mapping",
    "scheme_of",
    "snake_case",
]


class PipelineModel(BaseModel):
    """Base of every model in a pipeline file.

    Unknown keys are kept aside (`model_extra`), so that loading can name them with their place.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        populate_by_name=True,
        hide_input_in_errors=True,
        # Most models are only parts of the joined pipeline model, which builds its own validators.
        defer_build=True,
    )


class ReadFormat(PipelineModel):
    """Format of files to read; the installed file formats fill it in."""

    type: str = Field(description="File format.")
    options: Any = None


class WriteFormat(PipelineModel):
    """Format of files to write; the installed file formats fill it in."""

    type: str = Field(description="File format.")
    options: Any = None


def empty_list() -> list[Any]:
    """A default for fields; of `list` itself pydantic takes a millisecond to find the signature."""
    return []


def empty_mapping() -> dict[str, Any]:
    """A default for fields, as `empty_list`."""
    return {}


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    if "\x00" in value:
        raise ValueError("must not hold a NUL character")
    return value


Text = Annotated[str, AfterValidator(_not_blank)]
"""Text that says something."""

Name = Annotated[str, AfterValidator(_not_blank)]
"""Name of a source, stage or destination; the table name in SQL."""

IS_LOCATION = "is a location"
"""Marks fields whose text is a location, so that loading can say that a scheme is not installed."""

Location = Annotated[str, AfterValidator(_not_blank), IS_LOCATION]
"""A path or a URL; relative paths are resolved against the working directory."""

StorageConfig = dict[str, SecretStr]
"""Options of an object store; values are masked wherever they would be shown."""

SECRET_REFERENCE = re.compile(r"\$\{secret:([a-zA-Z][a-zA-Z0-9_+.-]*):([^{}\n]+)\}")
"""A reference to a secret in a text: its scheme, and what the resolver of the scheme gets."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(tag: str) -> str:
    """`InMemory` as `in_memory`: the canonical spelling of a type tag."""
    return _WORD_START.sub("_", tag).lower()


def scheme_of(location: str) -> str:
    """Scheme of a URL in lower case; `file` for a path."""
    match = _URL.match(location)
    return match[1].lower() if match else "file"
