"""What a file of pipeline tests looks like."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    AwareDatetime,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from aqueducts.models.fields import PipelineModel, Text
from aqueducts.models.schema import DataTypeText, SchemaField

__all__ = [
    "Case",
    "Expectation",
    "ExpectedError",
    "Given",
    "Row",
    "Rows",
    "Setting",
    "TestDocument",
    "Tolerance",
]

Row: TypeAlias = dict[str, Any] | list[Any]
"""Values by column, or values in the order of `columns`."""

Rows: TypeAlias = list[Row]


def _kind(value: Any) -> str:
    """Which form a value is written in; a wrong one is told what a mapping needs."""
    match value:
        case list():
            return "list"
        case str():
            return "word"
        case _:
            return "mapping"


Columns: TypeAlias = Annotated[
    Annotated[dict[Text, DataTypeText], Tag("mapping")] | Annotated[list[SchemaField], Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list) else "mapping"),
]
"""`{id: int64}`, or a list of `{name, data_type}` as in pipeline files."""


class _Contents(PipelineModel):
    """Rows in one of three forms."""

    rows: Rows | None = Field(
        default=None,
        description="Rows: each a mapping from columns to values, or a list of values where "
        "`columns` names them.",
    )
    columns: list[Text] | None = Field(default=None, description="Names of the columns.")
    csv: str | None = Field(default=None, description="Rows as CSV with a header.")
    file: Text | None = Field(
        default=None, description="File with the rows; a relative path starts at the test file."
    )
    types: Columns | None = Field(
        default=None,
        alias="schema",
        description="Data types of the columns, as pipeline files name them.",
    )

    def given_forms(self) -> list[str]:
        """Return which of `rows`, `csv` and `file` are there."""
        return [name for name in ("rows", "csv", "file") if getattr(self, name) is not None]


class Given(_Contents):
    """Rows that stand in for a source. Exactly one of `rows`, `csv` and `file`."""

    columns: list[Text] | None = Field(
        default=None, description="Names of the columns, where rows are lists of values."
    )

    @model_validator(mode="after")
    def _one_form(self) -> Given:
        forms = self.given_forms()
        if len(forms) > 1:
            raise _error(f"{' and '.join(forms)} are given; a source has one of them", None)
        if not forms:
            advice = "add rows:, csv: or file:"
            if self.types is not None:
                advice = "add rows: [] for a source without rows"
            raise _error("there is nothing to read in the place of this source", advice)
        return self


Replacement: TypeAlias = Annotated[
    Annotated[Given, Tag("mapping")]
    | Annotated[Rows, Tag("list")]
    | Annotated[Literal["real"], Tag("word")],
    Discriminator(_kind),
]
"""What a test reads in the place of a source; `real` reads the source itself."""


class Tolerance(PipelineModel):
    """How far numbers with fractions may be from what is expected."""

    absolute: float = Field(default=0.0, ge=0, description="Largest difference.")
    relative: float = Field(
        default=0.0, ge=0, description="Largest difference, as a share of the expected number."
    )


class ExpectedError(PipelineModel):
    """An error, by its code, a part of its text, or both."""

    code: Text | None = Field(default=None, description="Code of the error, such as `stage`.")
    message: Text | None = Field(default=None, description="A part of the error's text.")

    @model_validator(mode="after")
    def _something(self) -> ExpectedError:
        if self.code is None and self.message is None:
            raise _error("the error has neither code nor message", "add message: part of its text")
        return self


ErrorField: TypeAlias = Annotated[
    Annotated[ExpectedError, Tag("mapping")] | Annotated[Text, Tag("word")],
    Discriminator(lambda value: "word" if isinstance(value, str) else "mapping"),
]
"""An expected error; a bare text is a part of its message."""


class Expectation(_Contents):
    """What a stage must give, or what must be written."""

    columns: list[Text] | None = Field(
        default=None,
        description="The columns to compare, and their order where rows are lists of values. "
        "All columns where left out.",
    )
    order: bool = Field(default=False, description="Whether rows must come in this order.")
    tolerance: Annotated[
        Annotated[Tolerance, Tag("mapping")]
        | Annotated[float, Field(ge=0, strict=True), Tag("number")],
        Discriminator(lambda value: "mapping" if isinstance(value, dict | Tolerance) else "number"),
    ] = Field(
        default=0.0,
        description="How far numbers with fractions may be off: a largest difference, or "
        "`{absolute, relative}`.",
    )
    row_count: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="How many rows there must be."
    )
    error: ErrorField | None = Field(
        default=None, description="The error that the step must fail with."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Expectation:
        forms = self.given_forms()
        if len(forms) > 1:
            raise _error(f"{' and '.join(forms)} are given; compare with one of them", None)
        others = [*forms, *(["schema"] if self.types is not None else [])]
        if self.row_count is not None:
            others.append("row_count")
        if self.error is not None and others:
            raise _error(f"error and {others[0]} are given: a step that fails has no rows", None)
        if self.error is None and not others:
            raise _error("nothing is expected here", "add rows:, row_count:, schema: or error:")
        return self


Expected: TypeAlias = Annotated[
    Annotated[Expectation, Tag("mapping")] | Annotated[Rows, Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list) else "mapping"),
]
"""An expectation; a bare list is its rows."""

Setting: TypeAlias = str | int | float | bool
"""Value of a parameter."""


_EARLIEST = datetime(1678, 1, 1, tzinfo=UTC)
_LATEST = datetime(2262, 1, 1, tzinfo=UTC)


def _within_nanoseconds(value: datetime) -> datetime:
    """Refuse times that are too far away to be counted in nanoseconds from 1970 on."""
    if not _EARLIEST <= value < _LATEST:
        raise ValueError("must be in the years 1678 to 2261")
    return value


class _World(PipelineModel):
    """What a pipeline sees of the world."""

    model_config = ConfigDict(strict=False)

    params: dict[str, Setting] = Field(
        default_factory=dict, description="Parameters of the pipeline."
    )
    now: Annotated[AwareDatetime, AfterValidator(_within_nanoseconds)] | None = Field(
        default=None,
        description="The time that now(), current_date and the like give, with its offset.",
    )
    secrets: dict[str, str] = Field(
        default_factory=dict,
        description="Values for secrets, such as `env:PG_PASSWORD: anything`.",
    )
    sources: dict[str, Replacement] = Field(
        default_factory=dict,
        description="What is read in the place of each source; `real` reads the source itself.",
    )


class Case(_World):
    """One test."""

    name: Text = Field(description="What the test shows, in a few words.")
    description: str | None = Field(default=None, description="More words.")
    expect: dict[str, Expected] = Field(
        default_factory=dict,
        description="What stages give, by name; `destination` is what is written.",
    )
    error: ErrorField | None = Field(
        default=None, description="The error that loading or running the pipeline must end with."
    )

    @model_validator(mode="after")
    def _expects_something(self) -> Case:
        if not self.expect and self.error is None:
            raise _error("the test expects nothing", "add expect: with a stage and its rows")
        if self.expect and self.error is not None:
            raise _error(
                "expect and error are given: a pipeline that fails gives nothing",
                "expect an error of one step by expect: {STEP: {error: ...}}",
            )
        return self


class TestDocument(_World):
    """A file of tests for one pipeline. What stands at the top counts for all of its tests."""

    __test__ = False  # pytest takes every class of this name for its own

    pipeline: Text = Field(description="The pipeline; a relative path starts at this file.")
    tests: list[Case] = Field(min_length=1, description="The tests.")


def _error(message: str, advice: str | None) -> PydanticCustomError:
    return PydanticCustomError("wrong_parts", "{message}", {"message": message, "help": advice})
