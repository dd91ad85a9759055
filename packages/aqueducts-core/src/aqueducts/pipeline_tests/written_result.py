"""Writing the result of a test where nobody sees it, and reading it back."""

from __future__ import annotations

import re
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from aqueducts.arrow_types import type_name
from aqueducts.pipeline import Pipeline

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.plugins import Plugins

__all__ = ["READ_BACK", "is_file", "moved_to", "reading"]

READ_BACK = "written"
"""Name of the stage that reads the written files."""

_FILE = "file"
_ODD = re.compile(r"[^\w.=-]")
_TYPED_BY_THEMSELVES = ("parquet",)
"""Formats whose files tell the types of their columns."""


def is_file(destination: Any) -> bool:
    """Whether a destination writes files, which can be written elsewhere and read back."""
    return getattr(destination, "type", None) == _FILE and hasattr(destination, "format")


def moved_to(destination: Any, folder: FilePath) -> Any:
    """Return a file destination that writes into `folder`, under the name of its own target."""
    location = str(destination.location)
    name = _ODD.sub("_", location.rstrip("/").rpartition("/")[2]) or "result"
    ending = "/" if location.endswith("/") else ""
    folder.mkdir()
    update = {"location": f"{folder.resolve()}/{name}{ending}", "storage_config": {}}
    return destination.model_copy(update=update)


def reading(destination: Any, schema: pa.Schema, plugins: Plugins) -> Pipeline:
    """Return the pipeline that reads what `destination` wrote; `schema` is what it was given.

    Formats of text get the columns and types that were written; Parquet tells its own.
    """
    is_folder = FilePath(destination.location).is_dir()
    partitions = list(destination.partition_columns)
    kind = destination.format.type
    read_model = plugins.file_formats[kind].read_options
    written = destination.format.options
    options: dict[str, Any] = {
        name: value
        for name in read_model.model_fields
        if (value := getattr(written, name, None)) is not None
    }
    columns = [field for field in schema if field.name not in partitions]
    has_schema = any(info.alias == "schema" for info in read_model.model_fields.values())
    if has_schema and kind not in _TYPED_BY_THEMSELVES:
        options["schema"] = [
            {"name": field.name, "data_type": type_name(field.type)} for field in columns
        ]
    source: dict[str, Any] = {
        "type": "directory" if is_folder else "file",
        "name": "files",
        "location": destination.location,
        "format": {"type": kind, "options": options},
    }
    if partitions:
        source["partition_columns"] = [
            [name, type_name(schema.field(name).type)] for name in partitions
        ]
    stage = {"name": READ_BACK, "query": "SELECT * FROM files", "materialize": "always"}
    return Pipeline.from_dict({"sources": [source], "stages": [[stage]]}, plugins=plugins)
