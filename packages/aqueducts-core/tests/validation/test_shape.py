"""Plain data against models of all shapes that a plugin may have."""

from __future__ import annotations

from types import ModuleType
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    model_validator,
)

from aqueducts.connectors import FileFormat, ModelClass, RunContext, Source
from aqueducts.diagnostics import Problem
from aqueducts.errors import PipelineError
from aqueducts.hookspecs import hookimpl
from aqueducts.models.fields import PipelineModel, WriteFormat
from aqueducts.pipeline import Pipeline
from aqueducts.plugins import Plugins
from aqueducts.relations import GivenTable, Relation


class Append(PipelineModel):
    """One way to write."""

    operation: Literal["append"]


class Upsert(PipelineModel):
    """Another way to write."""

    operation: Literal["upsert"]
    params: list[str]


class Open(PipelineModel):
    """Takes any key."""

    model_config = ConfigDict(extra="ignore")

    known: int = 1


class OpenTexts(PipelineModel):
    """Takes any key with a text."""

    __pydantic_extra__: dict[str, str]


class Closed(BaseModel):
    """Refuses other keys by itself."""

    model_config = ConfigDict(extra="forbid")

    known: int = 1


class Mapped(RootModel[dict[str, Open]]):
    """Mappings by any name."""


class Point(PipelineModel):
    """Refuses values together."""

    x: int = 0
    y: int = 0

    @model_validator(mode="after")
    def _check(self) -> Point:
        if self.x == self.y != 0:
            raise ValueError("x and y are equal")
        return self


class Config(PipelineModel):
    """Fields of many shapes."""

    type: Literal["shapes"]
    name: str
    mode: Annotated[Append | Upsert, Discriminator("operation")] | None = None
    plain_union: Append | Upsert | None = None
    either: int | list[int] | None = None
    opened: Open = Open()
    texts: OpenTexts | None = None
    closed: Closed = Closed()
    mapped: Mapped | None = None
    by_name: dict[str, Open] = Field(default_factory=dict)
    points: list[Point] = Field(default_factory=list)
    pair: tuple[Point, ...] = ()
    size_bytes: int | None = Field(default=None, validation_alias=AliasChoices("bytes", "size"))
    ratio: float = Field(default=1.0, gt=0, le=2)
    maybe_flag: bool | int = 0
    format: WriteFormat | None = None


class Shapes(Source[Config]):
    """A source of that config."""

    type = "shapes"
    config_model: ClassVar[ModelClass] = Config

    def open(self, context: RunContext) -> Relation:
        """Never called."""
        return GivenTable("")


class ReadOnly(FileFormat):
    """A format that cannot be written."""

    type = "read_only"
    extensions = (".ro",)
    read_options: ClassVar[ModelClass] = Open

    def scan(self, *_: Any) -> Relation:
        """Never called."""
        return GivenTable("")


class Writable(ReadOnly):
    """A format that can."""

    type = "writable"
    write_options: ClassVar[ModelClass | None] = Open


def _plugins() -> Plugins:
    module = ModuleType("shapes")

    @hookimpl
    def aqueducts_sources() -> list[Any]:
        return [Shapes]

    @hookimpl
    def aqueducts_file_formats() -> list[Any]:
        return [ReadOnly, Writable]

    module.aqueducts_sources = aqueducts_sources  # type: ignore[attr-defined]  # a plugin at hand
    module.aqueducts_file_formats = aqueducts_file_formats  # type: ignore[attr-defined]  # as above
    return Plugins.of(shapes=module)


PLUGINS = _plugins()


def read(**fields: Any) -> Pipeline:
    """Return a pipeline with one source of these fields."""
    return Pipeline.from_dict(
        {"sources": [{"type": "Shapes", "name": "a", **fields}]}, plugins=PLUGINS
    )


def problems(**fields: Any) -> list[str]:
    """Return what is wrong with these fields, errors and warnings."""
    try:
        found = read(**fields).warnings
    except PipelineError as error:
        found = tuple(each for each in error.problems if isinstance(each, Problem))
    return [each.message.removeprefix("sources[0].") for each in found]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"mode": {"operation": "Append"}}, []),
        ({"mode": {"operation": "upsert", "params": []}}, []),
        (
            {"mode": {"operation": "upser", "params": []}},
            ["mode.operation: unknown operation 'upser'"],
        ),
        (
            {"mode": {"operation": "upsert"}},
            ["mode.params: 'params' is missing in mode of source 'a'"],
        ),
        ({"mode": {}}, ["mode: 'operation' is missing"]),
        (
            {"mode": {"operation": "upsert", "params": [1]}},
            ["mode.params[0]: 'params[0]' must be text, not a number"],
        ),
        (
            {"plain_union": {"operation": "append", "x": 1}},
            ["plain_union.x: unknown key 'x' in plain_union of source 'a'"],
        ),
        ({"either": 1}, []),
        ({"either": [1]}, []),
        ({"either": {}}, ["either: 'either' must be a whole number or a list, not a mapping"]),
        ({"opened": {"anything": 1}}, []),
        ({"texts": {"anything": "x"}}, []),
        ({"texts": {"anything": 1}}, ["texts.anything: 'anything' must be text, not a number"]),
        ({"closed": {"anything": 1}}, ["closed.anything: unknown key 'anything'"]),
        (
            {"mapped": {"a": {"known": "x"}}},
            ["mapped.a.known: 'known' must be a whole number, not the text 'x'"],
        ),
        (
            {"by_name": {"a": {"known": True}}},
            ["by_name.a.known: 'known' must be a whole number, not true"],
        ),
        ({"points": [{}, {"z": 1}]}, ["points[1].z: unknown key 'z' in points[1] of source 'a'"]),
        ({"points": [{"x": 1, "y": 1}]}, ["points[0]: x and y are equal"]),
        (
            {"pair": [{"x": 1}, {"x": "q"}]},
            ["pair[1].x: 'x' must be a whole number, not the text 'q'"],
        ),
        ({"bytes": 1}, []),
        ({"size": 1}, []),
        ({"size_bytes": 1}, []),
        ({"size": "x"}, ["size: 'size' must be a whole number, not the text 'x'"]),
        ({"ratio": True}, ["ratio: 'ratio' must be a number, not true"]),
        ({"ratio": 0}, ["ratio: 'ratio' must be more than 0, not the number 0"]),
        ({"ratio": 3}, ["ratio: 'ratio' must be at most 2, not the number 3"]),
        ({"ratio": "1.5"}, []),
        ({"maybe_flag": True}, []),
        ({"format": {"type": "Writable", "options": None}}, []),
        (
            {"format": {"type": "read_only"}},
            ["format.type: file format 'read_only' can be read but not written"],
        ),
    ],
)
def test_what_is_found(fields: dict[str, Any], expected: list[str]) -> None:
    """Keys, tags and values, in models of every shape."""
    assert problems(**fields) == expected


def test_old_names_give_the_same_model() -> None:
    """Whichever name a file uses."""
    assert read(bytes=3) == read(size=3) == read(size_bytes=3)
    assert read(size=3).sources[0].size_bytes == 3


def test_a_config_may_be_the_only_one_of_its_kind() -> None:
    """With one source installed there is no union; a wrong type is told all the same."""
    with pytest.raises(PipelineError, match="unknown source type 'shape'"):
        Pipeline.from_dict({"sources": [{"type": "shape", "name": "a"}]}, plugins=PLUGINS)
