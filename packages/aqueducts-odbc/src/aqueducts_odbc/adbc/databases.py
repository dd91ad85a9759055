"""Which database a URI names, with everything resolved."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

import msgspec
from pydantic import SecretStr

from aqueducts.connectors import RunContext
from aqueducts.errors import RunError
from aqueducts_odbc.adbc.config import AdbcConfig

__all__ = ["AdbcDatabase", "database_of"]

_POSTGRESQL = ("postgresql", "postgres")
_NO_HOST = ("", "localhost")


class AdbcDatabase(msgspec.Struct, frozen=True):
    """A database to connect to. Shows no values."""

    kind: str
    """`postgresql` or `sqlite`."""
    product: str
    uri: str
    """As the driver takes it, credentials and all."""
    secrets: frozenset[str]
    """Texts that no message may hold."""
    error: type[RunError]
    """What failures become."""
    context: RunContext

    def __repr__(self) -> str:
        return f"<AdbcDatabase {self.product}>"


def database_of(
    config: AdbcConfig, context: RunContext, error: type[RunError], *, is_for_reading: bool
) -> AdbcDatabase:
    """The database of a source or destination. Raises `error`, SecretError."""
    uri = context.reveal(config.uri)
    user = None if config.user is None else context.reveal(config.user)
    password = None if config.password is None else context.reveal(config.password)
    scheme = uri.split(":", 1)[0].lower()
    secrets = {uri, *([password] if password else ())}
    if scheme in _POSTGRESQL and "://" in uri:
        kind, product = "postgresql", "PostgreSQL"
        uri, own = _postgresql(uri, user, password, error)
        secrets |= {uri, *own}
        for secret in own:
            context.reveal(SecretStr(secret))  # from now on the run masks it as well
    elif scheme in ("sqlite", "file"):
        kind, product = "sqlite", "SQLite"
        uri = _sqlite(uri, error, has_user=user is not None or password is not None)
        uri = f"{uri}{'&' if '?' in uri else '?'}mode={'ro' if is_for_reading else 'rw'}"
        secrets -= {config.uri.get_secret_value()}
    else:
        raise error(
            "the uri names no database that ADBC reaches here",
            hint="begin it with postgresql:// or sqlite://; for others there is type: odbc",
        )
    return AdbcDatabase(kind, product, uri, frozenset(secrets), error, context)


def _postgresql(
    uri: str, user: str | None, password: str | None, error: type[RunError]
) -> tuple[str, set[str]]:
    """The URI with these credentials, and the secrets in it."""
    malformed = error(
        "the uri is malformed",
        hint="as in postgresql://user:password@host:5432/database; in a user or password, "
        "percent-encode what is not a letter or digit, or use the fields user and password",
    )
    try:
        parts = urlsplit(uri)
        found_user, found_password = parts.username, parts.password
    except ValueError:
        raise malformed from None
    rest = uri.split("://", 1)[1][len(parts.netloc) :]
    # A sign that ends a password early would have the driver show what is behind it.
    if parts.netloc.count("@") > 1 or ("@" in rest and "@" not in parts.netloc):
        raise malformed
    secrets = {each for each in (found_password, unquote(found_password or "")) if each}
    if user is not None or password is not None:
        name = quote(user, safe="") if user is not None else (found_user or "")
        secret = quote(password, safe="") if password is not None else (found_password or "")
        credentials = f"{name}:{secret}" if secret else name
        host = parts.netloc.rsplit("@", 1)[-1]
        uri = parts._replace(netloc=f"{credentials}@{host}").geturl()
        secrets |= {each for each in (password,) if each}
    for pair in parts.query.split("&"):
        key, _, value = pair.partition("=")
        if "password" in key.lower() and value:
            secrets |= {value, unquote(value)}
    return uri, secrets


def _sqlite(uri: str, error: type[RunError], *, has_user: bool) -> str:
    """The URI as SQLite takes it; a file is never made."""
    if has_user:
        raise error("SQLite knows no user and no password", hint="leave out user and password")
    if uri.startswith("file:"):
        return uri
    path = uri.split(":", 1)[1]
    if path.startswith("//"):
        host, slash, rest = path[2:].partition("/")
        if host.lower() not in _NO_HOST or not slash:
            raise error(
                "a uri of SQLite has three slashes before a path",
                hint="as in sqlite:///folder/file.db, or sqlite:file.db for the working directory",
            )
        path = f"/{rest}"
    if not path.strip("/") or path.lstrip("/").startswith(":memory:"):
        raise error("the uri names no file", hint="as in sqlite:///folder/file.db")
    return f"file:{path}"
