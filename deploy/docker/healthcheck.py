"""End with 0 where the executor in this container answers, for HEALTHCHECK."""

import os
import ssl
import sys
import urllib.error
import urllib.request

_SECONDS = 4


def main() -> int:
    """Ask /health over the way that the executor was told to serve."""
    scheme = "https" if os.environ.get("AQUEDUCTS_TLS_CERT") else "http"
    port = os.environ.get("AQUEDUCTS_PORT", "3031").split(",")[0].strip()
    # Within the container there is nobody else whose certificate it could be.
    trust = ssl._create_unverified_context()  # noqa: S323, SLF001
    direct = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
    )
    try:
        with direct.open(f"{scheme}://127.0.0.1:{port}/health", timeout=_SECONDS) as answer:
            return 0 if answer.status == 200 else 1
    except (OSError, urllib.error.URLError):
        return 1


if __name__ == "__main__":
    sys.exit(main())
