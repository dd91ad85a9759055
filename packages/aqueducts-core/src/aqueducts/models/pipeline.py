"""The model of a whole pipeline file, joined from the models of the installed plugins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, Discriminator, Field, create_model

from aqueducts.models.fields import (
    PipelineModel,
    ReadFormat,
    WriteFormat,
    empty_list,
    empty_mapping,
)
from aqueducts.models.stages import Stage

__all__ = ["FormatModels", "PipelineDocument", "build_pipeline_model"]


class PipelineDocument(PipelineModel):
    """Base of the joined model; what every pipeline has."""

    version: str = Field(default="v2", description="Version of the pipeline format.")
    sources: list[Any] = Field(default_factory=empty_list, description="Tables to read.")
    stages: list[list[Stage]] = Field(
        default_factory=empty_list,
        description="Groups of stages; the stages of one group run at the same time.",
    )
    destination: Any = Field(default=None, description="Where the last stage is written.")


class FormatModels(NamedTuple):
    """Option models of one file format."""

    read: type[BaseModel]
    write: type[BaseModel] | None = None


def build_pipeline_model(
    sources: Mapping[str, type[BaseModel]],
    destinations: Mapping[str, type[BaseModel]],
    formats: Mapping[str, FormatModels],
) -> type[PipelineDocument]:
    """Join the models of connectors, by their canonical type tags, into one pipeline model."""
    read = _union([_format_model(ReadFormat, tag, each.read) for tag, each in formats.items()])
    write = _union(
        [
            _format_model(WriteFormat, tag, each.write)
            for tag, each in formats.items()
            if each.write is not None
        ]
    )
    source = _union([_with_formats(model, read, write) for model in sources.values()])
    destination = _union([_with_formats(model, read, write) for model in destinations.values()])
    return create_model(
        "Pipeline",
        __base__=PipelineDocument,
        sources=(list[source], PipelineDocument.model_fields["sources"]),  # type: ignore[valid-type]  # made at run time
        destination=(destination | None, PipelineDocument.model_fields["destination"]),
    )


def _format_model(base: type[BaseModel], tag: str, options: type[BaseModel]) -> type[BaseModel]:
    name = f"{tag.title().replace('_', '')}{base.__name__}"
    # Not `default_factory=options`: that class would build validators of its own.
    field = Field(
        default_factory=empty_mapping, validate_default=True, description="Options of the format."
    )
    return create_model(
        name,
        __base__=base,
        type=(Literal[tag], Field(description="File format.")),  # type: ignore[arg-type]  # made at run time
        options=(options, field),
    )


def _with_formats(model: type[BaseModel], read: Any, write: Any) -> type[BaseModel]:
    """The model with every field of type ReadFormat or WriteFormat opened to what is installed."""
    opened: dict[Any, Any] = {
        ReadFormat: read,
        WriteFormat: write,
        ReadFormat | None: read | None,
        WriteFormat | None: write | None,
    }
    changed: dict[str, Any] = {
        name: (opened[field.annotation], field)
        for name, field in model.model_fields.items()
        if field.annotation in opened
    }
    if not changed:
        return model
    return create_model(model.__name__, __base__=model, __doc__=model.__doc__, **changed)


def _union(models: Iterable[type[BaseModel]]) -> Any:
    members = list(models)
    if not members:
        return Any
    if len(members) == 1:
        return members[0]
    # Not `Field(discriminator=...)`: what a field says of itself would replace it.
    return Annotated[reduce(or_, members), Discriminator("type")]
