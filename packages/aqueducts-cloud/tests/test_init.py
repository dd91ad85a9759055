"""What the distribution is."""

from importlib.metadata import distribution

import aqueducts
import aqueducts_cloud


def test_version_is_the_one_of_core() -> None:
    """All distributions are released together under one version."""
    assert aqueducts_cloud.__version__ == aqueducts.__version__
    assert distribution("aqueducts-cloud").version == aqueducts_cloud.__version__


def test_the_plugin_is_announced() -> None:
    """Core finds the plugin by its entry point."""
    found = distribution("aqueducts-cloud").entry_points.select(group="aqueducts")
    assert [each.value for each in found] == ["aqueducts_cloud.plugin"]
