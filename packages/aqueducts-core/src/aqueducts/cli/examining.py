"""All checks of `aqueducts doctor`, and what they found, for people and for programs."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from aqueducts.cli.checkup import installation_checks, machine_checks, surroundings_checks
from aqueducts.cli.console import Console
from aqueducts.cli.console.cells import pad, visible
from aqueducts.cli.console.quantities import count, duration, size
from aqueducts.cli.console.terminal import Style, Styler
from aqueducts.health import Fact, Health, HealthCheck, Status

if TYPE_CHECKING:
    from aqueducts.plugins import PluginRecord, Plugins

__all__ = ["examine"]

_PATIENCE_SECONDS = 90
_SLOW_IMPORT_MS = 1_000
_SCHEMA_VERSION = 1

_SECRET_NAME = re.compile(r"PASS|SECRET|TOKEN|KEY|CREDENTIAL|AUTH|PWD|CONN", re.IGNORECASE)
_SHORTEST_SECRET = 6

_OFFERS = (
    *("sources", "destinations", "file_formats", "object_stores", "secret_resolvers"),
    *("engines", "udf_packs", "cli_commands"),
)


class _Answer(msgspec.Struct, frozen=True):
    """What a check found, and whose check it is."""

    name: str
    plugin: str | None
    health: Health


def examine(console: Console, *, spill_dir: str | None, origin: str, as_json: bool) -> bool:
    """Run all checks and write what they found; whether nothing is an error."""
    checks: list[tuple[HealthCheck, str | None]] = [
        (check, None)
        for check in (
            *installation_checks(),
            *machine_checks(spill_dir, origin),
            *surroundings_checks(console, _variables()),
        )
    ]
    checks += _plugin_checks()
    answers = [_masked(answer) for answer in _ask(checks)]
    console.write_result(_as_json(answers) if as_json else _as_lines(answers, console))
    return all(answer.health.status != "error" for answer in answers)


def _variables() -> set[str]:
    """Environment variables that options of our commands read."""
    from aqueducts.cli.group import cli

    context = click.Context(cli, resilient_parsing=True)
    commands = [cli, *(cli.get_command(context, name) for name in cli.list_commands(context))]
    return {
        each.envvar
        for command in commands
        if command is not None
        for each in command.params
        if isinstance(each.envvar, str)
    }


# --- plugins ---


def _plugin_checks() -> Iterator[tuple[HealthCheck, str | None]]:
    """The check of the plugins themselves, and the checks they bring."""
    try:
        from aqueducts.plugins import Plugins

        plugins = Plugins.discover()
    # Whatever is wrong with a library, telling of it is the point.
    except Exception as error:  # noqa: BLE001
        health = Health(
            "error",
            message=f"plugins cannot be looked for: {type(error).__name__}: {error}",
            help="reinstall what is broken: pip install --force-reinstall aqueducts-core",
        )
        yield HealthCheck("plugins", lambda: health), None
        return
    yield HealthCheck("plugins", lambda: _plugins(plugins)), None
    for record, checks in plugins.health_checks():
        if isinstance(checks, Exception):
            health = Health("error", message=checks.message, help=checks.hint)
            yield HealthCheck("checks", lambda health=health: health), record.name  # type: ignore[misc]
        else:
            yield from ((check, record.name) for check in checks)


def _plugins(plugins: Plugins) -> Health:
    facts: dict[str, Fact] = {}
    for record in plugins.records:
        facts[record.name] = f"{record.distribution} {record.version}".strip()
        facts[f"{record.name}_load_ms"] = round(record.load_ms, 1)
    if plugins.failed:
        names = " ".join(dict.fromkeys(record.distribution for record in plugins.failed))
        return Health(
            "error",
            facts,
            "; ".join(map(_broken, plugins.failed)),
            f"reinstall or remove it: pip install --force-reinstall {names}",
        )
    conflicts = list(_conflicts(plugins))
    if conflicts:
        return Health("error", facts, "; ".join(conflicts), "uninstall one of the two")
    slow = [each.name for each in plugins.records if each.load_ms > _SLOW_IMPORT_MS]
    if slow:
        return Health(
            "warning",
            facts,
            f"{', '.join(slow)}: slow to import, which every command waits for",
            "tell its author: drivers belong inside the methods that use them",
        )
    return Health(facts=facts)


def _broken(record: PluginRecord) -> str:
    return f"{record.name} of {record.distribution} cannot be loaded: {record.error}"


def _conflicts(plugins: Plugins) -> Iterator[str]:
    from aqueducts.errors import AqueductsError

    for attribute in _OFFERS:
        try:
            getattr(plugins, attribute)
        except AqueductsError as error:
            yield error.message


# --- asking ---


def _ask(checks: Sequence[tuple[HealthCheck, str | None]]) -> Iterator[_Answer]:
    """The answers in the order of the checks, which are asked all at once."""
    found: dict[int, Health] = {}

    def run(place: int, check: HealthCheck) -> None:
        found[place] = _answer(check)

    threads = [
        threading.Thread(target=run, args=(place, check), daemon=True)
        for place, (check, _) in enumerate(checks)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for place, (check, plugin) in enumerate(checks):
        threads[place].join(max(deadline - time.monotonic(), 0))
        late = Health("error", message=f"no answer within {_PATIENCE_SECONDS} seconds")
        yield _Answer(check.name, plugin, found.get(place, late))


def _answer(check: HealthCheck) -> Health:
    try:
        health: object = check.examine()
    # A check is a stranger's, and may raise anything.
    except Exception as error:  # noqa: BLE001
        return Health("error", message=f"the check failed: {type(error).__name__}: {error}")
    if isinstance(health, Health):
        return health
    return Health("error", message=f"the check gave {type(health).__name__}, which is no Health")


# --- telling ---


def _masked(answer: _Answer) -> _Answer:
    """Without the path of the home folder, and without values that variables call secret."""
    health = answer.health
    facts = {
        name: _hidden(fact) if isinstance(fact, str) else fact
        for name, fact in health.facts.items()
    }
    masked = msgspec.structs.replace(
        health,
        facts=facts,
        message=_hidden(health.message),
        help=None if health.help is None else _hidden(health.help),
    )
    return msgspec.structs.replace(answer, health=masked)


def _hidden(text: str) -> str:
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_SECRET and _SECRET_NAME.search(name):
            text = text.replace(value, "***")
    home = str(Path.home())
    return text.replace(f"{home}/", "~/") if len(home) > 1 else text


def _as_json(answers: Sequence[_Answer]) -> str:
    return json.dumps(
        {
            "schema_version": _SCHEMA_VERSION,
            "status": _worst(answers),
            "checks": [
                {
                    "name": answer.name,
                    "plugin": answer.plugin,
                    "status": answer.health.status,
                    "facts": dict(answer.health.facts),
                    "message": answer.health.message or None,
                    "help": answer.health.help,
                }
                for answer in answers
            ],
        },
        indent=2,
    )


def _worst(answers: Sequence[_Answer]) -> Status:
    found = {answer.health.status for answer in answers}
    ranked: tuple[Status, ...] = ("error", "warning", "ok")
    return next((status for status in ranked if status in found), "ok")


_MARKS: dict[Status, tuple[str, str, Style]] = {
    "ok": ("✓", "ok", "green"),
    "warning": ("!", "!", "yellow"),
    "error": ("✗", "x", "red"),
}


def _as_lines(answers: Sequence[_Answer], console: Console) -> str:
    style = console.results
    shown = [each for each in answers if not console.is_quiet or each.health.status != "ok"]
    names = [each.name if each.plugin is None else f"{each.plugin}: {each.name}" for each in shown]
    width = max(map(len, names), default=0)
    lines = []
    for name, answer in zip(names, shown, strict=True):
        fancy, plain, color = _MARKS[answer.health.status]
        mark = style(
            pad(fancy if style.has_unicode else plain, 1 if style.has_unicode else 2), color
        )
        facts = ", ".join(_fact(*item) for item in answer.health.facts.items() if _is_told(item[1]))
        lines.append(
            f"{mark} {style(pad(visible(name), width), 'bold')}  {visible(facts)}".rstrip()
        )
        lines += _advice(answer.health, style)
    return "\n".join([*lines, *([""] if lines else []), _summary(answers)])


def _advice(health: Health, style: Styler) -> Iterator[str]:
    indent = "    "
    if health.message:
        color: Style = "red" if health.status == "error" else "yellow"
        yield f"{indent}{style(health.status, color)}: {visible(health.message)}"
    if health.help is not None:
        yield f"{indent}{style('help:', 'cyan')} {visible(health.help)}"


def _is_told(fact: Fact) -> bool:
    return fact is not None and fact != []


def _fact(name: str, value: Fact) -> str:
    words = name.replace("_", " ")
    if isinstance(value, bool):
        return words if value else f"no {words}"
    if isinstance(value, list):
        return f"{words}: {', '.join(value)}"
    if isinstance(value, int | float) and words.endswith(" bytes"):
        return f"{words.removesuffix(' bytes')} {size(value)}"
    if isinstance(value, int | float) and words.endswith(" ms"):
        return f"{words.removesuffix(' ms')} {duration(value / 1000)}"
    return f"{words} {value:g}" if isinstance(value, float) else f"{words} {value}"


def _summary(answers: Sequence[_Answer]) -> str:
    found = [answer.health.status for answer in answers]
    parts = [
        count(found.count(status), status) for status in ("error", "warning") if found.count(status)
    ]
    return ", ".join(parts) if parts else f"{count(len(answers), 'check')}, all well"
