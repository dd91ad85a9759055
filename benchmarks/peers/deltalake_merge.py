"""deltalake without anything around it: pipelines/delta_upsert.yml by merge."""

import sys

import pyarrow.parquet as pq
from deltalake import DeltaTable

data, output, _ = sys.argv[1:]
with pq.ParquetFile(data) as changes:
    merger = DeltaTable(output).merge(
        changes.read(),
        predicate="s.part = t.part AND s.id = t.id",
        source_alias="s",
        target_alias="t",
    )
    merger.when_matched_update_all().when_not_matched_insert_all().execute()
