"""Cloud object stores for Aqueducts: S3, Google Cloud Storage, Azure.

The distribution reserves its place in the family: there are no object stores yet.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
