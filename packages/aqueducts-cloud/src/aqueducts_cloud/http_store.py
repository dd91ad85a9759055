"""Files that web servers give: single ones, to be read."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from aqueducts.connectors import Listing, RunContext, StagedWrite, Store
from aqueducts.errors import StorageError
from aqueducts.relations import DataFile, FileReader
from aqueducts_cloud.bucket import Bucket
from aqueducts_cloud.listing import has_wildcard
from aqueducts_cloud.options import StoreOptions, read_options
from aqueducts_cloud.reading import BucketReader

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["HttpStore", "open_http_store"]

_PIECE_BYTES = 1 << 20


def open_http_store(location: str, options: Mapping[str, str]) -> HttpStore:
    """The store for a URL. Raises StorageError for one without a host or with a password."""
    parts = urlsplit(location)
    if not parts.hostname:
        raise StorageError(f"{location!r} names no host")
    if parts.username is not None or parts.password is not None:
        raise StorageError(
            f"a {parts.scheme}:// location holds no user and password",
            hint="locations are shown; use a store with credentials, or fetch the file first",
        )
    return HttpStore(location, read_options("http", options))


class HttpStore(Store):
    """One file of a web server."""

    def __init__(self, location: str, options: StoreOptions) -> None:
        parts = urlsplit(location)
        self._is_folder = parts.path.endswith("/") or not parts.path
        self._shown = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        """Without its query, which may hold a signature."""
        is_plain = parts.scheme.lower() == "http"  # and was written so on purpose
        client = {**options.client, **({"allow_http": True} if is_plain else {})}
        settings = msgspec.structs.replace(options, client=client)
        self._bucket = Bucket("http", lambda: _make(location, settings))

    def find(self, extensions: Sequence[str]) -> Listing:  # noqa: ARG002 - one file
        """The file. Without listings there are no folders and no globs."""
        if self._is_folder or has_wildcard(self._shown):
            raise StorageError(
                f"{self._shown!r} is a folder or a glob, which web servers do not list",
                hint="name one file; several are several sources",
            )
        size, e_tag, modified_at, has_ranges = self._bucket.ask("read", self._shown, self._look())
        reader: FileReader
        if has_ranges:
            reader = BucketReader(self._bucket, self._shown, {self._shown: e_tag})
        else:
            reader = self._copy()
            size = reader.size
        folder = self._shown.rpartition("/")[0]
        file = DataFile(self._shown, size, modified_at=modified_at, reader=reader)
        return Listing(root=folder, files=[file])

    def check_target(self, *, is_single_file: bool, extensions: Sequence[str]) -> None:  # noqa: ARG002
        """Refuse: web servers are read only."""
        raise self._read_only()

    def stage(self, context: RunContext, *, is_single_file: bool) -> StagedWrite:  # noqa: ARG002
        """Refuse: web servers are read only."""
        raise self._read_only()

    def close(self) -> None:
        """Give up all requests."""
        self._bucket.close()

    async def _look(self) -> tuple[int, str | None, float, bool]:
        """Size, strong tag and time of the file, and whether parts of it can be asked for.

        By a GET: a URL that is signed for reading often refuses anything else.
        """
        import obstore

        try:
            answer = await obstore.get_async(self._bucket.store, "", options={"range": (0, 1)})
        except Exception as error:
            if type(error).__name__ == "NotSupportedError":
                return 0, None, 0.0, False
            if "416" not in str(error):  # which an empty file is answered with
                raise
            meta = await obstore.head_async(self._bucket.store, "")
        else:
            meta = answer.meta
        e_tag = meta["e_tag"]
        is_strong = e_tag is not None and not e_tag.startswith("W/")
        modified_at = meta["last_modified"].timestamp()
        return meta["size"], e_tag if is_strong else None, modified_at, True

    def _copy(self) -> _Copy:
        """The whole file, of a server that gives no parts."""
        copy = _Copy()
        self._bucket.ask("read", self._shown, self._fetch(copy))
        return copy

    async def _fetch(self, copy: _Copy) -> None:
        import obstore

        answer = await obstore.get_async(self._bucket.store, "")
        async for piece in answer.stream(min_chunk_size=_PIECE_BYTES):
            copy.append(memoryview(piece))

    def _read_only(self) -> StorageError:
        return StorageError(
            f"{self._shown!r} cannot be written: http and https are read only",
            hint="write a file or a bucket, and upload it from there",
        )


class _Copy:
    """A file without a name, which is gone once nobody has it open."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - open while it is used
        weakref.finalize(self, self._file.close)
        self.size = 0

    def append(self, piece: memoryview) -> None:
        self._file.write(piece)
        self._file.flush()
        self.size += len(piece)

    def read(self, path: str, start: int, end: int) -> Iterator[memoryview]:  # noqa: ARG002
        while start < end and (
            piece := os.pread(self._file.fileno(), min(_PIECE_BYTES, end - start), start)
        ):
            start += len(piece)
            yield memoryview(piece)


def _make(location: str, options: StoreOptions) -> ObjectStore:
    from obstore.store import HTTPStore

    client: Any = dict(options.client)
    retry: Any = dict(options.retry)
    try:
        return HTTPStore(location, client_options=client, retry_config=retry)
    # obstore raises several kinds, with the whole URL in their texts.
    except Exception:  # noqa: BLE001
        raise StorageError(
            "the URL of a source or its options cannot be used",
            hint="check the location, and the values in storage_config",
        ) from None
