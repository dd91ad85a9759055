"""Swapping two folders in one step (Linux)."""

from __future__ import annotations

import errno
import os

__all__ = ["exchange"]

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM)
"""What old kernels, some file systems (NFS, FUSE) and some sandboxes answer."""


def exchange(one: str, other: str) -> bool:
    """Swap two paths atomically; False where the kernel or file system cannot.

    Raises OSError, FileNotFoundError where one of them is missing.
    """
    import ctypes  # for folders only

    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is None:
        return False
    paths = os.fsencode(one), os.fsencode(other)
    if function(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], ctypes.c_uint(_RENAME_EXCHANGE)) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number), other)
