"""A source that makes its rows, one batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from aqueducts.connectors import RunContext, Source
from aqueducts.models.fields import Name, PipelineModel
from aqueducts.relations import ArrowStream


class CountdownConfig(PipelineModel):
    """Numbers from `start` down to 1."""

    type: Literal["countdown"] = Field(description="Kind of source.")
    name: Name = Field(description="Table name.")
    start: int = Field(ge=0, description="First number.")
    batch_rows: int = Field(default=1000, ge=1, description="Rows per batch.")


class Countdown(Source[CountdownConfig]):
    """Numbers that can be read only once, like a cursor."""

    type: ClassVar[str] = "countdown"
    config_model = CountdownConfig

    def open(self, context: RunContext) -> ArrowStream:
        """Describe the rows; none is made yet."""
        import pyarrow as pa

        schema = pa.schema([("n", pa.int64()), ("is_even", pa.bool_())])

        def batches(
            partition: int, columns: Sequence[str] | None, condition: Any
        ) -> Iterator[pa.RecordBatch]:
            left = self.config.start
            while left > 0:
                numbers = range(left, max(0, left - self.config.batch_rows), -1)
                yield pa.record_batch(
                    [pa.array(numbers, pa.int64()), pa.array(n % 2 == 0 for n in numbers)],
                    schema=schema,
                )
                left -= len(numbers)

        return ArrowStream(schema=schema, open=batches)
