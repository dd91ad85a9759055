"""What a test reads in the place of a source.

Rows become what the source would give: a source with a schema gets a table of these types; one
that infers the types from text reads the rows from a file of its own format.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from aqueducts.documents import Path
from aqueducts.errors import ValidationProblem
from aqueducts.models.schema import SchemaField
from aqueducts.models.types import DataType
from aqueducts.pipeline import Pipeline
from aqueducts.pipeline_tests.contents import Contents, check_csv, read_contents, read_rows
from aqueducts.pipeline_tests.models import Columns, Given
from aqueducts.pipeline_tests.reading import TestFile
from aqueducts.pipeline_tests.sandbox import GivenRowsConfig
from aqueducts.pipeline_tests.tables import table_of, untyped_columns

if TYPE_CHECKING:
    from aqueducts.plugins import Plugins

__all__ = ["StandIns", "types_of"]

_COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst")


def types_of(columns: Columns | None) -> dict[str, DataType]:
    """Return the types of a `schema`, in either of its forms."""
    if isinstance(columns, dict):
        return dict(columns)
    return {field.name: field.data_type for field in columns or ()}


class StandIns:
    """Makes what stands in for sources of one test. Files that it needs are in `folder`."""

    def __init__(self, file: TestFile, plugins: Plugins, folder: FilePath) -> None:
        self._file = file
        self._plugins = plugins
        self._folder = folder

    def make(self, source: Any, given: Given | list[Any], path: Path) -> Any:
        """Return the model of a source that stands in for `source`.

        `path` is the place of what is given. Raises ValidationProblem.
        """
        if isinstance(given, list):
            return self._from_rows(source, read_rows(given, None, path), {}, path)
        types = types_of(given.types)
        if given.rows is not None:
            contents = read_contents(given, self._file, path)
            return self._from_rows(source, contents, types, path)
        if given.csv is not None:
            return self._from_csv(source, given.csv, types, (*path, "csv"))
        place = (*path, "file")
        found = self._file.beside(str(given.file))
        if not found.exists():
            raise self._problem(place, f"there is no file {found}", None)
        return self._from_file(source, found, types, place)

    # --- rows ---

    def _from_rows(
        self, source: Any, contents: Contents, given: Mapping[str, DataType], path: Path
    ) -> Any:
        declared = _declared_types(source)
        types = {**_partition_types(source), **declared, **given}
        if declared:
            self._check_columns(source, contents, types)
        self._check_types(source, contents, types, path)
        kind = _format_type(source)
        if kind in _WRITERS and not types:
            return self._from_text(source, contents, kind)
        table = table_of(contents, types, self._file.places)
        return GivenRowsConfig(type="rows of a test", name=source.name, table=table)

    def _check_columns(
        self, source: Any, contents: Contents, types: Mapping[str, DataType]
    ) -> None:
        """Refuse columns that the source does not have: a test with them would prove nothing."""
        for name in contents.columns:
            if name not in types:
                raise self._problem(
                    contents.place_of(contents.first_row_with(name), name),
                    f"source '{source.name}' has no column '{name}' in its schema",
                    f"its columns are {', '.join(types)}",
                    is_key=True,
                )

    def _check_types(
        self, source: Any, contents: Contents, types: Mapping[str, DataType], path: Path
    ) -> None:
        if not contents.columns and not types:
            raise self._problem(
                path,
                f"source '{source.name}' is given no rows, so that its columns are not known",
                "tell them: {rows: [], schema: {id: int64, name: string}}",
                is_key=True,
            )
        untyped = untyped_columns(contents, types)
        if untyped:
            names = ", ".join(f"'{name}'" for name in untyped)
            holds = "holds" if len(untyped) == 1 else "hold"
            schema = ", ".join(f"{name}: string" for name in untyped)
            raise self._problem(
                path,
                f"{names} of source '{source.name}' {holds} nothing but nulls, which tells no type",
                f"write it beside rows: schema: {{{schema}}}",
                is_key=True,
            )

    def _from_text(self, source: Any, contents: Contents, kind: str) -> Any:
        """Let the source read the rows from a file of its own format, as in a run."""
        try:
            text = _WRITERS[kind](contents, source.format.options)
        except ValueError as error:
            raise self._problem(contents.place, str(error), None) from error
        return self._text_source(source, text, kind)

    # --- files ---

    def _from_csv(self, source: Any, text: str, types: Mapping[str, DataType], place: Path) -> Any:
        is_own = _format_type(source) == "csv"
        delimiter = source.format.options.delimiter if is_own else ","
        check_csv(text, delimiter, self._file, place)
        if is_own and not types:
            return self._text_source(source, text, "csv")
        path = self._new_file("csv")
        path.write_text(text, encoding="utf-8")
        return self._from_file(source, path, types, place)

    def _text_source(self, source: Any, text: str, kind: str) -> Any:
        path = self._new_file(kind)
        path.write_text(text, encoding="utf-8")
        options = source.format.options.model_copy(update={"compression": None})
        file_format = source.format.model_copy(update={"options": options})
        return self._file_source(source, path, file_format)

    def _from_file(
        self, source: Any, path: FilePath, types: Mapping[str, DataType], place: Path
    ) -> Any:
        """Read a file as the source would where it has this format, else by its ending."""
        kind = self._format_of(path)
        own = _format_type(source)
        if path.is_dir() and kind is None:
            kind = own
        if kind is None:
            raise self._problem(
                place,
                f"the ending of '{path.name}' tells no file format",
                f"formats are {', '.join(sorted(self._plugins.file_formats))}",
            )
        if kind == own:
            fields = [SchemaField(name=name, data_type=each) for name, each in types.items()]
            update = {"fields": fields} if fields else {}
            options = source.format.options.model_copy(update=update)
            file_format = source.format.model_copy(update={"options": options})
            return self._file_source(source, path, file_format)
        types = types or _declared_types(source)
        schema = [{"name": name, "data_type": str(each)} for name, each in types.items()]
        model = {
            "type": "directory" if path.is_dir() else "file",
            "name": source.name,
            "location": str(path.resolve()),
            "format": {"type": kind, "options": {"schema": schema} if schema else {}},
        }
        return Pipeline.from_dict({"sources": [model]}, plugins=self._plugins).sources[0]

    def _file_source(self, source: Any, path: FilePath, file_format: Any) -> Any:
        """Return the source at a path, with all that it tells of its files."""
        kind = "directory" if path.is_dir() else "file"
        fields = {name: value for name, value in source if path.is_dir() or name in _FILE_FIELDS}
        fields |= {
            "type": kind,
            "location": str(path.resolve()),
            "format": file_format,
            "storage_config": {},
        }
        return self._plugins.sources[kind].config_model.model_construct(**fields)

    def _new_file(self, kind: str) -> FilePath:
        return self._folder / f"{sum(1 for _ in self._folder.iterdir())}.{kind}"

    def _format_of(self, path: FilePath) -> str | None:
        """Return the file format by a path's ending, that of a compression aside."""
        name = path.name.lower()
        for ending in _COMPRESSIONS:
            name = name.removesuffix(ending)
        for kind, each in self._plugins.file_formats.items():
            if name.endswith(tuple(each.extensions)):
                return kind
        return None

    def _problem(
        self, path: Path, message: str, advice: str | None, *, is_key: bool = False
    ) -> ValidationProblem:
        places = self._file.places
        return ValidationProblem(
            [places.problem(path, message, code="wrong-value", help=advice, is_key=is_key)]
        )


