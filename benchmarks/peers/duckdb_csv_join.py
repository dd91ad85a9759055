"""DuckDB: the task of pipelines/csv_join.yml."""

import sys

import duckdb

data, output, threads = sys.argv[1:]
with duckdb.connect() as connection:
    connection.execute(f"SET threads = {threads}")
    connection.execute(f"""
        COPY (
            SELECT s.product, c.region, count(*) AS sales, sum(s.amount * s.quantity) AS revenue,
                   max(s.sold_at) AS last_sale
            FROM '{data}/sales.csv' s
            JOIN '{data}/customers.csv' c ON s.customer_id = c.customer_id
            GROUP BY s.product, c.region
        ) TO '{output}' (FORMAT parquet, COMPRESSION zstd)
    """)  # noqa: S608
