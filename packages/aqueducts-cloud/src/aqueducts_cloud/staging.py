"""Writes that are made on this machine and put into the bucket once they are whole."""

from __future__ import annotations

import os
import re
import shutil
import threading
import uuid
from collections.abc import Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from aqueducts.connectors import RunContext, StagedWrite
from aqueducts.errors import StorageError
from aqueducts_cloud.addresses import Address
from aqueducts_cloud.bucket import Bucket
from aqueducts_cloud.failures import failure
from aqueducts_cloud.replacement import Replacement
from aqueducts_cloud.uploads import upload

__all__ = ["CloudWrite"]

_PLAIN_SUFFIX = re.compile(r"\.\w{1,20}", re.ASCII)


class CloudWrite(StagedWrite):
    """A local file or folder that becomes an object, or all objects below a key."""

    def __init__(
        self, bucket: Bucket, address: Address, context: RunContext, *, is_single_file: bool
    ) -> None:
        self._bucket = bucket
        self._address = address
        self._run_id = context.run_id
        self._is_single_file = is_single_file
        self._lock = threading.Lock()
        self._is_over = False
        self._may_commit = True
        self._begun: Future[None] | None = None
        self._folder = context.work_dir / f"upload-{uuid.uuid4().hex[:12]}"
        self._folder.mkdir(parents=True)
        name = f"data{_suffix(address.key)}" if is_single_file else "data"
        self.path = self._folder / name

    def commit(self) -> None:
        """Put what was written in the place of the target.

        Raises StorageError; the target is then as it was.
        """
        try:
            self._bucket.requests.wait(self._begin())
        except StorageError:
            raise
        # obstore raises several kinds; their text holds URLs, which may hold signatures.
        except Exception as error:  # noqa: BLE001
            raise failure(
                _first(error), self._bucket.provider, "write", self._address.shown
            ) from None
        finally:
            self.abort()

    def forbid_commit(self) -> None:
        """Let the target stay as it is; an upload that goes on is given up."""
        with self._lock:
            self._may_commit = False
            begun = self._begun
        if begun is not None:
            begun.cancel()

    def abort(self) -> None:
        """Remove what was written on this machine."""
        with self._lock:
            self._is_over = True
            begun = self._begun
        if begun is not None:
            begun.cancel()  # does nothing where it is done
        shutil.rmtree(self._folder, ignore_errors=True)

    def _begin(self) -> Future[None]:
        with self._lock:
            if self._is_over or not self._may_commit:
                raise StorageError(
                    f"writing {self._address.shown!r} was ended before it was complete"
                )
            self._begun = self._bucket.requests.begin(self._upload())
            return self._begun

    def _upload(self) -> Coroutine[Any, Any, None]:
        key = self._address.key
        if self._is_single_file:
            return upload(self._bucket.store, key, self.path)
        files = {
            Path(folder, name).relative_to(self.path).as_posix(): Path(folder, name)
            for folder, _, names in os.walk(self.path)
            for name in names
        }
        return Replacement(self._bucket, key, self._run_id).replace(files, self._may_switch)

    def _may_switch(self) -> bool:
        with self._lock:
            return self._may_commit and not self._is_over


def _first(error: Exception) -> Exception:
    """The first of several that failed together."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _suffix(key: str) -> str:
    suffixes = Path(key).suffixes[-2:]
    return "".join(suffix for suffix in suffixes if _PLAIN_SUFFIX.fullmatch(suffix))
