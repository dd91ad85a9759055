"""What all suites have in common: checks that belong to a capability, and how they fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any, ClassVar, NoReturn, TypeVar

import pytest

from aqueducts.errors import AqueductsError
from aqueducts.plugins import Plugins

__all__ = ["Suite", "expect_error", "explained", "fail", "needs", "optional", "require"]

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def fail(problem: str, remedy: str) -> NoReturn:
    """End a check: what is wrong, and what its author should do."""
    pytest.fail(f"{problem}\n  help: {remedy}", pytrace=False)


def require(condition: object, problem: str, remedy: str) -> None:
    """End a check unless a condition holds."""
    if not condition:
        fail(problem, remedy)


def optional(function: FunctionT) -> FunctionT:
    """Mark a method that suites may override; checks that need it are left out otherwise."""
    function.is_optional = True  # type: ignore[attr-defined]  # a mark on a function
    return function


def needs(*capabilities: str) -> Callable[[FunctionT], FunctionT]:
    """Mark a check that belongs to capabilities.

    Each is a flag that has to be true, or an optional method that has to be overridden.
    """

    def mark(function: FunctionT) -> FunctionT:
        function.needed_capabilities = capabilities  # type: ignore[attr-defined]  # a mark
        return function

    return mark


class Suite:
    """Checks of one contract. Subclasses in test modules say what is particular to a connector."""

    plugins: ClassVar[Plugins | None] = None
    """The plugins to test with; None means all that are installed."""
    module: ClassVar[ModuleType | None] = None
    """A plugin's module that is not installed, to be tested beside those that are."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        left_out: dict[str, Any] = {}
        for name in dir(cls):
            if not name.startswith("test_"):
                continue
            check = _defined(cls, name)
            if getattr(check, "needed_capabilities", None) is None:
                continue  # needs nothing, or was left out by hand
            is_there = all(_has(cls, each) for each in check.needed_capabilities)
            # pytest does not collect what cannot be called.
            setattr(cls, name, check if is_there else None)
            if not is_there:
                left_out[name] = check
        cls._left_out = left_out

    _left_out: ClassVar[dict[str, Any]] = {}
    """Checks that are not there for want of a capability, which a subclass may have."""

    def installed_plugins(self) -> Plugins:
        """The plugins that this suite tests with."""
        plugins = self.plugins if self.plugins is not None else _discovered()
        if self.module is None:
            return plugins
        return Plugins([*plugins.records, *Plugins.of(under_test=self.module).records])


@cache
def _discovered() -> Plugins:
    return Plugins.discover()


def _defined(cls: type[Suite], name: str) -> Any:
    """A check as it was written; None where it was left out by hand."""
    for each in cls.__mro__:
        if name in vars(each):
            return vars(each)[name] or vars(each).get("_left_out", {}).get(name)
    return None


def _has(cls: type[Suite], capability: str) -> bool:
    value = getattr(cls, capability)
    return not getattr(value, "is_optional", False) if callable(value) else bool(value)


@contextmanager
def explained(problem: str, remedy: str) -> Iterator[None]:
    """Turn whatever is raised inside into a failed check that says what to do."""
    try:
        yield
    except AqueductsError as error:
        hint = f"; {error.hint}" if error.hint else ""
        fail(f"{problem}: {error.message}", f"{remedy}{hint}")
    # A stranger's connector may raise anything.
    except Exception as error:  # noqa: BLE001
        pytest.fail(f"{problem}: {type(error).__name__}: {error}\n  help: {remedy}", pytrace=True)


@contextmanager
def expect_error(
    kinds: tuple[type[AqueductsError], ...], when: str, remedy: str
) -> Iterator[list[AqueductsError]]:
    """Expect an error of ours inside; the list has it afterwards."""
    names = " or ".join(kind.__name__ for kind in kinds)
    caught: list[AqueductsError] = []
    try:
        yield caught
    except kinds as error:
        caught.append(error)
        require(
            error.message.strip() and "Traceback" not in error.message,
            f"{when}, the {type(error).__name__} has the message {error.message!r}",
            "say in one sentence what is wrong and with what",
        )
        return
    # A stranger's connector may raise anything.
    except Exception as error:  # noqa: BLE001
        pytest.fail(
            f"{when}, {type(error).__name__} is raised ({error}) instead of {names}\n"
            f"  help: {remedy}",
            pytrace=True,
        )
    fail(f"{when}, nothing is raised, but {names} is expected", remedy)
