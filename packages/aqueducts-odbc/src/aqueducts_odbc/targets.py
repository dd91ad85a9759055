"""Which database to connect to, and how."""

from __future__ import annotations

import msgspec
from pydantic import SecretStr

from aqueducts.connectors import RunContext
from aqueducts.errors import RunError
from aqueducts_odbc.connection_config import ConnectionConfig
from aqueducts_odbc.connection_strings import ConnectionString, ConnectionStringError
from aqueducts_odbc.profiles import Profile, profile_for
from aqueducts_odbc.registrations import registrations

__all__ = ["Target", "driver_of", "target_of"]


class Target(msgspec.Struct, frozen=True):
    """A database to connect to, with everything resolved. Shows no values."""

    text: str
    """The whole connection string, credentials and all."""
    shown: str
    """How messages call it."""
    profile: Profile
    driver: str
    """Its name or library, as the string or the data source has it."""
    data_source: str | None
    """The name of the data source in the string (DSN)."""
    login_timeout: int
    secrets: frozenset[str]
    """Texts that no message may hold."""
    kind: type[RunError]
    """The error that failures become."""
    context: RunContext | None = None
    """The run, which ends the connection where it is stopped."""

    def __repr__(self) -> str:
        return f"<Target {self.shown}>"


def target_of(
    config: ConnectionConfig,
    context: RunContext,
    kind: type[RunError],
    *,
    is_for_reading: bool = False,
) -> Target:
    """The database of a source or destination; references to secrets are resolved.

    What the driver's profile asks for is added unless the user set it. Raises `kind`, SecretError.
    """
    revealed = context.reveal(config.connection_string)
    user = None if config.user is None else context.reveal(config.user)
    password = None if config.password is None else context.reveal(config.password)
    try:
        string = ConnectionString(revealed)
        driver, profile = driver_of(string)
        defaults = dict(profile.keywords)
        if is_for_reading:
            defaults |= profile.read_keywords
        if profile.login_timeout_keyword is not None and config.login_timeout:
            defaults[profile.login_timeout_keyword] = str(config.login_timeout)
        text = string.text(user=user, password=password, defaults=defaults)
    except ConnectionStringError as error:
        raise kind(str(error), hint=error.hint) from error
    secrets = string.secrets | ({password} if password else frozenset())
    for secret in string.secrets:
        context.reveal(SecretStr(secret))  # from now on the run masks it as well
    return Target(
        text=text,
        shown=profile.product,
        profile=profile,
        driver=driver,
        data_source=string.get("dsn"),
        login_timeout=config.login_timeout,
        secrets=secrets,
        kind=kind,
        context=context,
    )


def driver_of(string: ConnectionString) -> tuple[str, Profile]:
    """The driver that a string names, and its profile."""
    known = registrations()
    name = string.get("driver")
    source = string.get("dsn")
    if name is None and source is None and string.get("filedsn") is None:
        raise ConnectionStringError(
            "the connection string names neither a driver nor a data source",
            hint="begin it with Driver={NAME}, where NAME is one of: "
            + (", ".join(sorted(known.drivers)) or "(no driver is registered)"),
        )
    if name is None and source is not None:
        name = known.driver_of(source)
    library = None if name is None else known.library_of(name)
    return name or "its driver", profile_for(library, name)
