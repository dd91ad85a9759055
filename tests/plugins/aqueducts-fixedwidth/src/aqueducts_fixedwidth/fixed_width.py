"""A file format: text columns of fixed widths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, Field

from aqueducts.connectors import FileFormat, StreamWriter
from aqueducts.data_files import open_file
from aqueducts.errors import DestinationError
from aqueducts.models.fields import PipelineModel
from aqueducts.relations import ArrowStream, DataFile

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 8192


class FixedWidthOptions(PipelineModel):
    """Names and widths of the columns, in order."""

    widths: dict[str, int] = Field(description="Characters per column, by column name.")


class FixedWidth(FileFormat):
    """Lines of text columns, padded with blanks."""

    type: ClassVar[str] = "fixed_width"
    aliases: ClassVar[tuple[str, ...]] = ("fwf",)
    extensions: ClassVar[tuple[str, ...]] = (".fwf",)
    read_options = FixedWidthOptions
    write_options = FixedWidthOptions

    def scan(
        self, files: Sequence[DataFile], options: BaseModel, partitions: pa.Schema | None
    ) -> ArrowStream:
        """One partition per file; files may be read as often as the engine likes."""
        import pyarrow as pa

        widths = _widths(options)
        texts = pa.schema([(name, pa.string()) for name in widths])
        folders = list(partitions or [])
        schema = pa.schema([*texts, *folders])

        def batches(
            partition: int, columns: Sequence[str] | None, condition: Any
        ) -> Iterator[pa.RecordBatch]:
            file = files[partition]
            with TextIOWrapper(open_file(file), encoding="utf-8") as lines:
                while part := list(islice(lines, _BATCH_ROWS)):
                    rows = [_split(line.rstrip("\n"), widths) for line in part]
                    batch = pa.RecordBatch.from_pylist(rows, schema=texts)
                    constant = [
                        pa.repeat(pa.scalar(value, pa.string()), len(rows)).cast(field.type)
                        for field, value in zip(folders, file.partition_values, strict=True)
                    ]
                    yield pa.RecordBatch.from_arrays([*batch.columns, *constant], schema=schema)

        return ArrowStream(schema=schema, open=batches, partitions=len(files), is_rereadable=True)

    def check_schema(self, schema: pa.Schema, options: BaseModel) -> None:
        """Refuse columns without a width, and those that are no single values."""
        nested = [field.name for field in schema if field.type.num_fields]
        if nested:
            raise DestinationError(
                f"fixed_width cannot hold lists, structs or maps: {', '.join(nested)}",
                hint="turn them into text in the last stage",
            )
        missing = [name for name in schema.names if name not in _widths(options)]
        if missing:
            raise DestinationError(
                f"fixed_width has no width for: {', '.join(missing)}",
                hint="add them to the option widths",
            )

    def writer(self, schema: pa.Schema, options: BaseModel, file_name: str) -> StreamWriter:
        """Write lines from Python."""
        widths = _widths(options)

        def write(reader: pa.RecordBatchReader, path: Path) -> int:
            rows = 0
            with path.open("w", encoding="utf-8") as lines:
                for batch in reader:
                    for row in batch.to_pylist():
                        cells = (str(row.get(name) or "")[:width] for name, width in widths.items())
                        padded = map(str.ljust, cells, widths.values())
                        lines.write("".join(padded) + "\n")
                        rows += 1
            return rows

        return StreamWriter(write=write, extension=".fwf")

    def count_rows(self, path: Path, options: BaseModel) -> int:
        """Lines of the file."""
        with path.open(encoding="utf-8") as lines:
            return sum(1 for _ in lines)


def _widths(options: BaseModel) -> dict[str, int]:
    assert isinstance(options, FixedWidthOptions)
    return options.widths


def _split(line: str, widths: dict[str, int]) -> dict[str, str]:
    row, start = {}, 0
    for name, width in widths.items():
        row[name] = line[start : start + width].rstrip()
        start += width
    return row
