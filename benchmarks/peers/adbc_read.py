"""ADBC without anything around it: pipelines/adbc_read.yml by a loop over its batches."""

import os
import sys

import adbc_driver_postgresql.dbapi as postgresql
import pyarrow as pa
import pyarrow.parquet as pq

_, output, _ = sys.argv[1:]

with (
    postgresql.connect(os.environ["BENCH_DATABASE"]) as connection,
    connection.cursor() as cursor,
):
    cursor.execute("SELECT * FROM sales")
    reader = cursor.fetch_record_batch()
    # Numerics come as texts.
    schema = pa.schema(
        [
            (field.name, pa.decimal128(12, 2) if field.name == "amount" else field.type)
            for field in reader.schema
        ]
    )
    with pq.ParquetWriter(output, schema, compression="zstd", compression_level=1) as writer:
        for batch in reader:
            columns = [
                column.storage.cast(field.type) if isinstance(column, pa.ExtensionArray) else column
                for column, field in zip(batch.columns, schema, strict=True)
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
