"""moto: an imitation of Amazon's services in Python, which keeps everything in memory.

It proves requests, answers and, with `checks_signatures`, credentials; Ceph is the server that is
no imitation.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from servers.certificates import Certificates
from servers.processes import HOST, answers_on, free_port, process
from servers.s3 import S3Server

__all__ = ["moto"]

_ANYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
_CALLS_WITHOUT_CHECK = 3
"""Those that make the first user."""


@contextmanager
def moto(
    folder: Path, *, checks_signatures: bool = False, certificates: Certificates | None = None
) -> Iterator[S3Server]:
    """A running server. Without `checks_signatures` it believes every key."""
    port = free_port()
    command: list[str | Path] = [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)]
    if certificates is not None:
        command += ["-c", certificates.chain, "-k", certificates.key]
    environment = {}
    if checks_signatures:
        environment["INITIAL_NO_AUTH_ACTION_COUNT"] = str(_CALLS_WITHOUT_CHECK)
    with process(command, folder / f"moto-{port}.log", answers_on(port), environment):
        server = S3Server(
            endpoint=f"{'https' if certificates else 'http'}://{HOST}:{port}",
            access_key_id="AKIDEXAMPLE",
            secret_access_key="not-checked",
            certificates=str(certificates.authority) if certificates else None,
        )
        yield _with_user(server) if checks_signatures else server


def _with_user(server: S3Server) -> S3Server:
    client = server.client("iam")
    client.create_user(UserName="tester")
    key = client.create_access_key(UserName="tester")["AccessKey"]
    client.put_user_policy(
        UserName="tester", PolicyName="anything", PolicyDocument=json.dumps(_ANYTHING)
    )
    client.close()
    return replace(
        server, access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"]
    )
