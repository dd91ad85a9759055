"""From a location to the store that serves it, by the scheme of its URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aqueducts.connectors import Store
    from aqueducts.plugins import Plugins

__all__ = ["open_store", "scheme_of"]

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def scheme_of(location: str) -> str:
    """Scheme of a URL in lower case; `file` for a path."""
    match = _URL.match(location)
    return match[1].lower() if match else "file"


def open_store(plugins: Plugins, location: str, options: Mapping[str, str]) -> Store:
    """The store that serves a location.

    Raises MissingPluginError with the install command, StorageError for what the store refuses.
    """
    store_type = plugins.get(plugins.object_stores, scheme_of(location))
    return store_type().open(location, options)
