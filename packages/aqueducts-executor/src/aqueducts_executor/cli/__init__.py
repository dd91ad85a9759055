"""The command `aqueducts-executor`."""

from aqueducts_executor.cli.command import main

__all__ = ["main"]
