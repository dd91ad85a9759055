"""Python, the distributions of Aqueducts, and the libraries they need."""

from __future__ import annotations

import platform
import re
import struct
from collections.abc import Sequence
from importlib import metadata

from aqueducts.health import Fact, Health, HealthCheck

__all__ = ["installation_checks"]

_CORE = "aqueducts-core"
_DISTRIBUTIONS = (
    _CORE,
    "aqueducts-cloud",
    "aqueducts-delta",
    "aqueducts-executor",
    "aqueducts-odbc",
)
_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(?:\[[^]]*\])?\s*(?P<range>[^;]*)(?P<marker>;.*)?")
_CONDITION = re.compile(r"(?P<sign>==|>=|<=|!=|<|>)\s*(?P<version>\d+(?:\.\d+)*)(?P<any>\.\*)?")


def installation_checks() -> list[HealthCheck]:
    """Checks of what is installed, without importing it."""
    return [
        HealthCheck("python", _python),
        HealthCheck("aqueducts", _aqueducts),
        HealthCheck("libraries", _libraries),
    ]


def _python() -> Health:
    bits = struct.calcsize("P") * 8
    facts: dict[str, Fact] = {
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
    }
    if bits < 64:
        return Health("error", facts, f"this Python has {bits} bits", "use a Python of 64 bits")
    return Health(facts=facts)


def _aqueducts() -> Health:
    """All distributions have one version, or nothing fits together."""
    facts = {name: found for name in _DISTRIBUTIONS if (found := _version(name)) is not None}
    if _CORE not in facts:
        return Health(
            "error",
            facts,
            f"{_CORE} is not installed here, so that no plugin is found, not even its own",
            f"install it into this Python: pip install {_CORE}",
        )
    if len(set(facts.values())) > 1:
        wanted = " ".join(f"{name}=={facts[_CORE]}" for name in facts if name != _CORE)
        return Health(
            "error",
            facts,
            "the distributions are of different versions",
            f"install the same one of all: pip install {wanted}",
        )
    return Health(facts=facts)


def _libraries() -> Health:
    facts: dict[str, Fact] = {}
    wrong: list[str] = []
    needed: list[str] = []
    for name, text in _requirements():
        version = _version(name)
        facts[name] = version
        if version is None:
            wrong.append(f"{name} is not installed")
        elif not _fits(version, text):
            wrong.append(f"{name} {version} is not in the range {text}")
        else:
            continue
        needed.append(f"'{name}{text}'")
    if wrong:
        return Health("error", facts, "; ".join(wrong), f"run: pip install {' '.join(needed)}")
    return Health(facts=facts)


def _requirements() -> Sequence[tuple[str, str]]:
    """Libraries that core needs, with the versions that will do."""
    try:
        requirements = metadata.requires(_CORE) or []
    except metadata.PackageNotFoundError:
        return []
    found = [match for each in requirements if (match := _REQUIREMENT.match(each)) is not None]
    # What has a marker is an extra.
    return [(match["name"], match["range"].strip()) for match in found if match["marker"] is None]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _fits(version: str, versions: str) -> bool:
    """Whether a version is in a range such as `>=22,<27`, as far as its numbers tell."""
    return all(_holds(_numbers(version), match) for match in _CONDITION.finditer(versions))


def _holds(version: tuple[int, ...], condition: re.Match[str]) -> bool:
    wanted = _numbers(condition["version"])
    length = len(wanted) if condition["any"] else max(len(wanted), len(version))
    left, right = (_padded(each, length) for each in (version, wanted))
    match condition["sign"]:
        case "==":
            return left == right
        case "!=":
            return left != right
        case ">=":
            return left >= right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case _:
            return left < right


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, match[0].split("."))) if match is not None else ()


def _padded(numbers: tuple[int, ...], length: int) -> tuple[int, ...]:
    return (*numbers, *[0] * (length - len(numbers)))[:length]
