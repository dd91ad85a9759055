"""Which extras of this distribution are installed: by what each of them brings."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

__all__ = ["EXTRAS", "is_installed"]

EXTRAS: Mapping[str, str] = {"s3": "botocore", "gcs": "google.auth", "azure": "azure.identity"}
"""Each extra, and the module that finds credentials where obstore does not look."""


def is_installed(extra: str) -> bool:
    """Whether what an extra brings is there; imports none of it."""
    package, _, module = EXTRAS[extra].partition(".")
    found = find_spec(package)
    if found is None or not module:
        return found is not None
    places = found.submodule_search_locations or ()
    from importlib.machinery import PathFinder

    return PathFinder.find_spec(f"{package}.{module}", list(places)) is not None
