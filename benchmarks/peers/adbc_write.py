"""ADBC without anything around it: pipelines/adbc_write.yml by one adbc_ingest."""

import os
import sys
from pathlib import Path

import adbc_driver_postgresql.dbapi as postgresql
import pyarrow as pa
import pyarrow.parquet as pq

data, table, _ = sys.argv[1:]

file = pq.ParquetFile(f"{data}/rows_to_insert.parquet")
reader = pa.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches(8192))
with (
    postgresql.connect(os.environ["BENCH_DATABASE"]) as connection,
    connection.cursor() as cursor,
):
    cursor.adbc_ingest(Path(table).name, reader, mode="append")
    connection.commit()
