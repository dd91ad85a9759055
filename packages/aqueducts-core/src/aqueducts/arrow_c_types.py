"""Types that pyarrow knows and has no function to make, by way of the Arrow C data interface."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["type_of_c_format"]


class _ArrowSchema(ctypes.Structure):
    """The struct of the Arrow C data interface that describes a type."""


_Release = ctypes.CFUNCTYPE(None, ctypes.POINTER(_ArrowSchema))

_ArrowSchema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", _Release),
    ("private_data", ctypes.c_void_p),
]


def type_of_c_format(c_format: bytes) -> pa.DataType:
    """Return a type that pyarrow knows and has no function to make, by its C format."""
    import pyarrow as pa

    def release(schema: Any) -> None:
        schema.contents.release = _Release()

    schema = _ArrowSchema(format=c_format, name=b"", release=_Release(release))
    return pa.DataType._import_from_c(ctypes.addressof(schema))  # noqa: SLF001 - the only way in
