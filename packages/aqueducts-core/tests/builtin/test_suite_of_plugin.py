"""The plugin that comes along, as a whole, keeps the contract that plugins are held to."""

from __future__ import annotations

from aqueducts.testing import PluginSuite


class TestBuiltin(PluginSuite):
    """The distribution aqueducts-core."""

    test_requires_core = None  # type: ignore[assignment]  # it is core

    def distribution(self) -> str:
        """Return its name."""
        return "aqueducts-core"
