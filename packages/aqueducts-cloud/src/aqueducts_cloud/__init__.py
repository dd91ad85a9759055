"""Cloud object stores for Aqueducts: S3, Google Cloud Storage, Azure.

Plugin of `aqueducts`: everything it offers is in `plugin`.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
