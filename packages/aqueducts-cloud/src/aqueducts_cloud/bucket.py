"""One bucket, through obstore: what every part of a store asks of it, with errors as ours."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from aqueducts.errors import StorageError
from aqueducts_cloud.addresses import Provider
from aqueducts_cloud.failures import Doing, failure, is_bucket_missing, is_without_reason
from aqueducts_cloud.requests import Requests

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["Bucket", "Found"]

ResultT = TypeVar("ResultT")

_LIST_CHUNK = 1000


class Found(msgspec.Struct, frozen=True):
    """An object in a bucket."""

    key: str
    size_bytes: int
    modified_at: float
    e_tag: str | None
    version: str | None = None


class Bucket:
    """Requests to one bucket with one set of credentials; made when the first one is needed."""

    def __init__(
        self, provider: Provider | Literal["http"], make: Callable[[], ObjectStore]
    ) -> None:
        self.provider = provider
        self.requests = Requests()
        self._make = make
        self._made: ObjectStore | None = None

    @property
    def store(self) -> ObjectStore:
        """Obstore's store. Raises StorageError for options that it refuses."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def ask(self, doing: Doing, shown: str, request: Coroutine[Any, Any, ResultT]) -> ResultT:
        """The answer to a request; StorageError about `shown` where it fails."""
        try:
            return self.requests.call(request)
        except StorageError:
            raise
        # obstore raises several kinds, plain ValueError and OSError among them.
        except Exception as error:  # noqa: BLE001
            # Their text holds URLs, which may hold signatures: not even a cause is kept.
            raise failure(error, self.provider, doing, shown) from None

    async def head(self, key: str) -> Found | None:
        """An object; None where there is none."""
        import obstore

        try:
            return _found(await obstore.head_async(self.store, key))
        except FileNotFoundError as error:
            if is_bucket_missing(error):
                raise
            return None
        except Exception as error:
            if not is_without_reason(error):
                raise
            # An answer to HEAD has no body that would tell why.
            await obstore.get_async(self.store, key, options={"range": (0, 1)})
            raise

    async def list(self, folder: str, *, most: int | None = None) -> list[Found]:
        """Objects below a folder (not one of that very name), sorted by their keys."""
        import obstore

        found: list[Found] = []
        size = _LIST_CHUNK if most is None else most
        async for chunk in obstore.list(self.store, folder or None, chunk_size=size):
            found += [_found(each) for each in chunk]
            if most is not None and len(found) >= most:
                break
        # Consoles make folders by empty objects.
        return sorted((each for each in found if each.key != folder), key=_key)

    async def names(self, folder: str) -> Sequence[str]:
        """Names of the folders and objects right below a folder."""
        import obstore

        found = await obstore.list_with_delimiter_async(self.store, folder or None)
        objects = [each["path"] for each in found["objects"]]
        return [each.rpartition("/")[2] for each in (*found["common_prefixes"], *objects)]

    async def get(self, key: str) -> bytes | None:
        """The content of a small object; None where there is none."""
        import obstore

        try:
            answer = await obstore.get_async(self.store, key)
            return bytes(await answer.bytes_async())
        except FileNotFoundError:
            return None

    async def put(self, key: str, content: bytes, mode: Any = "overwrite") -> None:
        """Make a small object. Raises what obstore raises where `mode` does not hold."""
        import obstore

        await obstore.put_async(self.store, key, content, mode=mode)

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete objects."""
        import obstore

        if keys:
            await obstore.delete_async(self.store, list(keys))

    def close(self) -> None:
        """Give up all requests, and the connections that are kept."""
        self.requests.close()
        self._made = None


def _key(found: Found) -> str:
    return found.key


def _found(meta: Any) -> Found:
    return Found(
        key=meta["path"],
        size_bytes=meta["size"],
        modified_at=meta["last_modified"].timestamp(),
        e_tag=meta["e_tag"],
        version=meta["version"],
    )
