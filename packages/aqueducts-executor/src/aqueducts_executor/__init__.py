"""Executor for Aqueducts: a server that runs pipelines sent to it.

The distribution reserves its place in the family: there is no server yet.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
