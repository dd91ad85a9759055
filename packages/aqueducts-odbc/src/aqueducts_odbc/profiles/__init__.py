"""What is particular to each ODBC driver."""

from aqueducts_odbc.profiles.known import profile_for
from aqueducts_odbc.profiles.profile import Profile

__all__ = ["Profile", "profile_for"]
