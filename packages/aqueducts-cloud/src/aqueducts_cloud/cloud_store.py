"""S3, Google Cloud Storage and Azure as stores of pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aqueducts.connectors import (
    Listing,
    NativeAddress,
    RunContext,
    StagedWrite,
    Store,
)
from aqueducts.diagnostics import nearest
from aqueducts.errors import StorageError
from aqueducts.relations import DataFile
from aqueducts_cloud.addresses import Address, parse_address
from aqueducts_cloud.bucket import Bucket, Found
from aqueducts_cloud.failures import is_list_refused
from aqueducts_cloud.listing import (
    Selection,
    data_endings,
    folder_of_glob,
    has_wildcard,
    in_folder,
    is_hidden,
    matching,
)
from aqueducts_cloud.native import native_address
from aqueducts_cloud.options import StoreOptions, read_options
from aqueducts_cloud.reading import BucketReader
from aqueducts_cloud.snapshots import is_marker, settled
from aqueducts_cloud.staging import CloudWrite
from aqueducts_cloud.stores import make_store

__all__ = ["CloudStore", "open_cloud_store"]

_SHOWN_NAMES = 5


def open_cloud_store(location: str, options: Mapping[str, str]) -> CloudStore:
    """The store for a location. Raises StorageError for a bad one, and for bad options."""
    address = parse_address(location)
    return CloudStore(address, read_options(address.provider, options))


class CloudStore(Store):
    """One place in a bucket."""

    def __init__(self, address: Address, options: StoreOptions) -> None:
        self._address = address
        self._options = options
        self._bucket = Bucket(address.provider, lambda: make_store(address, options))
        self._shown = address.shown

    def find(self, extensions: Sequence[str]) -> Listing:
        """The object, all data below the key, or what a glob matches.

        A key that exists is never a glob, nor a folder.
        """
        endings = data_endings(extensions)
        key = self._address.key
        if not self._address.is_folder:
            found = self._ask_head(key)
            if found is not None:
                folder = key.rpartition("/")[0]
                return self._listing(folder, Selection(files=[found]), is_directory=False)
            if has_wildcard(key):
                return self._find_glob(endings)
        objects = self._settled(key)
        if not objects:
            raise self._missing()
        return self._listing(key, in_folder(objects, key, endings), endings=endings)

    def find_target(self, extensions: Sequence[str]) -> Listing | None:
        """The object, or the data below the key."""
        key = self._address.key
        found = None if self._address.is_folder else self._ask_head(key)
        if found is not None:
            return self._described(key.rpartition("/")[0], Selection([found]), is_directory=False)
        objects = self._settled(key)
        if not objects:
            return None
        return self._described(key, in_folder(objects, key, data_endings(extensions)))

    def check_target(self, *, is_single_file: bool, extensions: Sequence[str]) -> None:
        """Refuse a bucket that cannot be reached, and to destroy what no run wrote."""
        if is_single_file:
            self._check_file_target()
        else:
            self._check_folder_target(data_endings(extensions))

    def stage(self, context: RunContext, *, is_single_file: bool) -> StagedWrite:
        """Begin a write on this machine."""
        staged = CloudWrite(self._bucket, self._address, context, is_single_file=is_single_file)
        context.staged(staged)
        return staged

    def native_address(self) -> NativeAddress:
        """The location for deltalake."""
        return native_address(self._address, self._options)

    def close(self) -> None:
        """Give up all requests."""
        self._bucket.close()

    def _ask_head(self, key: str) -> Found | None:
        return self._bucket.ask("read", self._shown, self._bucket.head(key))

    def _settled(self, folder: str) -> list[Found]:
        return self._bucket.ask("list", self._shown, settled(self._bucket, folder))

    def _find_glob(self, endings: tuple[str, ...]) -> Listing:
        pattern = self._address.key
        root = folder_of_glob(pattern)
        objects = self._settled(root)
        selection = matching(objects, pattern, endings)
        if not selection.files and not selection.skipped:
            names = sorted({each.key.rpartition("/")[2] for each in objects})
            raise StorageError(
                f"no object matches {self._shown!r}",
                hint=f"{self._address.url(root)!r} "
                + (f"holds {_listed(names)}" if names else "holds nothing"),
            )
        return self._listing(root, selection, endings=endings)

    def _listing(
        self,
        root: str,
        selection: Selection,
        *,
        endings: tuple[str, ...] = (),
        is_directory: bool = True,
    ) -> Listing:
        if not selection.files:
            kinds = ", ".join(ending for ending in endings if ending.count(".") == 1)
            names = [_below(each.key, root) for each in selection.skipped]
            raise StorageError(
                f"no object that ends in {kinds} in {self._shown!r}",
                hint=f"there are only {_listed(names)}; name objects of other endings by a glob"
                if names
                else None,
            )
        return self._described(root, selection, is_directory=is_directory)

    def _described(self, root: str, selection: Selection, *, is_directory: bool = True) -> Listing:
        url = self._address.url
        e_tags = {url(each.key): each.e_tag for each in selection.files}
        reader = BucketReader(self._bucket, self._address.base, e_tags)
        files = [
            DataFile(
                path=url(each.key),
                size_bytes=each.size_bytes,
                modified_at=each.modified_at,
                reader=reader,
            )
            for each in selection.files
        ]
        skipped = [url(each.key) for each in selection.skipped]
        return Listing(url(root), files, is_directory=is_directory, skipped=skipped)

    def _missing(self) -> StorageError:
        folder, _, name = self._address.key.rpartition("/")
        names = self._bucket.ask("list", self._shown, self._bucket.names(folder))
        near = nearest(name, list(names)) if name else None
        if near is not None:
            guess = self._address.url(f"{folder}/{near}" if folder else near)
            return StorageError(f"{self._shown!r} does not exist", hint=f"did you mean {guess!r}?")
        where = self._address.url(folder)
        hint = f"{where!r} holds {_listed(sorted(names))}" if names else f"{where!r} is empty"
        return StorageError(f"there is nothing at {self._shown!r}", hint=hint)

    def _check_file_target(self) -> None:
        key = self._address.key
        if self._address.is_folder:
            raise self._is_a_folder()

        async def first() -> list[Found]:
            try:
                return await self._bucket.list(key, most=1)
            except Exception as error:
                if is_list_refused(error):
                    return []  # who may only write will hear of it when writing
                raise

        if self._bucket.ask("write", self._shown, first()):
            raise self._is_a_folder()

    def _is_a_folder(self) -> StorageError:
        return StorageError(
            f"{self._shown!r} is a folder, but one file is to be written",
            hint="add a file name, or set single_file: false to write a folder of files",
        )

    def _check_folder_target(self, endings: tuple[str, ...]) -> None:
        key = self._address.key
        if key and self._bucket.ask("write", self._shown, self._bucket.head(key)) is not None:
            raise StorageError(
                f"{self._shown!r} is one object, but a folder of files is to be written",
                hint="choose another name; single_file: true writes one file",
            )
        objects = self._bucket.ask("write", self._shown, settled(self._bucket, key))
        foreign = [_below(each.key, key) for each in objects if _is_foreign(each, key, endings)]
        if foreign:
            kinds = ", ".join(ending for ending in endings if ending.count(".") == 1)
            raise StorageError(
                f"{self._shown!r} would be replaced as a whole, but it holds more than files that "
                f"end in {kinds}: {_listed(foreign)}",
                hint="choose a folder of its own for the result, or remove them yourself",
            )


def _is_foreign(found: Found, folder: str, endings: tuple[str, ...]) -> bool:
    """Whether an object is neither data in folders `key=value` nor metadata of such data."""
    *folders, name = _below(found.key, folder).split("/")
    if any("=" not in each for each in folders):
        return True
    if is_hidden([name]):
        return name.startswith(".") and not name.endswith((".crc", ".DS_Store"))
    return not name.lower().endswith(endings) and not is_marker(found.key)


def _below(key: str, folder: str) -> str:
    return key.removeprefix(f"{folder}/") if folder else key


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_SHOWN_NAMES])
    more = len(names) - _SHOWN_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
