"""What the distribution promises to others."""

from importlib.metadata import distribution

import aqueducts
import aqueducts_executor


def test_version_is_the_one_of_core() -> None:
    """All distributions are released together under one version."""
    assert aqueducts_executor.__version__ == aqueducts.__version__
    assert distribution("aqueducts-executor").version == aqueducts_executor.__version__


def test_no_plugin_is_registered() -> None:
    """The executor is no plugin: pipelines are the same with it and without."""
    assert not distribution("aqueducts-executor").entry_points.select(group="aqueducts")
