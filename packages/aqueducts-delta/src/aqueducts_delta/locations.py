"""Where a Delta table is, as deltalake takes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

import msgspec
from pydantic import SecretStr

from aqueducts.connectors import RunContext
from aqueducts.errors import StorageError
from aqueducts.models.fields import scheme_of

__all__ = ["TableLocation", "locate", "locate_path"]

_FILE_URL = "file://"
_UNUSABLE = re.compile(r"[\x00-\x1f\[\]\\^|]|%(?=[0-9A-Fa-f]{2})")
"""What deltalake takes for something else in local paths, or ends the process for; links in their
place do not help, as it follows them first."""


class TableLocation(msgspec.Struct, frozen=True):
    """A table's address and the options to reach it. Shows neither secrets nor options."""

    shown: str
    """As the user wrote it."""
    uri: str
    """What deltalake opens: an absolute path, or a URL."""
    options: Mapping[str, str] = {}
    """Options of the object store, with secrets resolved."""

    def __repr__(self) -> str:
        return f"TableLocation({self.shown!r})"

    @property
    def storage_options(self) -> dict[str, str] | None:
        """The options as deltalake takes them."""
        return dict(self.options) or None

    @property
    def local_path(self) -> Path | None:
        """The table's folder, where it is one of this machine."""
        return Path(self.uri) if scheme_of(self.uri) == "file" else None


def locate(
    location: str, storage_config: Mapping[str, SecretStr], context: RunContext
) -> TableLocation:
    """The table at a location; references to secrets are resolved.

    Raises MissingPluginError where nothing installed serves its scheme, StorageError, SecretError.
    """
    revealed = context.reveal(location)
    store = context.store(revealed, storage_config)  # refuses what no store serves, and says why
    if scheme_of(revealed) == "file":
        options = {key: context.reveal(value) for key, value in storage_config.items()}
        return TableLocation(shown=location, uri=_local(revealed, location), options=options)
    try:
        address = store.native_address()
    except NotImplementedError:
        raise StorageError(
            f"a Delta table cannot be at {location!r}",
            hint="tables are in folders of this machine, and in buckets of S3, Google Cloud "
            "Storage and Azure",
        ) from None
    return TableLocation(shown=location, uri=address.url, options=address.options)


def locate_path(location: str) -> TableLocation:
    """The table at a path or `file://` URL, without a run (StorageError for any other)."""
    if scheme_of(location) != "file":
        raise StorageError(
            f"{location!r} is not on this machine",
            hint="give the path of a table's folder, or a URL such as file:///data/sales",
        )
    return TableLocation(shown=location, uri=_local(location, location))


def _local(location: str, shown: str) -> str:
    path = location
    if location.lower().startswith(_FILE_URL):
        path = "/" + unquote(location[len(_FILE_URL) :].partition("/")[2])
    absolute = str(Path.cwd() / path)
    unusable = _UNUSABLE.search(absolute)
    if unusable:
        raise StorageError(
            f"a Delta table cannot be at {shown!r}: the character {unusable[0]!r} means something "
            "else in addresses of tables",
            hint="rename the folder; letters of all alphabets, digits, blanks, - _ . are fine",
        )
    return absolute
