"""From a location to the store that serves it, by the scheme of its URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aqueducts.access import UNLIMITED, Access
from aqueducts.models.fields import scheme_of

if TYPE_CHECKING:
    from aqueducts.connectors import Store
    from aqueducts.plugins import Plugins

__all__ = ["open_store"]


def open_store(
    plugins: Plugins, location: str, options: Mapping[str, str], access: Access = UNLIMITED
) -> Store:
    """The store that serves a location, once `access` has allowed it.

    Raises MissingPluginError with the install command, AccessError, StorageError for what the
    store refuses.
    """
    store_type = plugins.get(plugins.object_stores, scheme_of(location))
    access.check_location(location, options)
    store = store_type().open(location, options)
    store.access = access
    path = store.local_path
    if path is not None:
        access.check_path(path)
    return store
