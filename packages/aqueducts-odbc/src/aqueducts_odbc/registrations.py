"""Drivers and data sources that are registered with unixODBC, from its own files.

Drivers stand in `odbcinst.ini` of the system's folder, which ODBCSYSINI may replace (ODBCINSTINI is
another name for the file in it); data sources in the file that ODBCINI names, `~/.odbc.ini`, and
`odbc.ini` of the system's folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

__all__ = ["Registrations", "registrations"]

_SYSTEM_FOLDER = "/etc"
_NO_DRIVERS = frozenset({"odbc", "odbc drivers"})
_NO_SOURCES = frozenset({"odbc", "odbc data sources"})


class Registrations(msgspec.Struct, frozen=True):
    """What the driver manager knows by name."""

    drivers: Mapping[str, str]
    """Names of drivers, each with its library."""
    data_sources: Mapping[str, str]
    """Names of data sources (DSN), each with its driver: a name or a library."""
    files: tuple[str, ...]
    """The files that were read."""

    def library_of(self, driver: str) -> str | None:
        """The library of a driver that is given by name, or by its library."""
        names = {name.lower(): library for name, library in self.drivers.items()}
        if driver.lower() in names:
            return names[driver.lower()]
        return driver if ".so" in driver or "/" in driver else None

    def driver_of(self, data_source: str) -> str | None:
        """The driver of a data source."""
        names = {name.lower(): driver for name, driver in self.data_sources.items()}
        return names.get(data_source.lower())


def registrations(environment: Mapping[str, str] = os.environ) -> Registrations:
    """Read the files as the driver manager does; what cannot be read is left out."""
    folder = Path(environment.get("ODBCSYSINI") or _SYSTEM_FOLDER)
    driver_file = folder / (environment.get("ODBCINSTINI") or "odbcinst.ini")
    home = environment.get("HOME")
    own = environment.get("ODBCINI") or (f"{home}/.odbc.ini" if home else None)
    source_files = [folder / "odbc.ini", *([Path(own)] if own else [])]
    drivers = {
        name: keys["driver"]
        for name, keys in _sections(driver_file).items()
        if name.lower() not in _NO_DRIVERS and "driver" in keys
    }
    sources: dict[str, str] = {}
    for file in source_files:
        for name, keys in _sections(file).items():
            if name.lower() not in _NO_SOURCES and "driver" in keys:
                sources[name] = keys["driver"]
    files = tuple(str(file) for file in (driver_file, *source_files) if file.is_file())
    return Registrations(drivers=drivers, data_sources=sources, files=files)


def _sections(file: Path) -> dict[str, dict[str, str]]:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    found: dict[str, dict[str, str]] = {}
    section: dict[str, str] | None = None
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("[") and "]" in stripped:
            section = found.setdefault(stripped[1 : stripped.index("]")].strip(), {})
        elif "=" in stripped and stripped[0] not in "#;" and section is not None:
            key, _, value = stripped.partition("=")
            section[key.strip().lower()] = value.strip()
    return found
