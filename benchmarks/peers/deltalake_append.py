"""deltalake without anything around it: pipelines/delta_append.yml by write_deltalake."""

import sys

import pyarrow as pa
from datafusion import SessionConfig, SessionContext
from deltalake import WriterProperties, write_deltalake

data, output, threads = sys.argv[1:]
config = SessionConfig().with_target_partitions(int(threads))
# As text: deltalake would cast views of it, batch by batch.
config = config.set("datafusion.execution.parquet.schema_force_view_types", "false")
context = SessionContext(config)
context.register_parquet("facts", f"{data}/facts.parquet")
facts = context.sql("SELECT * FROM facts")
stream = facts.execute_stream()
write_deltalake(
    output,
    pa.RecordBatchReader.from_batches(facts.schema(), (each.to_pyarrow() for each in stream)),
    mode="append",
    writer_properties=WriterProperties(
        compression="ZSTD", compression_level=1, max_row_group_size=524_288
    ),
)
