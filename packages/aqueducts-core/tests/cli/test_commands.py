"""check, schema, plugins, completion, and what all commands share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import aqueducts
from aqueducts.cli.exit_codes import ExitCode
from aqueducts.cli.group import cli

HEAVY = (
    "aqueducts.builtin",
    "aqueducts.models",
    "aqueducts.plugins",
    "datafusion",
    "deltalake",
    "pyarrow",
    "pydantic",
    "rich",
    "sqlglot",
    "structlog",
    "yaml",
)


def test_check_counts_what_is_there(folder: Path, invoke: Any) -> None:
    """Nothing is opened: the data may be missing."""
    (folder / "people.csv").unlink()
    result = invoke("check", "pipeline.yml", "-p", "min=3")
    assert result.exit_code == 0
    assert result.stdout == "pipeline.yml: ok (1 source, 2 stages, destination file)\n"
    assert invoke("-q", "check", "pipeline.yml", "-p", "min=3").stdout == ""


def test_check_finds_unknown_tables(folder: Path, invoke: Any) -> None:
    """Names in queries are checked against sources and earlier stages."""
    text = (folder / "pipeline.yml").read_text().replace("from people", "from peple")
    (folder / "pipeline.yml").write_text(text)
    result = invoke("check", "pipeline.yml", "-p", "min=3")
    assert result.exit_code == 2
    assert "'peple'" in result.stderr
    assert "did you mean 'people'?" in result.stderr


@pytest.mark.parametrize(
    ("old", "new", "exit_code", "codes"),
    [
        ("", "", 0, []),
        ("show: 2", "shw: 2", 0, ["unknown-field"]),
        ("from people", "from peple", 2, ["unknown-table"]),
    ],
)
def test_check_as_json_is_a_list(
    folder: Path, invoke: Any, old: str, new: str, exit_code: int, codes: list[str]
) -> None:
    """Programs get problems and warnings with their places, and nothing else."""
    text = (folder / "pipeline.yml").read_text()
    (folder / "pipeline.yml").write_text(text.replace(old, new))
    result = invoke("check", "pipeline.yml", "-p", "min=3", "--output", "json")
    problems = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (exit_code, "")
    assert [problem["code"] for problem in problems] == codes
    assert all(problem["line"] for problem in problems)


def test_check_with_connect_opens_everything(folder: Path, invoke: Any) -> None:
    """Columns are checked against the data, and nothing is written."""
    given = ("check", "pipeline.yml", "-p", "min=3", "--connect")
    good = invoke(*given)
    assert (good.exit_code, good.stderr) == (0, "")
    assert good.stdout == "pipeline.yml: ok (1 source, 2 stages, destination file)\n"
    assert not (folder / "out.csv").exists()
    (folder / "people.csv").write_text("name,years,city\nAnn,31,Rome\n")
    wrong = invoke(*given)
    assert wrong.exit_code == ExitCode.USAGE
    assert "pipeline.yml:8:27" in wrong.stderr
    (folder / "people.csv").unlink()
    missing = invoke(*given, "--output", "json")
    assert missing.exit_code == ExitCode.UNREACHABLE
    assert [each["code"] for each in json.loads(missing.stdout)] == ["storage"]


def test_schema_is_json_schema(invoke: Any) -> None:
    """It names the types of the installed plugins."""
    schema = json.loads(invoke("schema").stdout)
    assert {"sources", "stages", "destination"} <= set(schema["properties"])


def test_plugins_lists_the_built_in_one(invoke: Any) -> None:
    """The built-in plugin is one among others."""
    result = invoke("plugins")
    assert result.exit_code == 0
    assert "aqueducts-core" in result.stdout
    assert "file formats: csv, json, parquet" in result.stdout
    entries = json.loads(invoke("plugins", "--output", "json").stdout)
    (builtin,) = [entry for entry in entries if entry["name"] == "builtin"]
    assert builtin["version"] == aqueducts.__version__
    assert builtin["offers"]["engines"] == ["datafusion"]
    assert builtin["error"] is None


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_script(invoke: Any, shell: str) -> None:
    """The scripts call the command by its name."""
    result = invoke("completion", shell)
    assert result.exit_code == 0
    assert "_AQUEDUCTS_COMPLETE" in result.stdout


def test_common_options_stand_anywhere(folder: Path, invoke: Any) -> None:
    """Before or behind the subcommand; the later one wins."""
    behind = invoke("check", "pipeline.yml", "--color", "always")
    before = invoke("--color", "always", "check", "pipeline.yml")
    both = invoke("--color", "never", "check", "pipeline.yml", "--color=always")
    assert "\x1b[1;31merror[missing-parameter]" in behind.stderr
    assert before.stderr == both.stderr == behind.stderr
    assert "\x1b" not in invoke("check", "pipeline.yml").stderr


def test_the_command_line_wins_over_the_environment(
    folder: Path, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the flag stands before the subcommand."""
    monkeypatch.setenv("AQUEDUCTS_COLOR", "always")
    assert "\x1b" in invoke("check", "pipeline.yml").stderr
    assert "\x1b" not in invoke("--color", "never", "check", "pipeline.yml").stderr


