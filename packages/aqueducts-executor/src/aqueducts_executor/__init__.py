"""Executor for Aqueducts: a server that runs pipelines sent to it."""

__all__ = ["__version__"]

__version__ = "0.1.0"
