"""From a path to what is there: which files, of which format, in which folders."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath
from urllib.parse import unquote

import msgspec

from aqueducts.connectors import Listing
from aqueducts.errors import SourceError, StorageError
from aqueducts.models.fields import scheme_of
from aqueducts.plugins import Plugins
from aqueducts.relations import DataFile
from aqueducts.sampling.csv_table import look_at_csv
from aqueducts.sampling.csv_values import judge
from aqueducts.sampling.findings import Column, Finding, TableFinding
from aqueducts.sampling.json_table import look_at_json
from aqueducts.sampling.parquet_table import look_at_parquet
from aqueducts.sampling.pieces import Pieces, read_pieces, shown_path
from aqueducts.storage import open_store

__all__ = ["look_at"]

_FORMATS = ("csv", "json", "parquet")

_ANY = ("",)
"""Every name ends in nothing."""

_MOST_FILES = 16
"""Files that are looked into; of more, some that are spread over all."""

_NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"

_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive or an Office document",
    b"\xd0\xcf\x11\xe0": "an old Office document",
    b"ARROW1": "an Arrow IPC file",
    b"Obj\x01": "an Avro file",
    b"ORC": "an ORC file",
    b"SQLite format 3": "an SQLite database",
    b"%PDF": "a PDF document",
}


class _Place(msgspec.Struct, frozen=True):
    """A location with its files."""

    location: str
    listing: Listing
    notes: tuple[str, ...] = ()


def look_at(location: str, plugins: Plugins) -> Finding:
    """Find out what is at a path, in a folder or behind a glob.

    Raises SourceError and StorageError with what to do where no pipeline could read it.
    """
    if "${" in location:
        raise SourceError(
            f"{location!r} holds '${{', which begins a parameter in pipeline files",
            hint="rename it first",
        )
    if not location.isprintable():
        raise SourceError(
            f"{location!r} has characters that no pipeline file can hold", hint="rename it first"
        )
    if scheme_of(location) != "file":
        raise SourceError(
            f"{location!r} is a URL; only files of this machine can be looked into",
            hint="copy one of the files here, and change the location in the pipeline afterwards",
        )
    place = _find(location, plugins)
    files = place.listing.files
    looked = _some([file for file in files if file.size_bytes] or files[:1])
    table = _look_into(looked, are_all=len(looked) == len(files))
    partitions, notes = _partitions(place.listing)
    _refuse_columns([*table.columns, *partitions], looked[0])
    return Finding(
        location=place.location,
        files=files,
        files_seen=len(looked),
        is_directory=place.listing.is_directory,
        partitions=partitions,
        table=_without(table, partitions),
        notes=(*place.notes, *notes, *table.notes),
    )


def _look_into(files: Sequence[DataFile], *, are_all: bool) -> TableFinding:
    pieces = [read_pieces(file, len(files)) for file in files]
    first = pieces[0]
    _refuse_foreign(first)
    if first.head.startswith(b"PAR1"):
        return look_at_parquet(files, are_all=are_all)
    start = first.head.removeprefix(b"\xef\xbb\xbf").lstrip()[:2]
    if start[:1] == b"{" or (start[:1] == b"[" and not first.path.lower().endswith(".csv")):
        return look_at_json(pieces, are_all=are_all)
    return look_at_csv(pieces)


def _refuse_columns(columns: Sequence[Column], file: DataFile) -> None:
    """Refuse names that a query in a pipeline file cannot hold, and tables of nothing."""
    shown = shown_path(file.path)
    for column in columns:
        if "${" in column.name:
            raise SourceError(
                f"{shown!r} has a column {column.name!r}: '${{' begins a parameter of a pipeline",
                hint="rename the column in the file",
            )
        if column.is_left_out and not column.name.isprintable():
            raise SourceError(
                f"{shown!r} has a column {column.name!r}, which cannot be read nor left out",
                hint="rename the column in the file",
            )
    if all(column.is_left_out for column in columns):
        raise SourceError(
            f"{shown!r} has no column that could be written",
            hint="give a file that has values in columns with names",
        )


def _refuse_foreign(pieces: Pieces) -> None:
    kind = next((name for magic, name in _FOREIGN.items() if pieces.head.startswith(magic)), None)
    if kind is None and pieces.head[257:262] == b"ustar":
        kind = "a tar archive"
    if kind is not None:
        raise SourceError(
            f"{pieces.shown!r} is {kind}, which cannot be read",
            hint="CSV, JSON (one object per line) and Parquet can be read: unpack or export it",
        )


def _find(location: str, plugins: Plugins) -> _Place:
    """The files, of the format that most of them have where there are several."""
    try:
        listing = open_store(plugins, location, {}).find(_ANY)
    except StorageError:
        if Path(location).is_dir() and not _has_files(location):
            raise SourceError(
                f"{location!r} holds no data files", hint="give a file, a folder or a glob"
            ) from None
        raise
    if not listing.is_directory:
        return _Place(location, listing)
    chosen = _most_common(listing.files, plugins)
    if chosen is None:
        return _by_ending(location, listing, plugins)
    listing = open_store(plugins, location, {}).find(plugins.file_formats[chosen].extensions)
    passed = len(listing.skipped)
    others = f"{passed} files with other endings are" if passed > 1 else "1 file of another kind is"
    return _Place(location, listing, (f"{others} passed over",) if passed else ())


def _has_files(folder: str) -> bool:
    """Whether there is a file that is not hidden."""
    return any(not name.startswith((".", "_")) for _, _, names in os.walk(folder) for name in names)


def _most_common(files: Sequence[DataFile], plugins: Plugins) -> str | None:
    """The format most of the files have by their endings; None where none has one."""
    counts = Counter(_format_of(file.path, plugins) for file in files)
    del counts[None]
    return max(_FORMATS, key=lambda name: counts[name]) if counts else None


def _format_of(path: str, plugins: Plugins) -> str | None:
    name = PurePath(path).name.lower()
    plain = re.sub(r"\.(?:gz|bz2|xz|zst)$", "", name)
    for each in _FORMATS:
        if each in plugins.file_formats and plain.endswith(plugins.file_formats[each].extensions):
            return each
    return None


def _by_ending(location: str, listing: Listing, plugins: Plugins) -> _Place:
    """Files of a folder by the ending most of them have: `.tsv`, `.txt`."""
    if _is_glob(location):
        return _Place(location, listing)
    endings = Counter(PurePath(file.path).suffix for file in listing.files)
    del endings[""]
    if not endings:
        raise SourceError(
            f"the files in {location!r} have no endings that tell which of them are data",
            hint="give one of the files, or a glob",
        )
    ending, count = endings.most_common(1)[0]
    below = [file.path.removeprefix(listing.root).lstrip("/") for file in listing.files]
    is_deep = any("/" in path for path in below if path.endswith(ending))
    glob = f"{location.rstrip('/')}/{'**/' if is_deep else ''}*{ending}"
    passed = len(listing.files) - count
    notes = (f"{passed} files with other endings than {ending} are passed over",) if passed else ()
    return _Place(glob, open_store(plugins, glob, {}).find(_ANY), notes)


def _is_glob(location: str) -> bool:
    return re.search(r"[*?[]", location) is not None


def _some(files: Sequence[DataFile]) -> list[DataFile]:
    """All of a few files; of many the first, the last, and some between."""
    if len(files) <= _MOST_FILES:
        return list(files)
    step = (len(files) - 1) / (_MOST_FILES - 1)
    return [files[round(step * place)] for place in range(_MOST_FILES)]


def _partitions(listing: Listing) -> tuple[list[Column], tuple[str, ...]]:
    """Columns whose values are in the names of folders, where all files have the same ones."""
    if not listing.is_directory:
        return [], ()
    found: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for file in listing.files:
        parts = file.path.removeprefix(listing.root).lstrip("/").split("/")[:-1]
        pairs = [part.partition("=") for part in parts if "=" in part]
        names = tuple(unquote(name) for name, _, _ in pairs)
        found.setdefault(names, []).append(tuple(unquote(value) for _, _, value in pairs))
    if len(found) > 1:
        return [], ("folders named key=value differ from file to file, and make no columns",)
    ((names, values),) = found.items()
    columns = []
    for place, name in enumerate(names):
        distinct = {each[place] for each in values} - {_NULL_FOLDER}
        judgement = judge(distinct, is_sure=False)
        is_typed = judgement.data_type in ("int64", "date32")
        columns.append(
            Column(
                name,
                judgement.data_type if is_typed else "string",
                reason=judgement.reason if "zero" in judgement.reason else "",
            )
        )
    return columns, ()


def _without(table: TableFinding, partitions: Sequence[Column]) -> TableFinding:
    """The columns that are in the files; values in the names of folders go first."""
    names = {column.name for column in partitions}
    return msgspec.structs.replace(
        table, columns=[column for column in table.columns if column.name not in names]
    )
