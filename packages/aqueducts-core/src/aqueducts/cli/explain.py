"""`aqueducts explain`: what a code in an error means."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console
from aqueducts.cli.console.terminal import Styler
from aqueducts.explanations import Explanation, explain, explained_codes

__all__ = ["command"]

_WIDEST = 100


class _Code(click.types.StringParamType):
    """The code in the brackets of an error."""

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - the signature is click's
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """All codes that begin so; plugins are loaded where core has none."""
        found = [code for code in explained_codes() if code.startswith(incomplete)]
        codes = found or [code for code in _all_pages() if code.startswith(incomplete)]
        return [CompletionItem(code) for code in codes]


@click.command(
    cls=AqueductsCommand, name="explain", short_help="Tell what the code of an error means."
)
@click.argument("code", type=_Code(), required=False)
@click.pass_context
def command(ctx: click.Context, code: str | None) -> None:
    """Tell what CODE means, with an example and what to do; without CODE, list all codes.

    A code is what stands in the brackets of an error or a warning: error[missing-field].
    """
    console = ctx.ensure_object(Console)
    if code is None:
        pages = list(_all_pages().values())
        console.write_result(_list(pages, console.results, console.result_width or _WIDEST))
        return
    wanted = code.strip().removeprefix("error[").removeprefix("warning[").rstrip("]")
    page = explain(wanted) or _all_pages().get(wanted)
    if page is None:
        from aqueducts.diagnostics import nearest  # only for what is wrong

        guess = nearest(code, list(_all_pages()))
        advice = f"Did you mean {guess}?" if guess else "See: aqueducts explain"
        raise click.UsageError(f"There is no code '{code}'. {advice}")
    console.write_result(_as_text(page.text, console.results))


def _all_pages() -> dict[str, Explanation]:
    """Pages by code in alphabetical order; where a plugin explains a code of core, core's."""
    from aqueducts.plugins import Plugins  # not for a code of core

    core = {code: page for code in explained_codes() if (page := explain(code)) is not None}
    pages = {**Plugins.discover().explanations, **core}
    return dict(sorted(pages.items()))


def _list(pages: Sequence[Explanation], style: Styler, width: int) -> str:
    column = max(len(page.code) for page in pages) + 2
    lines = []
    for page in pages:
        first, *rest = textwrap.wrap(page.summary, max(width - column, 20)) or [""]
        lines.append(style(page.code.ljust(column), "bold") + first)
        lines += [" " * column + line for line in rest]
    return "\n".join(lines)


def _as_text(page: str, style: Styler) -> str:
    """The page as it reads best in a terminal: headings bold, blocks indented."""
    lines = []
    is_block = False
    for line in page.rstrip().split("\n"):
        if line.startswith("```"):
            is_block = not is_block
        elif is_block:
            lines.append(f"    {line}".rstrip())
        elif line.startswith("#"):
            lines.append(style(line.lstrip("# "), "bold"))
        else:
            lines.append(line)
    return "\n".join(lines)
