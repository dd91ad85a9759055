"""Checks of a distribution that is a plugin, as it is installed."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from importlib import metadata
from types import ModuleType
from typing import Any

import click

from aqueducts import connectors, hookspecs
from aqueducts.explanations import Explanation, explained_codes
from aqueducts.health import HealthCheck
from aqueducts.load import json_schema
from aqueducts.plugins import ENTRY_POINT_GROUP, Plugins
from aqueducts.testing.configs import check_model
from aqueducts.testing.suite import Suite, explained, fail, require

__all__ = ["PluginSuite"]

_HEAVY = ("datafusion", "deltalake", "duckdb", "numpy", "pandas", "polars", "pyarrow")
_CLASSES: Mapping[str, type[Any]] = {
    "aqueducts_sources": connectors.Source,
    "aqueducts_destinations": connectors.Destination,
    "aqueducts_file_formats": connectors.FileFormat,
    "aqueducts_object_stores": connectors.ObjectStoreType,
    "aqueducts_secret_resolvers": connectors.SecretResolver,
    "aqueducts_engines": connectors.Engine,
}
"""What the items are that a hook returns, where they are classes."""

_RECORDS: Mapping[str, type[Any]] = {
    "aqueducts_udfs": connectors.UdfPack,
    "aqueducts_doctor_checks": HealthCheck,
    "aqueducts_explanations": Explanation,
    "aqueducts_cli_commands": click.Command,
}
"""What the items are that a hook returns, where they are objects."""

_OFFERS = (
    *("sources", "destinations", "file_formats", "object_stores", "secret_resolvers"),
    *("engines", "udf_packs", "cli_commands", "explanations"),
)


class PluginSuite(Suite, ABC):
    """Checks of an installed plugin. Override `distribution`; name its drivers in `drivers`."""

    drivers: Collection[str] = ()
    """Modules that must not be imported with the plugin, such as that of a database's driver."""

    @abstractmethod
    def distribution(self) -> str:
        """The name of the distribution, as `pip install` takes it."""

    def test_is_found(self) -> None:
        """The distribution has an entry point in the group `aqueducts`, and it loads."""
        for entry in self._entry_points():
            with explained(f"the entry point {entry.name} cannot be loaded", "see the error below"):
                importlib.import_module(entry.module)
        failed = [
            record
            for record in Plugins.discover().failed
            if record.distribution == self.distribution()
        ]
        require(not failed, f"{[record.error for record in failed]}", "mend the import")

    def test_requires_core(self) -> None:
        """The distribution depends on aqueducts-core, so that it is never installed alone."""
        requirements = metadata.requires(self.distribution()) or []
        require(
            any(
                each.lower().replace("_", "-").startswith("aqueducts-core") for each in requirements
            ),
            f"it depends on {requirements or 'nothing'}",
            'add it to pyproject.toml: dependencies = ["aqueducts-core>=0.1,<0.2"]',
        )

    def test_imports_no_driver(self) -> None:
        """Importing the plugin's module imports neither Arrow, nor an engine, nor a driver."""
        for entry in self._entry_points():
            heavy = {*_HEAVY, *self.drivers}
            program = (
                "import sys, importlib; before = set(sys.modules); "
                f"importlib.import_module({entry.module!r}); "
                f"print(*sorted({heavy!r} & set(sys.modules) - before))"
            )
            done = _python("-c", program)
            require(done.returncode == 0, f"importing it fails: {done.stderr}", "mend the import")
            require(
                not done.stdout.strip(),
                f"importing {entry.module} imports {done.stdout.strip()}",
                "import drivers and pyarrow inside the methods that use them, or under "
                "`if TYPE_CHECKING:`; every command imports all plugins",
            )

    def test_hooks_are_hooks(self) -> None:
        """Every function that is called like a hook is one, is marked, and has its parameters."""
        known = {
            name: inspect.signature(function)
            for name, function in vars(hookspecs).items()
            if name.startswith("aqueducts_")
        }
        for module in self._modules():
            for name, function in vars(module).items():
                if not name.startswith("aqueducts_") or not inspect.isfunction(function):
                    continue
                require(
                    name in known,
                    f"{module.__name__}.{name} is no hook",
                    f"the hooks are {', '.join(sorted(known))}",
                )
                require(
                    hasattr(function, "aqueducts_impl"),
                    f"{module.__name__}.{name} is not marked",
                    "put @aqueducts.hookimpl above it; it is never called otherwise",
                )
                names = set(inspect.signature(function).parameters)
                require(
                    names <= set(known[name].parameters),
                    f"{name} takes {sorted(names)}",
                    f"its parameters are {list(known[name].parameters)}",
                )

    def test_hooks_return_data(self) -> None:
        """A hook gives the same classes each time, complete and of the right kind."""
        for name, items in self._offered():
            kind = _CLASSES.get(name)
            for each in items if kind is not None else ():
                require(
                    isinstance(each, type) and kind is not None and issubclass(each, kind),
                    f"{name} gives {each!r}",
                    f"return subclasses of aqueducts.connectors.{kind.__name__ if kind else ''}",
                )
                missing = sorted(getattr(each, "__abstractmethods__", ()))
                require(
                    not missing,
                    f"{each.__name__} lacks {', '.join(missing)}",
                    "implement all abstract methods",
                )
                require(
                    (each.__doc__ or "").strip(), f"{each.__name__} has no docstring", "add one"
                )
            record = _RECORDS.get(name)
            odd = [each for each in items if record is not None and not isinstance(each, record)]
            require(not odd, f"{name} gives {odd}", "return what the hook's signature says")
            again = next(each for hook, each in self._offered() if hook == name)
            require(items == again, f"{name} gives something new each time", "return classes")

    def test_names_are_free(self) -> None:
        """No other installed plugin claims the same name."""
        plugins = Plugins.discover()
        for offer in _OFFERS:
            with explained(f"{offer.replace('_', ' ')} of all plugins do not fit", "rename yours"):
                getattr(plugins, offer)

    def test_explains_its_codes(self) -> None:
        """Pages of error codes are of codes that core does not have, and have the usual form."""
        for name, items in self._offered():
            for page in items if name == "aqueducts_explanations" else ():
                require(
                    page.code not in explained_codes(),
                    f"core has the code {page.code!r}",
                    "give your error a code of its own",
                )
                heading = f"# {page.code}\n\n{page.summary}"
                require(
                    " ".join(page.text.split()).startswith(" ".join(heading.split())),
                    f"the page of {page.code!r} begins {page.text[:60]!r}",
                    f"begin it with '# {page.code}', an empty line and its summary",
                )

    def test_models_describe_themselves(self) -> None:
        """Models of sources, destinations and options are frozen, described and have a schema."""
        for name, items in self._offered():
            for each in items:
                if name in ("aqueducts_sources", "aqueducts_destinations"):
                    check_model(each.config_model, tag=each.type, needs_name=True)
                if name == "aqueducts_file_formats":
                    check_model(each.read_options, tag=None, needs_name=False)
                    if each.write_options is not None:
                        check_model(each.write_options, tag=None, needs_name=False)

    def test_is_in_the_schema(self) -> None:
        """Editors complete what the plugin offers: its tags are in `aqueducts schema`."""
        with explained("the JSON Schema of pipeline files cannot be made", "see the error below"):
            text = json.dumps(json_schema(Plugins.discover()))
        for name, items in self._offered():
            if name in ("aqueducts_sources", "aqueducts_destinations", "aqueducts_file_formats"):
                missing = [each.type for each in items if f'"{each.type}"' not in text]
                require(not missing, f"the schema lacks {missing}", "give models a Literal `type`")

    def test_is_listed(self) -> None:
        """`aqueducts plugins` shows the plugin, and how long it takes to load."""
        done = _python("-m", "aqueducts", "plugins", "--output", "json")
        if not done.stdout.lstrip().startswith("["):
            fail(f"aqueducts plugins fails: {done.stderr or done.stdout}", "see the error")
        entries = [
            each for each in json.loads(done.stdout) if each["distribution"] == self.distribution()
        ]
        require(entries, "aqueducts plugins does not list it", "add the entry point")
        for entry in entries:
            require(entry["error"] is None, f"it is broken: {entry['error']}", "mend it")
            require(
                entry["load_ms"] > 0,
                "its import is not measured",
                "let it be imported by aqueducts",
            )

    def _entry_points(self) -> list[metadata.EntryPoint]:
        with explained(f"{self.distribution()} is not installed", "run: pip install --editable ."):
            entries = metadata.distribution(self.distribution()).entry_points
        found = [each for each in entries if each.group == ENTRY_POINT_GROUP]
        require(
            found,
            f"{self.distribution()} has no entry point in the group {ENTRY_POINT_GROUP}",
            "add to pyproject.toml: [project.entry-points.aqueducts] "
            'mine = "aqueducts_mine.plugin"',
        )
        return found

    def _modules(self) -> list[ModuleType]:
        return [importlib.import_module(entry.module) for entry in self._entry_points()]

    def _offered(self) -> Iterator[tuple[str, list[Any]]]:
        """What each collecting hook of the plugin returns."""
        for module in self._modules():
            for name, function in vars(module).items():
                is_hook = inspect.isfunction(function) and hasattr(hookspecs, name)
                if is_hook and name.startswith("aqueducts_") and name != "aqueducts_on_event":
                    with explained(f"{name} fails", "hooks return data and do nothing else"):
                        yield name, list(function())


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - this Python
        [sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
