"""DuckDB: the task of pipelines/wide_join.yml."""

import sys

import duckdb

data, output, threads = sys.argv[1:]
with duckdb.connect() as connection:
    connection.execute(f"SET threads = {threads}")
    connection.execute(f"""
        COPY (
            SELECT f.id, f.sold_at, f.day, f.customer_id, f.amount, f.price, f.product, c.region,
                   f.note
            FROM '{data}/facts.parquet' f
            JOIN '{data}/customers.parquet' c ON f.customer_id = c.customer_id
        ) TO '{output}' (FORMAT parquet, COMPRESSION zstd)
    """)  # noqa: S608
