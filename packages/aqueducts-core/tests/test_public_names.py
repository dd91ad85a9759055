"""What `import aqueducts` offers, and what it costs."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

import aqueducts
from aqueducts import errors


def run_python(code: str) -> str:
    """Return what a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip()


def test_names_are_sorted() -> None:
    """So that a change is easy to see."""
    assert sorted(aqueducts.__all__) == aqueducts.__all__
    assert dir(aqueducts) == aqueducts.__all__


@pytest.mark.parametrize("name", aqueducts.__all__)
def test_every_name_is_there(name: str) -> None:
    """As what it is called, never as the module it is in."""
    value = getattr(aqueducts, name)

    assert not isinstance(value, ModuleType)
    assert value is getattr(aqueducts, name)


def test_every_error_is_public() -> None:
    """Users catch them."""
    assert set(errors.__all__) <= set(aqueducts.__all__)


def test_other_names_are_an_error() -> None:
    """In the words of Python."""
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = aqueducts.nothing


def test_importing_loads_nothing_heavy() -> None:
    """A program that only names the package pays next to nothing."""
    code = (
        "import sys, aqueducts; heavy = {'pydantic', 'pyarrow', 'datafusion', 'pluggy', 'yaml'};"
        "print(sorted(heavy & set(sys.modules)))"
    )

    assert run_python(code) == "[]"


def test_importing_is_fast() -> None:
    """Well under what a person notices, besides the interpreter's own start."""
    code = (
        "import time, typing, importlib; start = time.perf_counter(); import aqueducts;"
        "print((time.perf_counter() - start) * 1000)"
    )

    assert min(float(run_python(code)) for _ in range(3)) < 30


@pytest.mark.parametrize("name", ["load", "run"])
def test_functions_keep_their_names_beside_modules(name: str) -> None:
    """`aqueducts.load` is the function, also after `aqueducts.load` was imported as a module."""
    code = (
        f"import aqueducts.{name}; from aqueducts.{name} import {name} as same;"
        f"import aqueducts; print(aqueducts.{name} is same, callable(aqueducts.{name}))"
    )

    assert run_python(code) == "True True"
