"""Loading a pipeline and printing rows of it for `aqueducts preview`."""

from __future__ import annotations

import csv
import io
import sys
from typing import TYPE_CHECKING, Literal

import msgspec

from aqueducts.cli.console import Console
from aqueducts.cli.console.outputs import output_as_text
from aqueducts.cli.console.row_values import rows_as_json_text
from aqueducts.cli.interruptible import interruptible, notices
from aqueducts.cli.memory_limit import limit_for
from aqueducts.cli.pipeline_options import PipelineOptions, load_pipeline
from aqueducts.events import StageOutput
from aqueducts.outputs import shown_table
from aqueducts.plugins import Plugins
from aqueducts.results import RunSettings

if TYPE_CHECKING:
    from aqueducts.events import OutputTable
    from aqueducts.preview import Preview

__all__ = ["PreviewOptions", "show_preview"]


class PreviewOptions(msgspec.Struct, frozen=True):
    """Options of `aqueducts preview`, apart from those of the pipeline."""

    stage: str | None
    limit: int
    max_memory_bytes: int | None
    spill_dir: str | None
    threads: int | None
    output: Literal["human", "json", "csv", "arrow"]


def show_preview(file: PipelineOptions, options: PreviewOptions, console: Console) -> None:
    """Load, run what is needed, and print. Raises AqueductsError."""
    pipeline = load_pipeline(file, Plugins.discover(), console)
    settings = RunSettings(
        max_memory_bytes=limit_for(options.max_memory_bytes),
        spill_dir=options.spill_dir,
        threads=options.threads,
    )

    from aqueducts.preview import preview  # imports the engine

    found = interruptible(
        lambda asked: preview(
            pipeline,
            options.stage,
            limit=options.limit,
            settings=settings,
            on_event=notices(console),
            cancellation=asked,
        ),
        console,
    )
    if options.output == "arrow":
        _write_arrow(found)
    elif options.output == "json":
        console.write_result(rows_as_json_text(found))
    elif options.output == "csv":
        console.write_result(_csv(_table(found)))
    else:
        console.write_result(_text(found, console))


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


def _write_arrow(found: Preview) -> None:
    import pyarrow as pa

    with pa.ipc.new_stream(sys.stdout.buffer, found.rows.schema) as stream:
        stream.write_table(found.rows)
    sys.stdout.buffer.flush()
