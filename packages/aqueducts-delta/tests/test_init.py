"""The distribution belongs to its siblings."""

from importlib.metadata import distribution

import aqueducts
import aqueducts_delta


def test_version_is_the_one_of_core() -> None:
    """All distributions are released together under one version."""
    assert aqueducts_delta.__version__ == aqueducts.__version__
    assert distribution("aqueducts-delta").version == aqueducts_delta.__version__
