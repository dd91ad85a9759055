"""What deltalake raises, as errors that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aqueducts.errors import AqueductsError, RunError, StorageError

if TYPE_CHECKING:
    from aqueducts_delta.locations import TableLocation

__all__ = ["failure", "first_line", "is_panic", "reported"]

_DISK_FULL = "No space left on device"
_DENIED = "Permission denied"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CAUSE = "\u21b3"
"""An arrow, before what caused what the line above says."""
_NOISE = re.compile(
    r"^(Generic (DeltaTable|LocalFileSystem|delta kernel) error|External error|Kernel error"
    r"|Failed to parse parquet|Data does not match the schema or partitions of the table): "
)


def first_line(error: BaseException) -> str:
    """What an error says in its first line, without the names of the layers it came through.

    What object stores say comes as a line for each layer, in colours; these lines belong together.
    """
    lines = _COLOUR.sub("", str(error)).strip().splitlines() or [type(error).__name__]
    causes = [line.strip()[1:].strip() for line in lines[1:] if line.strip().startswith(_CAUSE)]
    text = ": ".join([lines[0], *causes])
    while (shorter := _NOISE.sub("", text)) != text:
        text = shorter
    return text


@contextmanager
def reported(kind: type[RunError], what: str, location: TableLocation) -> Iterator[None]:
    """Errors of deltalake in here become errors of ours; `what` says what could not be done."""
    from deltalake.exceptions import DeltaError

    try:
        yield
    except AqueductsError:
        raise
    except (DeltaError, OSError, ValueError) as error:
        raise failure(error, kind, what, location) from error
    except BaseException as error:
        if not is_panic(error):
            raise
        raise failure(error, kind, what, location) from error


def is_panic(error: BaseException) -> bool:
    """Whether the native library met what it never expected: it raises what is no Exception."""
    return type(error).__name__ == "PanicException"


def failure(
    error: BaseException, kind: type[RunError], what: str, location: TableLocation
) -> AqueductsError:
    """The error that tells of a failure of deltalake."""
    text = str(error)
    message = f"{what} at {location.shown!r}: {first_line(error)}"
    if _DISK_FULL in text:
        return StorageError(message, hint="the disk is full; free some space, or move the table")
    if _DENIED in text:
        return StorageError(message, hint="give this user the permission, or choose another place")
    if location.local_path is None and isinstance(error, OSError):
        return StorageError(
            message, hint="check the location, the endpoint, and the credentials and the region"
        )
    return kind(message)
