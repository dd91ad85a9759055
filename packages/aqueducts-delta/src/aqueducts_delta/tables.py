"""Opening Delta tables, with errors that name what is there."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aqueducts.diagnostics import nearest
from aqueducts.errors import RunError
from aqueducts_delta.failures import reported

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from aqueducts_delta.locations import TableLocation

__all__ = ["find_table", "open_table"]

_LOG = "_delta_log"
_SHOWN = 5


def find_table(location: TableLocation, kind: type[RunError]) -> DeltaTable | None:
    """The newest version of a table; None where there is no table yet.

    Raises `kind` or StorageError for what is there and cannot be read.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import TableNotFoundError

    path = location.local_path
    if path is not None and not path.joinpath(_LOG).exists():
        _check_folder(path, location, kind)
        return None
    with reported(kind, "cannot read the Delta table", location):
        try:
            return DeltaTable(location.uri, storage_options=location.storage_options)
        except TableNotFoundError:
            return None


def open_table(
    location: TableLocation,
    kind: type[RunError],
    *,
    version: int | None = None,
    timestamp: datetime.datetime | None = None,
) -> DeltaTable:
    """A table at a version, or as it was at a time; without both its newest version.

    Raises `kind` that names the versions that are there.
    """
    table = find_table(location, kind)
    if table is None:
        raise kind(f"there is no Delta table at {location.shown!r}", hint=_what_is_there(location))
    if version is not None and version != table.version():
        return _at_version(table, location, kind, version)
    if timestamp is not None:
        with reported(kind, "cannot read the Delta table", location):
            _go_to(table, location, kind, timestamp)
    return table


def _at_version(
    table: DeltaTable, location: TableLocation, kind: type[RunError], version: int
) -> DeltaTable:
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    newest = table.version()
    try:
        if version <= newest:
            return DeltaTable(
                location.uri, version=version, storage_options=location.storage_options
            )
    except DeltaError:  # its log is gone; what is still there is said below
        pass
    oldest = table.history()[-1]["version"]
    raise kind(
        f"the Delta table at {location.shown!r} has no version {version}",
        hint=f"it has versions {oldest} to {newest}" if oldest < newest else f"it has {newest}",
    )


def _go_to(
    table: DeltaTable,
    location: TableLocation,
    kind: type[RunError],
    timestamp: datetime.datetime,
) -> None:
    table.load_as_version(timestamp)
    # deltalake gives the oldest version for any time before it.
    began = _committed_at(table.version(), location, kind)
    if began is not None and timestamp < began:
        raise kind(
            f"the Delta table at {location.shown!r} did not exist at {_text(timestamp)}",
            hint=f"its oldest version, {table.version()}, is of {_text(began)}",
        )


def _committed_at(
    version: int, location: TableLocation, kind: type[RunError]
) -> datetime.datetime | None:
    """When a version was committed, by its own words and by its file: the earlier of them."""
    moments = []
    path = location.local_path
    file = None if path is None else path / _LOG / f"{version:020}.json"
    if file is not None and file.exists():
        moments.append(file.stat().st_mtime)
    # Only a table at its newest version numbers its history right.
    table = find_table(location, kind)
    history = [] if table is None else table.history(table.version() - version + 1)
    moments += [
        entry["timestamp"] / 1000
        for entry in history
        if entry["version"] == version and "timestamp" in entry
    ]
    return datetime.datetime.fromtimestamp(min(moments), datetime.UTC) if moments else None


def _check_folder(path: Path, location: TableLocation, kind: type[RunError]) -> None:
    if path.exists() and not path.is_dir():
        raise kind(
            f"{location.shown!r} is a file, not a Delta table",
            hint="a Delta table is a folder that holds _delta_log",
        )


def _what_is_there(location: TableLocation) -> str | None:
    path = location.local_path
    if path is None:
        return "check the location, and the credentials and region in storage_config"
    if path.is_dir():
        names = sorted(each.name for each in path.iterdir())
        more = " and more" if len(names) > _SHOWN else ""
        content = ", ".join(map(repr, names[:_SHOWN])) + more
        return f"the folder holds {content}, but no _delta_log" if names else "the folder is empty"
    if path.parent.is_dir():
        near = nearest(path.name, [each.name for each in path.parent.iterdir()])
        if near is not None:
            return f"did you mean {str(Path(location.shown).parent / near)!r}?"
    missing = path
    while not missing.parent.is_dir():
        missing = missing.parent
    return f"there is no {missing.name!r} in {str(missing.parent)!r}"


def _text(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
