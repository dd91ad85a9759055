"""DataFusion with the result of every stage of pipelines/three_stages.yml held in memory."""

import sys

from datafusion import SessionConfig, SessionContext

STAGES = {
    "cleaned": """
        SELECT l_orderkey, l_quantity, l_extendedprice * (1 - l_discount) AS revenue,
               l_shipmode, l_shipdate, l_comment
        FROM lineitem
        WHERE l_shipdate >= DATE '1993-01-01' AND l_shipdate < DATE '1998-01-01'
    """,
    "enriched": """
        SELECT l.*, o.o_orderdate, o.o_orderpriority, o.o_comment,
               c.c_mktsegment, c.c_name, c.c_address
        FROM cleaned l
        JOIN orders o ON l.l_orderkey = o.o_orderkey
        JOIN customer c ON o.o_custkey = c.c_custkey
    """,
    "final": """
        SELECT c_mktsegment, o_orderpriority, l_shipmode, count(*) AS lines,
               sum(revenue) AS revenue, avg(l_quantity) AS quantity
        FROM enriched
        GROUP BY c_mktsegment, o_orderpriority, l_shipmode
    """,
}

data, output, threads = sys.argv[1:]
context = SessionContext(SessionConfig().with_target_partitions(int(threads)))
for table in ("lineitem", "orders", "customer"):
    context.register_parquet(table, f"{data}/{table}.parquet")
for name, query in STAGES.items():
    context.register_view(name, context.sql(query).cache())
context.sql(f"COPY (SELECT * FROM final) TO '{output}' STORED AS PARQUET").collect()  # noqa: S608
