"""Names of stages and sources that a shell completes, read straight from the pipeline file.

Nothing is checked and no plugin is imported: an answer has to be there before a finger is off the
key, also while the file is half written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

__all__ = ["STAGE_NAME", "PipelineFile", "StageName"]

_LARGEST_BYTES = 1_000_000

_SAFE = re.compile(r"[\w.:@%+-]+")
"""Shells take such a name as it stands; others differ in how they want one to be quoted."""


class StageName(click.types.StringParamType):
    """The name of a stage or source of the pipeline file in the same command line."""

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,  # noqa: ARG002 - the signature is click's
        incomplete: str,
    ) -> list[CompletionItem]:
        """The names in the file that begin so: stages, then sources."""
        is_option = ctx.get_parameter_source("file_option") is ParameterSource.COMMANDLINE
        file = ctx.params.get("file_option" if is_option else "file")
        if not isinstance(file, str):
            return []
        return [
            CompletionItem(name)
            for name in dict.fromkeys(_names(Path(file)))
            if name.startswith(incomplete) and _SAFE.fullmatch(name)
        ]


STAGE_NAME = StageName()


class PipelineFile(click.Path):
    """The pipeline file; behind `--file` the first word is a stage where a command takes one."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Files, which the shell knows, or names in the file that was given."""
        if ctx.get_parameter_source("file_option") is ParameterSource.COMMANDLINE:
            stage = next((each for each in ctx.command.params if each.type is STAGE_NAME), None)
            if stage is not None:
                return STAGE_NAME.shell_complete(ctx, stage, incomplete)
        return super().shell_complete(ctx, param, incomplete)


def _names(path: Path) -> list[str]:
    try:
        # A pipe would be waited for.
        if not path.is_file() or path.stat().st_size > _LARGEST_BYTES:
            return []
        text = path.read_text(encoding="utf-8-sig")
        document = _READERS.get(path.suffix.lower(), _from_yaml)(text)
    # Whatever is wrong with the file: a completion is no place to tell.
    except Exception:  # noqa: BLE001
        return []
    return list(_named(document))


def _named(document: Any) -> Iterator[str]:
    """Names at their places in a document; whatever else stands there is passed over."""
    sections = document if isinstance(document, dict) else {}
    stages = [stage for group in _items(sections.get("stages")) for stage in _items(group)]
    for entry in [*stages, *_items(sections.get("sources"))]:
        name = entry.get("name") if isinstance(entry, dict) else None
        if isinstance(name, str):
            yield name


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _from_json(text: str) -> Any:
    import json

    return json.loads(text)


def _from_toml(text: str) -> Any:
    import tomllib

    return tomllib.loads(text)


def _from_yaml(text: str) -> Any:
    """Mappings, lists and texts; scalars are not looked into, aliases not followed."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return _plain(yaml.compose(text, Loader=loader), depth=4)


def _plain(node: Any, depth: int) -> Any:
    """A node and what is in it, as deep as names are; an alias costs no more than its place."""
    if depth and node.id == "mapping":
        return {_plain(key, 0): _plain(value, depth - 1) for key, value in node.value}
    if depth and node.id == "sequence":
        return [_plain(each, depth - 1) for each in node.value]
    return node.value if node.id == "scalar" else None


_READERS = {".json": _from_json, ".toml": _from_toml}
