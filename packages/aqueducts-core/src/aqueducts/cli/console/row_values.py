"""Rows as JSON values."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from aqueducts.arrow_types import type_name
from aqueducts.cli.console.json_lines import SCHEMA_VERSION
from aqueducts.outputs import python_values, shown_table

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.preview import Preview

__all__ = ["rows_as_json", "rows_as_json_text"]

_NUMBERS = (bool, int, str)
"""Values of these Python types are JSON values already."""


def rows_as_json(found: Preview) -> dict[str, Any]:
    """A preview as one JSON object; each row is a list in the order of the columns.

    Numbers, texts, lists and structs are JSON's own. All other values, such as times, decimals and
    bytes, are texts, as tables show them; so are NaN and the infinities.
    """
    rows = found.rows
    columns = [_values(column) for column in rows.columns]
    return {
        "schema_version": SCHEMA_VERSION,
        "name": found.name,
        "kind": found.kind,
        "columns": [{"name": field.name, "type": type_name(field.type)} for field in rows.schema],
        "rows": [list(row) for row in zip(*columns, strict=True)],
        "has_more": found.has_more,
    }


def rows_as_json_text(found: Preview) -> str:
    """The same as text, one column and one row per line."""
    parts = []
    for name, value in rows_as_json(found).items():
        text = json.dumps(value, ensure_ascii=False)
        if isinstance(value, list) and value:
            items = ",\n    ".join(json.dumps(item, ensure_ascii=False) for item in value)
            text = f"[\n    {items}\n  ]"
        parts.append(f"  {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}"


def _values(column: pa.ChunkedArray) -> list[Any]:
    values = python_values(column)
    if all(_is_json(value) for value in values):
        return values
    if any(isinstance(value, dict | list) for value in values):
        return [_plain(value) for value in values]
    import pyarrow as pa

    texts = shown_table(pa.table({"value": column}), len(values)).rows
    return [
        value if _is_json(value) else text for value, (text,) in zip(values, texts, strict=True)
    ]


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, _NUMBERS) or _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case bytes():
            return value.hex()
        case _:
            return value if _is_json(value) else str(value)
