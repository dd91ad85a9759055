"""arrow-odbc without anything around it: pipelines/odbc_read.yml by a loop over its batches."""

import os
import sys

import arrow_odbc
import pyarrow as pa
import pyarrow.parquet as pq

_, output, _ = sys.argv[1:]

# Without these the driver holds all rows in memory, and cuts text; floats would lose digits.
options = "BoolsAsChar=0;MaxLongVarcharSize=0;UseDeclareFetch=1;Fetch=10000"


def with_doubles(found: pa.Schema) -> pa.Schema:
    """Read what the driver calls a float as the double that it is."""
    types = [pa.float64() if pa.types.is_float32(field.type) else field.type for field in found]
    return pa.schema([(field.name, each) for field, each in zip(found, types, strict=True)])


connection = arrow_odbc.connect(f"{os.environ['BENCH_DATABASE']};{options}")
batches = connection.read_arrow_batches(
    "SELECT * FROM sales",
    batch_size=10_000,
    max_bytes_per_batch=16 << 20,
    max_text_size=32_768,
    map_schema=with_doubles,
)
with pq.ParquetWriter(output, batches.schema, compression="zstd", compression_level=1) as writer:
    for batch in batches:
        writer.write_batch(batch)
