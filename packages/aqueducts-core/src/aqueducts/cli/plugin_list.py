"""Introspection of plugins for `aqueducts plugins`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aqueducts.cli.console import Console
from aqueducts.cli.console.cells import visible
from aqueducts.cli.console.tables import TableText, render_table
from aqueducts.errors import AqueductsError
from aqueducts.plugins import PluginRecord, Plugins

__all__ = ["list_plugins"]

_KINDS = {
    "sources": "sources",
    "destinations": "destinations",
    "file formats": "file_formats",
    "object stores": "object_stores",
    "secrets": "secret_resolvers",
    "engines": "engines",
    "functions": "udf_packs",
    "commands": "cli_commands",
}
"""Words for people, and attributes of Plugins."""


def list_plugins(console: Console, *, as_json: bool) -> bool:
    """Write the list to standard output; whether all plugins are sound."""
    plugins = Plugins.discover()
    offers, conflicts = _offers(plugins)
    if as_json:
        entries = [_entry(record, offers.get(record.name, {})) for record in plugins.records]
        console.write_result(json.dumps(entries, indent=2))
    else:
        console.write_result(_table(plugins, offers, console))
    for message in [*map(_broken, plugins.failed), *conflicts]:
        console.tell(f"{console.messages('error[plugin]', 'red bold')}: {visible(message)}")
    return not plugins.failed and not conflicts


def _offers(plugins: Plugins) -> tuple[dict[str, dict[str, list[str]]], list[str]]:
    """Names by plugin and kind, and the kinds that cannot be listed."""
    found: dict[str, dict[str, list[str]]] = {}
    conflicts = []
    for words, attribute in _KINDS.items():
        try:
            offer = getattr(plugins, attribute)
        except AqueductsError as error:
            conflicts.append(error.message)
            continue
        for name in offer:
            record = offer.owner[name]
            found.setdefault(record.name, {}).setdefault(words, []).append(name)
    return found, conflicts


def _broken(record: PluginRecord) -> str:
    return f"plugin {record.name} of {record.distribution} cannot be loaded: {record.error}"


def _entry(record: PluginRecord, offers: Mapping[str, list[str]]) -> dict[str, Any]:
    return {
        "name": record.name,
        "distribution": record.distribution,
        "version": record.version,
        "error": record.error,
        "load_ms": round(record.load_ms, 1),
        "offers": {words.replace(" ", "_"): sorted(names) for words, names in offers.items()},
    }


def _table(
    plugins: Plugins, offers: Mapping[str, Mapping[str, list[str]]], console: Console
) -> str:
    """One line per plugin and kind of offer."""
    rows: list[list[str | None]] = []
    for record in plugins.records:
        facts = [record.name, record.distribution, record.version, f"{record.load_ms:.0f} ms"]
        lines = [
            f"{words}: {', '.join(sorted(names))}"
            for words, names in offers.get(record.name, {}).items()
        ] or ["broken" if record.error is not None else "nothing"]
        rows += [[*(facts if place == 0 else [""] * 4), line] for place, line in enumerate(lines)]
    text, _ = render_table(
        TableText(["plugin", "distribution", "version", "loaded in", "offers"], rows),
        width=console.result_width,
        style=console.results,
    )
    return text
