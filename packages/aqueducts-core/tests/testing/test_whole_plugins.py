"""The suite of whole plugins fails for each mistake it is there for, and says what to do."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aqueducts.testing import PluginSuite

_MODULE = '''
"""A plugin."""

from typing import Literal

from pydantic import Field

import aqueducts
from aqueducts.connectors import SecretResolver, Source
from aqueducts.explanations import Explanation
from aqueducts.models.fields import Name, PipelineModel


class Config(PipelineModel):
    """A source of the kit's tests."""

    type: Literal["kit_made"] = Field(description="Kind of source.")
    name: Name = Field(description="Name of the table.")


class Made(Source[Config]):
    """Reads nothing."""

    type = "kit_made"
    config_model = Config

    def open(self, context):
        raise NotImplementedError


@aqueducts.hookimpl
def aqueducts_sources():
    """Return the source."""
    return [Made]


@aqueducts.hookimpl
def aqueducts_explanations():
    """Return the page of one code."""
    return [Explanation("kit-quota", "No more today.", "# kit-quota\\n\\nNo more\\ntoday.\\n")]
'''
_ENTRY = "[aqueducts]\nmade = kit_made_plugin\n"
_METADATA = "Metadata-Version: 2.1\nName: kit-made\nVersion: 1\nRequires-Dist: aqueducts-core\n"

Install = Callable[..., None]


class _Suite(PluginSuite):
    drivers = ("wave",)

    def distribution(self) -> str:
        return "kit-made"


_CHECKS = sorted(name for name in dir(_Suite) if name.startswith("test_"))


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return what installs the plugin, changed in some way."""

    def make(old: str = "", new: str = "") -> None:
        changed = {
            "kit_made_plugin.py": _MODULE,
            "kit_made-1.dist-info/entry_points.txt": _ENTRY,
            "kit_made-1.dist-info/METADATA": _METADATA,
        }
        if old:
            assert any(old in text for text in changed.values())
        for name, text in changed.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text.replace(old, new) if old else text)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(each for each in sys.path if each))

    yield make
    sys.modules.pop("kit_made_plugin", None)


def test_nothing_is_left_out() -> None:
    """All checks are there; each has a mistake below."""
    assert len(_CHECKS) == 10
    assert {check for check, _, _, _ in _MISTAKES} == set(_CHECKS)


@pytest.mark.parametrize("check", _CHECKS)
def test_a_good_plugin_passes(check: str, install: Install) -> None:
    """What is right is not told to be wrong."""
    install()
    getattr(_Suite(), check)()


_MADE_ANEW = """    return [type("Made", (Made,), {"__doc__": "Reads nothing."})]"""
_MISTAKES = [
    ("test_is_found", "[aqueducts]", "[others]", "has no entry point in the group aqueducts"),
    ("test_is_found", "= kit_made_plugin", "= kit_made_elsewhere", "cannot be loaded"),
    ("test_requires_core", "Requires-Dist: aqueducts-core\n", "", "it depends on nothing"),
    (
        "test_imports_no_driver",
        "import aqueducts\n",
        "import aqueducts\nimport pyarrow, wave\n",
        "imports .*pyarrow wave",
    ),
    (
        "test_imports_no_driver",
        "import aqueducts\n",
        "import no_such_module\n",
        "importing it fails",
    ),
    ("test_hooks_are_hooks", "def aqueducts_sources", "def aqueducts_source", "is no hook"),
    ("test_hooks_are_hooks", "@aqueducts.hookimpl\n", "", "is not marked"),
    (
        "test_hooks_are_hooks",
        "def aqueducts_sources()",
        "def aqueducts_sources(files=())",
        r"takes \['files'\]",
    ),
    ("test_hooks_return_data", "return [Made]", "return [Made(None)]", "gives <kit_made_plugin"),
    ("test_hooks_return_data", "    def open(", "    def read(", "Made lacks open"),
    ("test_hooks_return_data", '    """Reads nothing."""\n', "", "Made has no docstring"),
    ("test_hooks_return_data", "return [Made]", "raise OSError('no network')", "no network"),
    (
        "test_hooks_return_data",
        "def aqueducts_sources",
        "def aqueducts_udfs",
        r"aqueducts_udfs gives \[<class",
    ),
    ("test_hooks_return_data", "    return [Made]", _MADE_ANEW, "gives something new each time"),
    ("test_names_are_free", 'type = "kit_made"', 'type = "file"', "is offered by two plugins"),
    ("test_explains_its_codes", '"kit-quota"', '"storage"', "core has the code 'storage'"),
    ("test_explains_its_codes", "# kit-quota", "# quota", "the page of 'kit-quota' begins"),
    ("test_explains_its_codes", "No more today.", "Enough.", "the page of 'kit-quota' begins"),
    (
        "test_models_describe_themselves",
        ' = Field(description="Name of the table.")',
        "",
        "say nothing of themselves: name",
    ),
    ("test_is_in_the_schema", 'type = "kit_made"', 'type = "kit_other"', "the schema lacks"),
    ("test_is_listed", "= kit_made_plugin", "= kit_made_elsewhere", "it is broken"),
]
"""A check, a change that makes the mistake that it is there for, and what it says."""


@pytest.mark.parametrize(
    ("check", "old", "new", "words"),
    [pytest.param(*each, id=f"{each[0][5:]}:{number}") for number, each in enumerate(_MISTAKES)],
)
def test_a_mistake_is_found(check: str, old: str, new: str, words: str, install: Install) -> None:
    """The check fails, in words that name the mistake and what to do about it."""
    install(old, new)
    with pytest.raises(pytest.fail.Exception, match=f"(?s){words}") as caught:
        getattr(_Suite(), check)()
    assert "\n  help: " in str(caught.value)


def test_what_is_not_installed_is_told() -> None:
    """The suite runs against the installed distribution."""
    with pytest.raises(pytest.fail.Exception, match="kit-made is not installed"):
        _Suite().test_is_found()
