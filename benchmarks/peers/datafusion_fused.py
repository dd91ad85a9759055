"""DataFusion without anything around it: pipelines/three_stages.yml as one query."""

import sys

from datafusion import SessionConfig, SessionContext

data, output, threads = sys.argv[1:]
context = SessionContext(SessionConfig().with_target_partitions(int(threads)))
for table in ("lineitem", "orders", "customer"):
    context.register_parquet(table, f"{data}/{table}.parquet")
context.sql(f"""
    COPY (
        SELECT c.c_mktsegment, o.o_orderpriority, l.l_shipmode, count(*) AS lines,
               sum(l.l_extendedprice * (1 - l.l_discount)) AS revenue, avg(l.l_quantity) AS quantity
        FROM lineitem l
        JOIN orders o ON l.l_orderkey = o.o_orderkey
        JOIN customer c ON o.o_custkey = c.c_custkey
        WHERE l.l_shipdate >= DATE '1993-01-01' AND l.l_shipdate < DATE '1998-01-01'
        GROUP BY c.c_mktsegment, o.o_orderpriority, l.l_shipmode
    ) TO '{output}' STORED AS PARQUET
""").collect()  # noqa: S608