_FILE_FIELDS = frozenset({"name", "format", "location", "storage_config"})


def _format_type(source: Any) -> str | None:
    """Return the file format of a source, where it reads files."""
    has_place = hasattr(source, "location")
    return getattr(getattr(source, "format", None), "type", None) if has_place else None


def _declared_types(source: Any) -> dict[str, DataType]:
    options = getattr(getattr(source, "format", None), "options", None)
    return types_of(getattr(options, "fields", None))


def _partition_types(source: Any) -> dict[str, DataType]:
    columns = getattr(source, "partition_columns", None) or ()
    return {each.name: each.data_type for each in columns if hasattr(each, "data_type")}


def _as_csv(contents: Contents, options: Any) -> str:
    """Rows as the CSV that a source expects. Raises ValueError for what CSV cannot hold."""
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=options.delimiter,
        quotechar=options.quote,
        escapechar=options.escape,
        doublequote=options.escape is None,
        # A line that begins with the character of comments would be one.
        quoting=csv.QUOTE_MINIMAL if options.comment is None else csv.QUOTE_ALL,
        lineterminator="\n",
    )
    if options.has_header:
        writer.writerow(contents.columns)
    elif contents.columns != tuple(f"column_{i + 1}" for i in range(len(contents.columns))):
        raise ValueError("the source reads CSV without a header: call its columns column_1, ...")
    for row in contents.rows:
        writer.writerow([_csv_value(value) for value in row])
    return text.getvalue()


def _csv_value(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list() | dict():
            raise ValueError("the source reads CSV, which holds no lists and mappings")
        case _:
            return str(value)


def _as_json(contents: Contents, _options: Any) -> str:
    rows = (dict(zip(contents.columns, row, strict=True)) for row in contents.rows)
    try:
        return "".join(f"{json.dumps(row, allow_nan=False)}\n" for row in rows)
    except ValueError:
        raise ValueError(
            "the source reads JSON, which has no infinite numbers and no NaN"
        ) from None


_WRITERS = {"csv": _as_csv, "json": _as_json}
"""Formats whose types a source infers from text."""
