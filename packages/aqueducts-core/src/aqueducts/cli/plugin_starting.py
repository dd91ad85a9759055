"""A distribution with a plugin that passes its tests, for `aqueducts init --plugin`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import msgspec

from aqueducts import __version__
from aqueducts.cli.console import Console
from aqueducts.cli.new_files import NewFile, tell_what_was_made, write_new_files
from aqueducts.errors import PluginError

__all__ = ["KINDS", "start_plugin"]

_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*\Z")
_MOST_CHARACTERS = 24
_LINE_LENGTH = 100


class _Kind(msgspec.Struct, frozen=True):
    """One thing that a plugin may offer, and what its files are made of."""

    module: str
    hook: str
    item: str
    """Type of what the hook returns a list of; empty for one that hears events."""
    offer: str
    """What the module has for the hook."""
    words: str
    tag: str
    """What users write; `@…@` stands for the plugin's names."""
    home: str = "aqueducts.connectors"
    """Where the type of what the hook returns is from."""


KINDS = {
    "source": _Kind(
        "source", "aqueducts_sources", "type[Source[Any]]", "@CLASS@Source", "source", "@NAME@"
    ),
    "destination": _Kind(
        "destination",
        "aqueducts_destinations",
        "type[Destination[Any]]",
        "@CLASS@Destination",
        "destination",
        "@NAME@",
    ),
    "format": _Kind(
        "file_format",
        "aqueducts_file_formats",
        "type[FileFormat]",
        "@CLASS@Format",
        "file format",
        "@NAME@",
    ),
    "store": _Kind(
        "store",
        "aqueducts_object_stores",
        "type[ObjectStoreType]",
        "@CLASS@StoreType",
        "store",
        "@SCHEME@://",
    ),
    "secret": _Kind(
        "resolver",
        "aqueducts_secret_resolvers",
        "type[SecretResolver]",
        "@CLASS@Resolver",
        "secrets",
        "${secret:@SCHEME@:NAME}",
    ),
    "function": _Kind(
        "functions", "aqueducts_udfs", "UdfPack", "FUNCTIONS", "function", "mask_digits(text)"
    ),
    "command": _Kind(
        "commands",
        "aqueducts_cli_commands",
        "click.Command",
        "command",
        "command",
        "aqueducts @SCHEME@ FILE",
    ),
    "doctor": _Kind(
        "health",
        "aqueducts_doctor_checks",
        "HealthCheck",
        "CHECK",
        "doctor's check",
        "aqueducts doctor",
        home="aqueducts.health",
    ),
    "listener": _Kind(
        "listener",
        "aqueducts_on_event",
        "",
        "hear",
        "listener",
        "@VARIABLE@_LOG",
    ),
}
"""What `--kind` takes."""


def start_plugin(name: str, kinds: Sequence[str], folder: Path | None, console: Console) -> None:
    """Write a distribution, and tell what to type next.

    Raises PluginError for a name that cannot be one, StorageError where files are there.
    """
    if not _NAME.match(name) or len(name) > _MOST_CHARACTERS:
        raise PluginError(
            f"{name!r} cannot be the name of a plugin",
            hint="take a word in lower case, such as sqlite; the distribution is then called "
            "aqueducts-sqlite",
        )
    names = _names(name)
    chosen = [KINDS[kind] for kind in dict.fromkeys(kinds)]
    package = f"src/{names['PACKAGE']}"
    made = [
        _file("pyproject.toml", names, purpose="the distribution, its entry point and tools"),
        NewFile("README.md", _readme(chosen, names), "for users"),
        _file("gitignore", names, path=".gitignore", purpose="leaves out what tools write"),
        NewFile(f"{package}/__init__.py", f'"""The plugin {names["DISTRIBUTION"]}."""\n'),
        NewFile(f"{package}/py.typed", ""),
        NewFile(f"{package}/plugin.py", _plugin(chosen, names), "the hooks"),
    ]
    for kind in chosen:
        path = f"{package}/{kind.module}.py"
        made.append(_file(f"{kind.module}.py", names, path=path, purpose=f"the {kind.words}"))
    for module in ["plugin", *(kind.module for kind in chosen)]:
        path = f"tests/test_{module}.py"
        made.append(_file(f"test_{module}.py", names, path=path, purpose="its tests"))
    target = Path(names["DISTRIBUTION"]) if folder is None else folder
    written = write_new_files(target, made)
    commands = ["pip install --editable . 'aqueducts-core[testing]'", "pytest", "aqueducts plugins"]
    tell_what_was_made(target, made, written, commands, console)


