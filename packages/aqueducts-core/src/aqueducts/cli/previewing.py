"""Loading a pipeline and printing rows of it for `aqueducts preview`."""

from __future__ import annotations

import csv
import io
import sys
from typing import TYPE_CHECKING, Literal

import msgspec

from aqueducts.cli.allocator import spare_memory
from aqueducts.cli.console import Console
from aqueducts.cli.console.outputs import output_as_text
from aqueducts.cli.console.row_values import rows_as_json_text
from aqueducts.cli.interruptible import interruptible, notices
from aqueducts.cli.pipeline_options import PipelineOptions, load_pipeline
from aqueducts.events import StageOutput
from aqueducts.outputs import shown_table
from aqueducts.plugins import Plugins

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.cli.resource_options import Resources
    from aqueducts.events import OutputTable
    from aqueducts.preview import Preview

__all__ = ["PreviewOptions", "show_preview"]


class PreviewOptions(msgspec.Struct, frozen=True):
    """Options of `aqueducts preview`, apart from those of the pipeline and the machine."""

    stage: str | None
    limit: int
    output: Literal["human", "json", "csv", "arrow"]


def show_preview(
    file: PipelineOptions, options: PreviewOptions, resources: Resources, console: Console
) -> None:
    """Load, run what is needed, and print. Raises AqueductsError."""
    spare_memory()
    pipeline = load_pipeline(file, Plugins.discover(), console)
    attempt = resources.attempt

    from aqueducts.preview import preview  # imports the engine

    found = interruptible(
        lambda asked: preview(
            pipeline,
            options.stage,
            limit=options.limit,
            settings=resources.settings(),
            on_event=notices(console, attempt),
            cancellation=asked,
        ),
        console,
        attempt,
    )
    content = _content(found, options, console)
    if attempt is not None:
        attempt.begin_printing()
    if isinstance(content, str):
        console.write_result(content)
    else:
        _write_arrow(content)


def _content(found: Preview, options: PreviewOptions, console: Console) -> str | pa.Table:
    """What is printed, made before the first byte of it is: that takes memory."""
    match options.output:
        case "arrow":
            return found.rows
        case "json":
            return rows_as_json_text(found)
        case "csv":
            return _csv(_table(found))
        case _:
            return _text(found, console)


def _table(found: Preview) -> OutputTable:
    table = shown_table(found.rows, found.rows.num_rows)
    return msgspec.structs.replace(table, has_more=found.has_more)


def _text(found: Preview, console: Console) -> str:
    output = StageOutput(
        name=found.name, position=0, sub_position=0, kind="show", table=_table(found)
    )
    return output_as_text(output, console).rstrip("\n")


def _csv(table: OutputTable) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return text.getvalue().rstrip("\n")


def _write_arrow(rows: pa.Table) -> None:
    import pyarrow as pa

    with pa.ipc.new_stream(sys.stdout.buffer, rows.schema) as stream:
        stream.write_table(rows)
    sys.stdout.buffer.flush()
