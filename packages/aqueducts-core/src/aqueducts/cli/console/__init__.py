"""How the command talks: streams and colours, tables, progress, summaries, problems."""

from __future__ import annotations

from aqueducts.cli.console.terminal import Console

__all__ = ["Console"]
