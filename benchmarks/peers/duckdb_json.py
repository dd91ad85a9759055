"""DuckDB: the task of pipelines/json.yml."""

import sys

import duckdb

data, output, threads, columns = sys.argv[1:]
with duckdb.connect() as connection:
    connection.execute(f"SET threads = {threads}")
    connection.execute(f"""
        COPY (SELECT {columns} FROM '{data}/documents.parquet')
        TO '{output}' (FORMAT parquet, COMPRESSION zstd)
    """)  # noqa: S608
