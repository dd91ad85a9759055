"""Values in the names of folders: `date=2024-01-01/hour=7/`."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

import msgspec

from aqueducts.builtin.shown_names import shown_path
from aqueducts.connectors import Listing
from aqueducts.errors import SourceError
from aqueducts.relations import DataFile

__all__ = ["NULL_FOLDER", "with_partition_values"]

NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"
"""What stands for null in the name of a folder."""


def with_partition_values(listing: Listing, names: Sequence[str]) -> list[DataFile]:
    """The files with the values of their folders, in the order of `names`.

    Raises SourceError for a file whose folders are not exactly those of `names`.
    """
    return [
        msgspec.structs.replace(file, partition_values=_values(file.path, listing.root, names))
        for file in listing.files
    ]


def _values(path: str, root: str, names: Sequence[str]) -> tuple[str | None, ...]:
    relative = path.removeprefix(root).lstrip("/")
    pairs = [part.partition("=") for part in relative.split("/")[:-1] if "=" in part]
    found = [unquote(key) for key, _, _ in pairs]
    if found != list(names):
        expected = "".join(f"{name}=…/" for name in names)
        raise SourceError(
            f"{shown_path(path)!r} is not in folders {expected} below {shown_path(root)!r}"
            + (f", but in {''.join(f'{key}=…/' for key in found)}" if found else ""),
            hint="partition_columns must name all key=value folders in their order; move files "
            "that are elsewhere, or leave partition_columns out",
        )
    return tuple(None if value == NULL_FOLDER else unquote(value) for _, _, value in pairs)
