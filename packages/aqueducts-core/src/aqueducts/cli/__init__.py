"""The `aqueducts` command: one module per subcommand, each imported when it is asked for.

Nothing heavy is imported at the top of these modules: `--help`, `--version` and completion answer
without the engine, the models and the plugins.
"""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command with the arguments of the process, and leave with its exit code."""
    from aqueducts.cli.group import cli

    cli(prog_name="aqueducts")
