"""CSV files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, Field, model_validator

from aqueducts.arrow_types import schema_to_arrow
from aqueducts.builtin.column_types import check_unique_names, refuse_columns
from aqueducts.builtin.compression import Compression, compression_of, ending_of, open_binary
from aqueducts.builtin.declared_columns import CsvColumns
from aqueducts.builtin.row_count import count_csv_records
from aqueducts.connectors import EngineWriter, FileFormat, ModelClass
from aqueducts.models.fields import PipelineModel, empty_list
from aqueducts.relations import CsvDialect, DataFile, FileScan

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CsvFormat", "CsvReadOptions", "CsvWriteOptions"]


def _one_character(value: str) -> str:
    if len(value) != 1 or not value.isascii() or value in "\r\n\x00":
        shown = value if value.isprintable() else value.encode("unicode_escape").decode()
        raise ValueError(f"must be exactly one ASCII character and no line end, not '{shown}'")
    return value


Character = Annotated[str, AfterValidator(_one_character)]
"""One byte in CSV files that has a meaning."""


class CsvReadOptions(PipelineModel):
    """How CSV files are read."""

    has_header: bool = Field(
        default=True, description="Whether the first line names the columns; else column_1, …"
    )
    delimiter: Character = Field(default=",", description="Character between values.")
    fields: CsvColumns = Field(
        default_factory=empty_list,
        alias="schema",
        description="Columns and their types; inferred where empty.",
    )
    quote: Character = Field(default='"', description="Character around values.")
    escape: Character | None = Field(
        default=None, description="Character before a quote inside quotes; doubled quotes if unset."
    )
    comment: Character | None = Field(
        default=None, description="Lines that begin with this character are skipped."
    )
    null_values: list[str] = Field(
        default_factory=empty_list, description="Texts that stand for null, besides the empty one."
    )
    compression: Compression | None = Field(
        default=None, description="Compression; by the file's ending where unset."
    )
    newlines_in_values: bool = Field(
        default=False, description="Whether quoted values may hold line ends."
    )

    @model_validator(mode="after")
    def _distinct(self) -> CsvReadOptions:
        _refuse_equal(
            {
                "delimiter": self.delimiter,
                "quote": self.quote,
                "escape": self.escape if self.escape != self.quote else None,
                "comment": self.comment,
            }
        )
        return self


class CsvWriteOptions(PipelineModel):
    """How CSV files are written."""

    has_header: bool = Field(default=True, description="Whether the first line names the columns.")
    delimiter: Character = Field(default=",", description="Character between values.")
    compression: Compression | None = Field(
        default=None, description="Compression; by the target's ending where unset."
    )

    @model_validator(mode="after")
    def _distinct(self) -> CsvWriteOptions:
        _refuse_equal({"delimiter": self.delimiter, "the quote character": '"'})
        return self


class CsvFormat(FileFormat):
    """Comma-separated values, read and written by the engine."""

    type = "csv"
    extensions = (".csv",)
    read_options: ClassVar[ModelClass] = CsvReadOptions
    write_options: ClassVar[ModelClass | None] = CsvWriteOptions

    def scan(
        self, files: Sequence[DataFile], options: BaseModel, partitions: pa.Schema | None
    ) -> FileScan:
        """Describe CSV files as one relation."""
        assert isinstance(options, CsvReadOptions)  # noqa: S101 - the format's own model
        return FileScan(
            format="csv",
            files=files,
            schema=schema_to_arrow(options.fields) if options.fields else None,
            partitions=partitions,
            dialect=CsvDialect(
                has_header=options.has_header,
                delimiter=options.delimiter,
                quote=options.quote,
                escape=options.escape,
                comment=options.comment,
                null_values=tuple(options.null_values),
                newlines_in_values=options.newlines_in_values,
            ),
            compression=options.compression,
        )

    def check_schema(self, schema: pa.Schema, options: BaseModel) -> None:  # noqa: ARG002
        """Refuse nested columns: CSV has no way to write them."""
        import pyarrow.types as pt

        check_unique_names(schema, "CSV")
        refuse_columns(
            schema,
            pt.is_nested,
            "CSV cannot hold lists, structs, maps or unions",
            "turn them into text or single values in the last stage (array_to_string, a struct's "
            "field by its name), or write json or parquet",
        )

    def columns_of(self, file: DataFile, options: BaseModel) -> Mapping[str, None] | None:
        """Names in the first line, if there is a header; a CSV file tells no types."""
        assert isinstance(options, CsvWriteOptions)  # noqa: S101 - the format's own model
        if not options.has_header:
            return None
        import csv  # only for looks at what is there

        from aqueducts.builtin.first_lines import first_lines

        lines = first_lines(file, options.compression or compression_of(file.path), 1)
        if not lines:
            return None
        try:
            (header,) = csv.reader(lines, delimiter=options.delimiter, strict=True)
        except csv.Error:  # such as a name with a line break
            return None
        return dict.fromkeys(header)

    def writer(self, schema: pa.Schema, options: BaseModel, file_name: str) -> EngineWriter:  # noqa: ARG002
        """The engine's CSV writer; compression from the option, else from the target's ending."""
        assert isinstance(options, CsvWriteOptions)  # noqa: S101 - the format's own model
        compression = options.compression or compression_of(file_name) or "none"
        return EngineWriter(
            stored_as="CSV",
            options={
                "format.has_header": str(options.has_header).lower(),
                "format.delimiter": options.delimiter,
                "format.compression": "uncompressed" if compression == "none" else compression,
            },
            extension=".csv" + ending_of(compression),
        )

    def count_rows(self, path: Path, options: BaseModel) -> int:
        """Records of one written file, without its header."""
        assert isinstance(options, CsvWriteOptions)  # noqa: S101 - the format's own model
        with open_binary(path, options.compression or compression_of(path.name)) as stream:
            records = count_csv_records(stream)
        return max(records - 1, 0) if options.has_header else records


def _refuse_equal(characters: dict[str, str | None]) -> None:
    seen: dict[str, str] = {}
    for name, character in characters.items():
        if character is None:
            continue
        if character in seen:
            raise ValueError(f"{seen[character]} and {name} are the same character {character!r}")
        seen[character] = name
