"""The suite of secret resolvers fails for each mistake it is there for, and says what to do."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from aqueducts import hookimpl
from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.connectors import SecretResolver
from aqueducts.errors import SecretError
from aqueducts.plugins import Plugins
from aqueducts.testing import SecretResolverSuite

_VALUES = {"known": "hunter2-and-more"}


class _Good(SecretResolver):
    """Answers from a table; the mistakes below are changes of it."""

    scheme = "table"

    def resolve(self, reference: str) -> str:
        if reference not in _VALUES:
            raise self.missing(reference)
        return _VALUES[reference]

    def missing(self, reference: str) -> Exception:
        return SecretError(f"the table has no {reference}", hint="put it there")


class _Suite(SecretResolverSuite):
    offered: type[SecretResolver] = _Good
    reference = "known"

    def installed_plugins(self) -> Plugins:
        def aqueducts_secret_resolvers() -> list[type[SecretResolver]]:
            return [self.offered]

        module = ModuleType("mine")
        vars(module)["aqueducts_secret_resolvers"] = hookimpl(aqueducts_secret_resolvers)
        return Plugins.of(builtin=builtin_plugin, mine=module)

    def resolver(self) -> type[SecretResolver]:
        return self.offered

    def known_secret(self, folder: Path) -> tuple[str, str]:
        return self.reference, "hunter2-and-more"

    def unknown_reference(self, folder: Path) -> str:
        return "missing"


_CHECKS = sorted(name for name in dir(_Suite) if name.startswith("test_"))


def test_nothing_is_left_out() -> None:
    """All checks are there; each has a mistake below."""
    assert len(_CHECKS) == 6
    assert {check for check, _, _ in _MISTAKES} | {"test_references_fit_in_pipelines"} == set(
        _CHECKS
    )


def _run(suite: SecretResolverSuite, check: str, folder: Path) -> None:
    function = getattr(suite, check)
    arguments = [folder] if function.__code__.co_argcount > 1 else []
    function(*arguments)


@pytest.mark.parametrize("check", _CHECKS)
def test_a_good_resolver_passes(check: str, tmp_path: Path) -> None:
    """What is right is not told to be wrong."""
    _run(_Suite(), check, tmp_path)


class _Capitals(_Good):
    scheme = "Table"


class _Trimming(_Good):
    def resolve(self, reference: str) -> str:
        return super().resolve(reference)[:-1]


class _Foreign(_Good):
    def missing(self, reference: str) -> Exception:
        return KeyError(reference)


class _Wordless(_Good):
    def missing(self, reference: str) -> Exception:
        return SecretError("there is no such secret")


class _Unhelpful(_Good):
    def missing(self, reference: str) -> Exception:
        return SecretError(f"the table has no {reference}")


class _Listing(_Good):
    def missing(self, reference: str) -> Exception:
        return SecretError(f"the table has no {reference}, but {_VALUES}")


class _Printing(_Good):
    def resolve(self, reference: str) -> str:
        value = super().resolve(reference)
        sys.stdout.write(f"{reference} is {value}")
        return value


_MISTAKES: list[tuple[str, type[SecretResolver], str]] = [
    ("test_scheme_is_a_scheme", _Capitals, "scheme is 'Table'"),
    ("test_known_secrets_are_resolved", _Trimming, "or another one"),
    ("test_unknown_secrets_are_errors", _Foreign, "KeyError is raised"),
    ("test_unknown_secrets_are_errors", _Wordless, "does not name the reference"),
    ("test_unknown_secrets_are_errors", _Unhelpful, "says nothing of what to do"),
    ("test_errors_do_not_show_other_secrets", _Listing, "shows a secret"),
    ("test_secrets_are_masked_in_runs", _Printing, "a secret can be read"),
    ("test_secrets_are_masked_in_runs", _Trimming, "a run gets another value"),
]
"""A check, a resolver with the mistake that it is there for, and what it says."""


@pytest.mark.parametrize(
    ("check", "offered", "words"),
    [pytest.param(*each, id=f"{each[0][5:]}:{each[1].__name__}") for each in _MISTAKES],
)
def test_a_mistake_is_found(
    check: str, offered: type[SecretResolver], words: str, tmp_path: Path
) -> None:
    """The check fails, in words that name the mistake and what to do about it."""
    suite = _Suite()
    suite.offered = offered
    with pytest.raises(pytest.fail.Exception, match=f"(?s){words}") as caught:
        _run(suite, check, tmp_path)
    assert "\n  help: " in str(caught.value)


def test_references_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    """Pipeline files have no way to write a brace in a reference."""
    suite = _Suite()
    suite.reference = "a}b"
    with pytest.raises(pytest.fail.Exception, match="cannot be written in a pipeline file"):
        _run(suite, "test_references_fit_in_pipelines", tmp_path)
