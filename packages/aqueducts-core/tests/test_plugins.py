"""Plugins that do not do what they should: who is to blame is told, and nothing else breaks."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from aqueducts import hookimpl
from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.errors import MissingPluginError, PluginConflictError, PluginLoadError
from aqueducts.plugins import Plugins


def plugins(**hooks: Any) -> Plugins:
    """The built-in plugin and one of a stranger, whose hooks return or raise these."""
    stranger = ModuleType("stranger")
    for name, offer in hooks.items():
        setattr(stranger, name, hookimpl(_hook(name, offer)))
    return Plugins.of(builtin=builtin_plugin, stranger=stranger)


def _hook(name: str, offer: Any) -> Any:
    def hook() -> Any:
        if isinstance(offer, Exception):
            raise offer
        return offer

    hook.__name__ = name
    return hook


@pytest.mark.parametrize("offer", [3, "countdown", type("Nameless", (), {}), None])
def test_an_offer_that_is_nothing_of_the_kind(offer: Any) -> None:
    """The plugin and what it gave are named; other kinds are not touched."""
    found = plugins(aqueducts_sources=[offer])
    with pytest.raises(PluginLoadError, match=r"aqueducts_sources of stranger gave .* no source"):
        _ = found.sources
    assert "file" in found.destinations


def test_a_hook_that_raises() -> None:
    """Its own words are kept."""
    found = plugins(aqueducts_file_formats=KeyError("colour"))
    with pytest.raises(PluginLoadError, match="of stranger failed: KeyError: 'colour'"):
        _ = found.file_formats


@pytest.mark.parametrize(("name", "aliases"), [("file", ()), ("other", ("file",)), ("dir", ())])
def test_two_plugins_that_claim_one_name(name: str, aliases: tuple[str, ...]) -> None:
    """Both are named, whether the name is the first one or an alias."""
    rival = type("Rival", (), {"type": name, "aliases": aliases})
    with pytest.raises(PluginConflictError) as error:
        _ = plugins(aqueducts_sources=[rival]).sources
    assert "aqueducts.builtin.plugin and stranger" in error.value.message


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("odbc", "pip install 'aqueducts-core[odbc]'"),
        ("Delta", "pip install 'aqueducts-core[delta]'"),
        ("flie", "did you mean 'file'? installed: directory, file, in_memory"),
    ],
)
def test_a_type_that_is_not_there(name: str, hint: str) -> None:
    """What installs it, or what was meant."""
    found = plugins()
    with pytest.raises(MissingPluginError) as error:
        found.get(found.sources, name)
    assert hint in (error.value.hint or "")
