"""Conformance suites for plugins: subclass one, say what is particular, run pytest.

    from aqueducts.testing import SourceSuite

    class TestMySource(SourceSuite):
        def config(self, folder): ...
        def expected_table(self): ...

Each check is a test method; what fails says what is wrong and what to do. Needs pytest, which
`pip install 'aqueducts-core[testing]'` brings. Core never imports this package.
"""

from __future__ import annotations

try:
    import pytest
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "aqueducts.testing needs pytest, which is not installed\n"
        "  help: run: pip install 'aqueducts-core[testing]'",
        name=error.name,
    ) from None

from aqueducts.testing.bench import Bench
from aqueducts.testing.destinations import DestinationSuite
from aqueducts.testing.engines import EngineSuite
from aqueducts.testing.fault_proxy import FaultProxy, Faults
from aqueducts.testing.file_formats import FileFormatSuite
from aqueducts.testing.frames import ScriptedFrame
from aqueducts.testing.object_stores import ObjectStoreSuite
from aqueducts.testing.secret_resolvers import SecretResolverSuite
from aqueducts.testing.sources import SourceSuite
from aqueducts.testing.suite import Suite, needs, optional
from aqueducts.testing.tables import ALL_TYPES, AWKWARD_TEXTS, difference, table_of_types
from aqueducts.testing.whole_plugins import PluginSuite

__all__ = [
    "ALL_TYPES",
    "AWKWARD_TEXTS",
    "Bench",
    "DestinationSuite",
    "EngineSuite",
    "FaultProxy",
    "Faults",
    "FileFormatSuite",
    "ObjectStoreSuite",
    "PluginSuite",
    "ScriptedFrame",
    "SecretResolverSuite",
    "SourceSuite",
    "Suite",
    "difference",
    "needs",
    "optional",
    "table_of_types",
]

del pytest
