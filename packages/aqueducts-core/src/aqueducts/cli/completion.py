"""`aqueducts completion`: scripts that complete the command in a shell."""

from __future__ import annotations

import click

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console

__all__ = ["command"]


_HOW_TO_USE = """\b
bash:  eval "$(aqueducts completion bash)"    in ~/.bashrc
zsh:   eval "$(aqueducts completion zsh)"     in ~/.zshrc, behind compinit
fish:  aqueducts completion fish | source     in ~/.config/fish/config.fish
"""


@click.command(
    cls=AqueductsCommand,
    name="completion",
    short_help="Print a completion script for a shell.",
    epilog=_HOW_TO_USE,
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for a shell."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:  # pragma: no cover - click has all three
        raise click.UsageError(f"There is no completion for {shell}.")
    script = kind(ctx.find_root().command, {}, "aqueducts", "_AQUEDUCTS_COMPLETE").source()
    ctx.ensure_object(Console).write_result(script)
