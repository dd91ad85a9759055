"""Which distribution serves a name that is not installed: data, never imports."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Distribution", "distribution_for"]


class Distribution(NamedTuple):
    """A distribution and the requirement that installs it."""

    name: str
    requirement: str


_ODBC = Distribution("aqueducts-odbc", "aqueducts-core[odbc]")
_ADBC = Distribution("aqueducts-odbc", "aqueducts-odbc[adbc]")
_DELTA = Distribution("aqueducts-delta", "aqueducts-core[delta]")
_S3 = Distribution("aqueducts-cloud", "aqueducts-core[s3]")
_GCS = Distribution("aqueducts-cloud", "aqueducts-core[gcs]")
_AZURE = Distribution("aqueducts-cloud", "aqueducts-core[azure]")
_HTTP = Distribution("aqueducts-cloud", "aqueducts-core[s3]")

_HINTS = {
    **dict.fromkeys([("source", "odbc"), ("source", "database")], _ODBC),
    **dict.fromkeys([("destination", "odbc"), ("destination", "database")], _ODBC),
    **dict.fromkeys([("source", "adbc"), ("destination", "adbc")], _ADBC),
    **dict.fromkeys([("source", "delta"), ("destination", "delta")], _DELTA),
    **dict.fromkeys([("storage scheme", "s3"), ("storage scheme", "s3a")], _S3),
    **dict.fromkeys([("storage scheme", "gs"), ("storage scheme", "gcs")], _GCS),
    **dict.fromkeys(
        [("storage scheme", scheme) for scheme in ("az", "azure", "abfs", "abfss")], _AZURE
    ),
    **dict.fromkeys([("storage scheme", "http"), ("storage scheme", "https")], _HTTP),
}


def distribution_for(kind: str, name: str) -> Distribution | None:
    """The distribution that offers `name` of a kind, where we know one."""
    return _HINTS.get((kind, name))
