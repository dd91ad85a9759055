"""What reading a Parquet file of a bucket costs: DataFusion's own client, ours, a pyarrow dataset.

    python benchmarks/cloud_reads.py

Starts moto (group test-cloud), stores 84 MB, and scans them three times in a process per way.
Prints seconds of CPU of the reading process and its peak memory.
"""

from __future__ import annotations

import resource
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

_WAYS = ("native", "bridge", "pyarrow")
_BUCKET = "lake"
_KEY = "big.parquet"
_QUERY = "SELECT count(DISTINCT name) AS n, max(note) AS m, sum(price) AS s, max(id) AS i FROM t"
_ROWS = (
    "SELECT i AS id, hash(i) % 1000 AS k, random() * 100 AS price, "
    "'customer-' || (i % 50000) AS name, hash(i * 7)::varchar AS note FROM range(4000000) t(i)"
)
_SECONDS = 60


def main() -> None:
    """Measure one way, or all of them, each in a process of its own."""
    if len(sys.argv) > 1:
        _measure(sys.argv[1], sys.argv[2])
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as moto:
        try:
            _fill(f"http://127.0.0.1:{port}")
            for way in _WAYS * 2:
                subprocess.run([sys.executable, __file__, way, str(port)], check=True)
        finally:
            moto.terminate()


def _fill(endpoint: str) -> None:
    import boto3
    import duckdb

    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            urllib.request.urlopen(f"{endpoint}/moto-api/data.json").close()  # noqa: S310 - ours
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="key",
        aws_secret_access_key="secret",  # noqa: S106 - moto believes everything
        region_name="us-east-1",
    )
    client.create_bucket(Bucket=_BUCKET)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / _KEY
        duckdb.sql(
            f"COPY ({_ROWS}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 500000)"
        )
        client.put_object(Bucket=_BUCKET, Key=_KEY, Body=path.read_bytes())
    client.close()


def _measure(way: str, port: str) -> None:
    from datafusion import SessionConfig, SessionContext

    context = SessionContext(SessionConfig().with_target_partitions(2))
    register = {"native": _native, "bridge": _bridge, "pyarrow": _pyarrow}[way]
    register(context, f"http://127.0.0.1:{port}")
    started = time.process_time()
    for _ in range(3):
        context.sql(_QUERY).collect()
    seconds = time.process_time() - started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{way:8} {seconds:.2f} s of CPU, {peak_mb:.0f} MB at most", flush=True)


def _native(context: Any, endpoint: str) -> None:
    from datafusion.object_store import AmazonS3

    store = AmazonS3(
        _BUCKET,
        region="us-east-1",
        access_key_id="key",
        secret_access_key="secret",  # noqa: S106
        endpoint=endpoint,
        allow_http=True,
    )
    context.register_object_store("s3://", store, host=_BUCKET)
    context.register_parquet("t", f"s3://{_BUCKET}/{_KEY}")


def _bridge(context: Any, endpoint: str) -> None:
    from aqueducts.builtin.datafusion_engine.bridge import Bridge
    from aqueducts_cloud.cloud_store import open_cloud_store

    options = {"endpoint": endpoint, "allow_http": "true", "region": "us-east-1"}
    keys = {"access_key_id": "key", "secret_access_key": "secret"}
    store = open_cloud_store(f"s3://{_BUCKET}/{_KEY}", {**options, **keys})
    [file] = store.find((".parquet",)).files
    url = Bridge(context, Path(tempfile.mkdtemp())).serve({_KEY: file})
    context.register_parquet("t", f"{url}{_KEY}")


def _pyarrow(context: Any, endpoint: str) -> None:
    import pyarrow.dataset as ds
    from pyarrow.fs import S3FileSystem

    files = S3FileSystem(
        endpoint_override=endpoint,
        access_key="key",
        secret_key="secret",  # noqa: S106
        region="us-east-1",
    )
    context.register_dataset(
        "t", ds.dataset(f"{_BUCKET}/{_KEY}", filesystem=files, format="parquet")
    )


if __name__ == "__main__":
    main()
