"""DuckDB: the task of pipelines/json.yml."""

import sys

import duckdb

data, output, threads, columns, rows = sys.argv[1:]
with duckdb.connect() as connection:
    connection.execute(f"SET threads = {threads}")
    connection.execute(f"""
        COPY (WITH documents AS (FROM '{data}/documents.parquet') SELECT {columns} FROM {rows})
        TO '{output}' (FORMAT parquet, COMPRESSION zstd)
    """)  # noqa: S608
