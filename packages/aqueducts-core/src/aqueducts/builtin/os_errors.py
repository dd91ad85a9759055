"""Errors of the operating system as errors that say what to do."""

from __future__ import annotations

import errno

from aqueducts.errors import StorageError

__all__ = ["is_about_storage", "storage_error"]

_HINTS = {
    errno.EACCES: "give this user the permission, or choose another place",
    errno.EPERM: "give this user the permission, or choose another place",
    errno.EROFS: "the file system is read only; choose another place",
    errno.ENOSPC: "the disk is full; free some space, or choose a place on another disk",
    errno.EDQUOT: "the disk quota of this user is used up; free some space",
    errno.EFBIG: "the file would be larger than the limit for this process (ulimit -f)",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.EBUSY: "it is in use, or the root of a mounted disk; choose a folder in it",
    errno.EXDEV: "it is on another disk or image layer than its parent; choose a folder in it",
    errno.ELOOP: "its symbolic links go round in a circle",
}


def is_about_storage(error: OSError) -> bool:
    """Whether an error is one of disks and permissions (a network's are OSErrors as well)."""
    return error.errno in _HINTS or error.errno == errno.EIO


def storage_error(error: OSError, path: str, doing: str) -> StorageError:
    """`cannot write 'x': No space left on device`, with what to do about it."""
    reason = error.strerror or str(error)
    number = error.errno if error.errno is not None else 0
    return StorageError(f"cannot {doing} {path!r}: {reason}", hint=_HINTS.get(number))
