"""What a profile says."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

__all__ = ["Profile"]


class Profile(msgspec.Struct, frozen=True):
    """What is particular to a driver. Keywords are set unless the user set them."""

    name: str
    """`postgresql`, `mysql` (MariaDB too), `sqlite`, `sqlserver` or `default`."""
    product: str
    """Its name in messages."""
    file_names: tuple[str, ...] = ()
    """Beginnings of names of driver libraries, in lower case."""
    words: tuple[str, ...] = ()
    """What registered names of the driver hold, in lower case."""
    package: str | None = None
    """The Debian package that has the driver."""
    keywords: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Keywords for every connection."""
    read_keywords: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Keywords for connections that read."""
    login_timeout_keyword: str | None = None
    """Keyword of the login timeout in seconds, for drivers that ignore the one of ODBC."""
    session_query: str | None = None
    """Gives the number of the session."""
    cancel_statement: str | None = None
    """Ends the statement of the session whose number stands at `{}`, from another session."""
