"""Which stores can be used: extras that are installed. No store is asked."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from aqueducts.health import Fact, Health, HealthCheck
from aqueducts_cloud.extras import EXTRAS, is_installed

__all__ = ["CLOUD_CHECK"]

_PACKAGES = {"s3": "botocore", "gcs": "google-auth", "azure": "azure-identity"}


def _examine() -> Health:
    facts: dict[str, Fact] = {"obstore": version("obstore")}
    for extra in EXTRAS:
        facts[extra] = _version(_PACKAGES[extra]) if is_installed(extra) else "not installed"
    missing = [extra for extra in EXTRAS if not is_installed(extra)]
    if len(missing) < len(EXTRAS):
        return Health(facts=facts)
    return Health(
        status="warning",
        facts=facts,
        message="no store but web servers can be used: no extra of aqueducts-cloud is installed",
        help="run: pip install 'aqueducts-core[s3]' (or gcs, azure)",
    )


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package


CLOUD_CHECK = HealthCheck(name="cloud stores", examine=_examine)
"""What `aqueducts doctor` tells of this distribution."""