def test_debug_shows_the_traceback(folder: Path, invoke: Any) -> None:
    """And no other flag does."""
    assert "Traceback" not in invoke("check", "nothing.yml").stderr
    result = invoke("check", "nothing.yml", "--debug")
    assert "Traceback" in result.stderr
    assert "error[missing-file]" in result.stderr


def test_internal_errors_are_one_line(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users see what to do, not our insides."""
    monkeypatch.setattr("aqueducts.plugins.entry_points", lambda group: 1 // 0)
    result = invoke("plugins")
    assert result.exit_code == 1
    assert result.stderr == (
        "error[internal]: internal error: ZeroDivisionError: integer division or modulo by zero "
        "(rerun with --debug for a traceback)\n"
    )
    assert "Traceback" in invoke("plugins", "--debug").stderr


def test_help_names_every_exit_code_and_variable(invoke: Any) -> None:
    """The help is where people look first."""
    for arguments in (["--help"], ["run", "-h"]):
        text = invoke(*arguments).stdout
        for code in ExitCode:
            assert f"{code.value:>3}  {code.meaning}" in text
    for name in cli.list_commands(cli.make_context("aqueducts", [], resilient_parsing=True)):
        context = cli.make_context("aqueducts", [], resilient_parsing=True)
        command = cli.get_command(context, name)
        assert command is not None
        text = " ".join(invoke(name, "--help").stdout.split())
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert f"env var: {parameter.envvar}" in text
                assert str(parameter.envvar).startswith("AQUEDUCTS_")


def test_unknown_commands_are_wrong_usage(invoke: Any) -> None:
    """Exit code 2, as for every wrong usage."""
    result = invoke("rum")
    assert result.exit_code == 2
    assert "No such command 'rum'" in result.stderr


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["run", "--help"], ["completion", "zsh"], []]
)
def test_cheap_answers_import_nothing_heavy(arguments: list[str]) -> None:
    """Neither the engine, nor models, nor plugins, nor rich."""
    environment = dict(os.environ)
    if not arguments:
        environment |= {"_AQUEDUCTS_COMPLETE": "bash_complete", "COMP_CWORD": "1"}
        environment |= {"COMP_WORDS": "aqueducts r"}
    code = (
        "import sys; sys.argv[1:] = sys.argv[2:]\n"
        "from aqueducts.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "-", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout
    imported = set(result.stderr.split())
    assert imported & set(HEAVY) == set()


PLUGIN = """
import click
from aqueducts.hookspecs import hookimpl

@click.command("greet")
@click.pass_context
def greet(ctx):
    "Say hello."
    click.echo(f"hello {ctx.obj.color}")
    return 5

@hookimpl
def aqueducts_cli_commands():
    return [greet]
"""


def _install(folder: Path, name: str, source: str) -> None:
    """What pip leaves behind for a plugin, on a path of its own."""
    (folder / f"{name}.py").write_text(source)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[aqueducts]\n{name} = {name}\n")


def test_plugins_bring_commands(tmp_path: Path, run_process: Any) -> None:
    """They are listed, take the common options, and what they return is no exit code."""
    _install(tmp_path, "greeting", PLUGIN)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    assert "greet       Say hello." in run_process("--help", PYTHONPATH=path).stdout
    result = run_process("greet", "--color", "never", PYTHONPATH=path)
    assert (result.returncode, result.stdout) == (0, "hello never\n")


def test_broken_plugins_take_nothing_down(tmp_path: Path, run_process: Any) -> None:
    """They are told where plugins matter, and `plugins` fails."""
    _install(tmp_path, "broken", "import nothing_like_this")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    result = run_process("plugins", PYTHONPATH=path)
    assert result.returncode == 1
    assert "broken of broken cannot be loaded: ModuleNotFoundError" in result.stderr
    assert "builtin" in result.stdout
    help_text = run_process("--help", PYTHONPATH=path)
    assert help_text.returncode == 0
    assert "warning: plugin broken" in help_text.stderr
