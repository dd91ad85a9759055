"""What `aqueducts doctor` asks about ODBC."""

from __future__ import annotations

from pathlib import Path

from aqueducts.health import Fact, Health, HealthCheck
from aqueducts_odbc.profiles import profile_for
from aqueducts_odbc.registrations import Registrations, registrations

__all__ = ["ODBC_CHECK"]


def _examine() -> Health:
    known = registrations()
    facts: dict[str, Fact] = {"driver_manager": _manager()}
    facts["drivers"] = [f"{name} ({library})" for name, library in sorted(known.drivers.items())]
    facts["data_sources"] = sorted(known.data_sources)
    facts["files"] = list(known.files)
    if facts["driver_manager"] is None:
        return Health(
            "error",
            facts,
            "the ODBC driver manager is not installed (libodbc.so.2)",
            "apt-get install unixodbc",
        )
    problem = _binding_problem()
    if problem is not None:
        return Health(
            "error", facts, f"arrow-odbc cannot be loaded: {problem}", "reinstall aqueducts-odbc"
        )
    if not known.drivers:
        return Health(
            "warning",
            facts,
            "no ODBC driver is registered",
            "apt-get install odbc-postgresql (or odbc-mariadb, libsqliteodbc, tdsodbc)",
        )
    missing = _missing(known)
    if missing:
        packages = sorted(
            {profile_for(known.drivers[name], name).package or "" for name in missing}
        )
        return Health(
            "warning",
            facts,
            f"registered, but not there: {', '.join(missing)}",
            f"apt-get install {' '.join(packages)}" if packages else "install them again",
        )
    return Health(facts=facts)


def _manager() -> str | None:
    """Where the driver manager is, or None."""
    import ctypes

    try:
        ctypes.CDLL("libodbc.so.2")
    except OSError:
        return None
    loaded = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").split()
    return next((word for word in loaded if "/libodbc.so" in word), "libodbc.so.2")


def _binding_problem() -> str | None:
    """Why arrow-odbc cannot be imported, or None."""
    try:
        import arrow_odbc  # noqa: F401 - whether it can be
    except (ImportError, OSError) as error:
        return str(error)
    return None


def _missing(known: Registrations) -> list[str]:
    """Drivers whose library is not where it is said to be; a name alone may be in many places."""
    return [
        name
        for name, library in sorted(known.drivers.items())
        if library.startswith("/") and not Path(library).exists()
    ]


ODBC_CHECK = HealthCheck("odbc", _examine)
