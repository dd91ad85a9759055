"""DataFusion without anything around it: the task of pipelines/trivial.yml."""

import sys

from datafusion import SessionConfig, SessionContext

data, output, threads = sys.argv[1:]
context = SessionContext(SessionConfig().with_target_partitions(int(threads)))
context.register_parquet("customers", f"{data}/customers.parquet")
context.sql(f"""
    COPY (SELECT region, count(*) AS customers FROM customers GROUP BY region)
    TO '{output}' STORED AS PARQUET
""").collect()  # noqa: S608
