"""A stage: one SQL query over sources and earlier stages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aqueducts.models.fields import Name, PipelineModel, Text

__all__ = ["Stage"]


class Stage(PipelineModel):
    """One SQL query; its result is known to later stages by name."""

    name: Name = Field(description="Name of the stage, the table name for later stages.")
    query: Text = Field(description="One DataFusion SQL query.")
    show: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="Print up to this many rows; 0 prints all, at most 500."
    )
    explain: bool = Field(default=False, description="Print the query plan.")
    explain_analyze: bool = Field(
        default=False, description="Run the stage and print its plan with measurements."
    )
    print_schema: bool = Field(default=False, description="Print the columns of the result.")
    materialize: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="Whether the result is computed once and kept, or streamed on.",
    )
