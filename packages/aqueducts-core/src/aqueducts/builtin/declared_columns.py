"""Declared columns of files: what can be said about them before a file is opened."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from aqueducts.models.schema import SchemaField

__all__ = ["Columns", "CsvColumns"]

_NOT_IN_CSV = {
    **dict.fromkeys(
        ("list", "large_list", "fixed_list", "struct", "map", "union"),
        "declare it as string and take it apart in a stage",
    ),
    "duration": "declare it as int64 or string and compute with it in a stage",
    "fixed_binary": "declare it as binary",
}
"""Types that no text of a CSV file is read as, and what to declare instead."""


def _in_csv(field: SchemaField) -> SchemaField:
    advice = _NOT_IN_CSV.get(field.data_type.name)
    if advice is not None:
        raise PydanticCustomError(
            "csv_column",
            "column '{name}' is declared as {data_type}, which CSV cannot hold",
            {"name": field.name, "data_type": str(field.data_type), "help": advice},
        )
    return field


def _unique(fields: list[SchemaField]) -> list[SchemaField]:
    seen: set[str] = set()
    for field in fields:
        if field.name in seen:
            raise PydanticCustomError(
                "columns",
                "the schema declares column '{name}' twice",
                {"name": field.name, "help": "remove or rename one of the two"},
            )
        seen.add(field.name)
    return fields


Columns = Annotated[list[SchemaField], AfterValidator(_unique)]
"""Columns with different names."""

CsvColumns = Annotated[
    list[Annotated[SchemaField, AfterValidator(_in_csv)]], AfterValidator(_unique)
]
"""Columns that CSV files can hold."""
