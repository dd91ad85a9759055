"""Kinds of stores by their schemes. What they are made of is imported where one is opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from aqueducts.connectors import ObjectStoreType, Store

__all__ = ["AzureStoreType", "GcsStoreType", "HttpStoreType", "S3StoreType"]


class _CloudStoreType(ObjectStoreType):
    """A provider's buckets."""

    def open(self, location: str, options: Mapping[str, str]) -> Store:
        """The store for a location. Raises StorageError for a bad one, and for bad options."""
        from aqueducts_cloud.cloud_store import open_cloud_store

        return open_cloud_store(location, options)


class S3StoreType(_CloudStoreType):
    """Amazon S3, and what speaks its protocol."""

    schemes: ClassVar[tuple[str, ...]] = ("s3", "s3a")


class GcsStoreType(_CloudStoreType):
    """Google Cloud Storage."""

    schemes: ClassVar[tuple[str, ...]] = ("gs", "gcs")


class AzureStoreType(_CloudStoreType):
    """Azure Blob Storage and Data Lake Storage."""

    schemes: ClassVar[tuple[str, ...]] = ("az", "azure", "abfs", "abfss")


class HttpStoreType(ObjectStoreType):
    """Web servers."""

    schemes: ClassVar[tuple[str, ...]] = ("http", "https")

    def open(self, location: str, options: Mapping[str, str]) -> Store:
        """The store for a URL. Raises StorageError for one without a host or with a password."""
        from aqueducts_cloud.http_store import open_http_store

        return open_http_store(location, options)
