"""What pipeline files say of how a table is written."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, AliasChoices, Field
from pydantic_core import PydanticCustomError

from aqueducts.models.fields import Name, PipelineModel, Text

__all__ = ["Append", "Custom", "Replace", "Transaction", "Upsert", "WriteMode"]


def _different(names: list[str]) -> list[str]:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise PydanticCustomError("names", "'{name}' is named twice", {"name": twice})
    return names


class Append(PipelineModel):
    """Add rows to those that are there."""

    operation: Literal["append"] = Field(description="Add the rows to those that are there.")


class Upsert(PipelineModel):
    """Replace rows of the same keys, and add the others."""

    operation: Literal["upsert"] = Field(
        description="Update the rows that have the same keys, and add the others."
    )
    keys: Annotated[list[Name], AfterValidator(_different)] = Field(
        min_length=1,
        validation_alias=AliasChoices("keys", "params"),
        description="Columns that together identify a row: a primary key or unique index.",
    )


class Replace(PipelineModel):
    """Put the rows in the place of all that are there."""

    operation: Literal["replace"] = Field(
        description="Put the rows in the place of all that are there (DELETE, then inserts)."
    )


class Transaction(PipelineModel):
    """Statements of a custom write."""

    pre_insert: Text | None = Field(
        default=None, description="A statement that is run first, in the same transaction."
    )
    insert: Text = Field(
        description="The statement that is run for each row, with a marker for each column: "
        "`INSERT INTO t (a, b) VALUES (?, ?)`."
    )


class Custom(PipelineModel):
    """Statements of the user, in one transaction."""

    operation: Literal["custom"] = Field(description="Run statements of your own.")
    transaction: Transaction = Field(description="What is run, all or nothing.")


WriteMode: TypeAlias = Append | Upsert | Replace | Custom
"""What becomes of the rows that are there."""