def _names(name: str) -> dict[str, str]:
    words = re.split("[-_]", name)
    snake = "_".join(words)
    return {
        "NAME": snake,
        "CLASS": "".join(word.capitalize() for word in words),
        "PACKAGE": f"aqueducts_{snake}",
        "DISTRIBUTION": f"aqueducts-{'-'.join(words)}",
        "SCHEME": "-".join(words),
        "VARIABLE": snake.upper(),
        "RANGE": _range(__version__),
    }


def _range(version: str) -> str:
    """Versions that keep the contract of this one: those of the same minor version."""
    major, minor = version.split(".")[:2]
    return f">={major}.{minor},<{major}.{int(minor) + 1}"


def _file(name: str, names: dict[str, str], *, path: str | None = None, purpose: str) -> NewFile:
    return NewFile(path or name, _filled(_starter(name), names), purpose)


def _filled(text: str, names: dict[str, str]) -> str:
    return re.sub(r"@([A-Z]+)@", lambda match: names[match[1]], text)


def _starter(name: str) -> str:
    return (files("aqueducts.cli") / "plugin_starter" / f"{name}.txt").read_text(encoding="utf-8")


def _readme(kinds: Sequence[_Kind], names: dict[str, str]) -> str:
    offers = "\n".join(f"- {kind.words} `{kind.tag}`" for kind in kinds)
    return _filled(_starter("README.md").replace("@OFFERS@", offers), names)


def _plugin(kinds: Sequence[_Kind], names: dict[str, str]) -> str:
    """The module of hooks, its imports as a linter sorts them."""
    imported: dict[str, set[str]] = {}
    for kind in kinds:
        if not kind.item:
            imported.setdefault("aqueducts.connectors", set()).add("RunInfo")
            imported.setdefault("aqueducts.events", set()).add("Event")
        elif match := re.search(r"(?:type\[)?([A-Z]\w+)", kind.item.removeprefix("click.Command")):
            imported.setdefault(kind.home, set()).add(match[1])
    lines = ['"""What the plugin offers. Nothing heavy is imported here."""', ""]
    lines += ["from __future__ import annotations", ""]
    if any("Any" in kind.item for kind in kinds):
        lines += ["from typing import Any", ""]
    if any("click" in kind.item for kind in kinds):
        lines += ["import click", ""]
    lines.append("from aqueducts import hookimpl")
    for module, items in sorted(imported.items()):
        lines += _import(module, sorted(items))
    own = sorted((kind.module, kind.offer) for kind in kinds)
    lines += [f"from {names['PACKAGE']}.{module} import {offer}" for module, offer in own]
    for kind in kinds:
        lines += ["", "", "@hookimpl", *_hook(kind)]
    return _filled("\n".join(lines) + "\n", names)


def _hook(kind: _Kind) -> list[str]:
    if not kind.item:
        return [
            f"def {kind.hook}(run: RunInfo, event: Event) -> None:",
            '    """Hear every event of every run."""',
            f"    {kind.offer}(run, event)",
        ]
    title = f"{kind.words[0].upper()}{kind.words[1:]}".removesuffix("s")
    return [
        f"def {kind.hook}() -> list[{kind.item}]:",
        f'    """{title}s of this plugin."""',
        f"    return [{kind.offer}]",
    ]


def _import(module: str, items: Sequence[str]) -> list[str]:
    line = f"from {module} import {', '.join(items)}"
    if len(line) <= _LINE_LENGTH:
        return [line]
    return [f"from {module} import (", *(f"    {each}," for each in items), ")"]
