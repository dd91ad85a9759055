"""A folder of links to exactly the files of one scan.

DataFusion lists folders by its own rules: it skips subfolders, wants one ending, takes `[` in a
name for a glob. A folder of links leaves it nothing to decide, and tells scans apart by their
path, so that rows can be counted per source.
"""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from aqueducts.builtin.datafusion_engine.copies import is_elsewhere, local_path
from aqueducts.builtin.datafusion_engine.slices import whole_file
from aqueducts.builtin.shown_names import shown_path
from aqueducts.relations import DataFile

__all__ = ["LinkFolder", "Links"]


_LINK = re.compile(r"/links/(\d+)/(?:.*/)?(\d{6})[\w.]*(?::\d+\.\.\d+)?$")
"""The end of a link as plans write it, with the bytes of the file that one thread reads."""


class LinkFolder:
    """Links to files that share one layout."""

    def __init__(
        self, path: Path, files: Sequence[DataFile], suffix: str, base: str | None = None
    ) -> None:
        self.path = path
        self.suffix = suffix
        self.files = files
        self._base = base
        """The URL that paths are below, where they are none of this machine."""

    @property
    def location(self) -> str:
        """What DataFusion is told to read: a folder, or the one link in it."""
        path = f"{self.path}/"
        if len(self.files) == 1 and not self.files[0].partition_values:
            path = str(self.path / f"{0:06}{self.suffix}")
        return path if self._base is None else f"{self._base}{path.lstrip('/')}"


class Links:
    """All link folders of a run."""

    def __init__(
        self, root: Path, serve: Callable[[Mapping[str, DataFile]], str] | None = None
    ) -> None:
        self._root = root
        self._serve = serve
        """Gives the engine files that are elsewhere, by their paths; returns the URL above them."""
        self._lock = threading.Lock()
        self._targets: dict[str, DataFile] = {}
        self._owners: dict[str, str] = {}
        self._pattern = re.compile(
            re.escape(str(root).lstrip("/")) + r"/(\d+)/(?:[^\s,\]:;'\"]*/)?(\d{6})[\w.]*"
        )

    def folder(
        self,
        owner: str,
        files: Sequence[DataFile],
        suffix: str,
        partition_names: Sequence[str] = (),
    ) -> LinkFolder:
        """Link `files` for the source `owner`; partition values become Hive folders."""
        with self._lock:
            number = len(self._owners)
            self._owners[str(number)] = owner
        path = self._root / str(number)
        links: dict[str, DataFile] = {}
        for index, file in enumerate(files):
            parts = zip(partition_names, file.partition_values, strict=False)
            folders = [f"{_encode(key)}={_encode(value or '')}" for key, value in parts]
            links["/".join([str(path), *folders, f"{index:06}{suffix}"])] = file
            self._targets[f"{number}/{index:06}"] = whole_file(file)
        if any(is_elsewhere(file) for file in files) and self._serve is not None:
            base = self._serve({link.lstrip("/"): file for link, file in links.items()})
            return LinkFolder(path, files, suffix, base)
        path.mkdir(parents=True)
        for folder in {Path(link).parent for link in links}:
            folder.mkdir(parents=True, exist_ok=True)
        for link, file in links.items():
            Path(link).symlink_to(local_path(file))
        return LinkFolder(path, files, suffix)

    def sample(self, content: bytes) -> DataFile:
        """A file of the run with this content, to look at in place of a source's own."""
        path = self._root / f"sample-{uuid.uuid4().hex}.csv"
        self._root.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return DataFile(str(path), len(content))

    def owner_of(self, text: str) -> str | None:
        """The source whose link is named first in an engine's text."""
        match = self._pattern.search(text)
        return None if match is None else self._owners.get(match[1])

    def is_owner(self, name: str) -> bool:
        """Whether the source has files."""
        return name in self._owners.values()

    def files_of(self, links: Iterable[str]) -> tuple[str | None, list[DataFile]]:
        """The source that links belong to, and the files that they stand for, each once."""
        keys: dict[str, str] = {}
        for link in links:
            match = _LINK.search(link)
            if match is not None:
                keys[f"{match[1]}/{match[2]}"] = match[1]
        found = {key: self._targets[key] for key in keys if key in self._targets}
        owner = next((self._owners[keys[key]] for key in found), None)
        return owner, list(dict.fromkeys(found.values()))

    def restore(self, text: str) -> str:
        """The text with links replaced by the files they stand for."""
        if str(self._root).lstrip("/") not in text:
            return text
        linked = re.compile(r"(?:file:)?/*(" + self._pattern.pattern + ")")
        return linked.sub(self._absolute, text)

    def _absolute(self, match: re.Match[str]) -> str:
        target = self._targets.get(f"{match[2]}/{match[3]}")
        return match[0] if target is None else shown_path(target.path)


def _encode(text: str) -> str:
    return quote(text, safe=" ")
