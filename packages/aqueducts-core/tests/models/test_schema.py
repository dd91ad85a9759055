"""Declared columns and partition columns."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from aqueducts.models.schema import PartitionColumn, SchemaField
from aqueducts.models.types import DataType

_FIELD = TypeAdapter(SchemaField)
_COLUMNS = TypeAdapter(list[PartitionColumn])


@pytest.mark.parametrize("key", ["data_type", "type"])
def test_both_names_of_the_type_are_read(key: str) -> None:
    """`type` is what older files have."""
    field = _FIELD.validate_python({"name": "a", key: "long"})

    assert field == SchemaField(name="a", data_type=DataType("int64"))
    assert field.nullable


def test_other_keys_are_allowed() -> None:
    """Files may carry notes of other tools."""
    field = _FIELD.validate_python({"name": "a", "type": "int", "metadata": {}})

    assert field.model_extra is None


def test_a_field_is_written_as_it_is_read() -> None:
    """The type is text in JSON, in its canonical form."""
    field = _FIELD.validate_python({"name": "a", "type": "list<int>", "description": "d"})

    assert field.model_dump() == {
        "name": "a",
        "data_type": "list<int32>",
        "nullable": True,
        "description": "d",
    }
    assert _FIELD.validate_json(field.model_dump_json()) == field


@pytest.mark.parametrize(
    "value", [["day", "date"], ("day", "date"), {"name": "day", "data_type": "date"}]
)
def test_partition_columns_are_pairs_or_mappings(value: Any) -> None:
    """Both forms give the same column."""
    columns = _COLUMNS.validate_python([value])

    assert columns == [PartitionColumn(name="day", data_type=DataType("date32"))]


@pytest.mark.parametrize(
    ("value", "loc"),
    [
        (["day", "dat"], (0, 1)),
        (["", "date"], (0, 0)),
        (["day", 3], (0, 1)),
        (["day"], (0,)),
        ("day", (0,)),
        ({"name": "day", "type": "dat"}, (0, "type")),
        ({"name": "day"}, (0, "data_type")),
    ],
)
def test_an_error_is_placed_in_the_form_that_was_written(
    value: Any, loc: tuple[int | str, ...]
) -> None:
    """In a pair that is an index, in a mapping the key that was used."""
    with pytest.raises(ValidationError) as caught:
        _COLUMNS.validate_python([value])

    assert [error["loc"] for error in caught.value.errors()] == [loc]
