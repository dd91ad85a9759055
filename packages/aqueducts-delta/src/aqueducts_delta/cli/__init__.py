"""`aqueducts delta`: looking after Delta tables."""

from aqueducts_delta.cli.commands import delta

__all__ = ["delta"]
