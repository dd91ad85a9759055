"""What the distribution says of itself."""

from importlib.metadata import distribution

import aqueducts
import aqueducts_odbc


def test_version_is_the_one_of_core() -> None:
    """All distributions are released together under one version."""
    assert aqueducts_odbc.__version__ == aqueducts.__version__
    assert distribution("aqueducts-odbc").version == aqueducts_odbc.__version__
