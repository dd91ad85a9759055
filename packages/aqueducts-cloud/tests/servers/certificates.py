"""Certificates for servers on this machine, of an authority that nobody else trusts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trustme

__all__ = ["Certificates", "make_certificates"]


@dataclass(frozen=True)
class Certificates:
    """Files in PEM format."""

    authority: Path
    """What a client has to trust, for example by SSL_CERT_FILE."""
    chain: Path
    """What a server shows."""
    key: Path
    """The server's private key."""


def make_certificates(folder: Path) -> Certificates:
    """An authority and a certificate for 127.0.0.1 and localhost."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    made = Certificates(folder / "authority.pem", folder / "server.pem", folder / "server.key")
    authority.cert_pem.write_to_path(str(made.authority))
    issued.private_key_pem.write_to_path(str(made.key))
    for number, part in enumerate(issued.cert_chain_pems):
        part.write_to_path(str(made.chain), append=number > 0)
    return made
