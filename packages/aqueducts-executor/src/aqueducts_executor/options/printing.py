"""Options as a file that could be given by `--config`."""

from __future__ import annotations

import json
from pathlib import Path

from aqueducts_executor.options.options import Options
from aqueducts_executor.options.table import OPTIONS

__all__ = ["as_toml"]


def as_toml(options: Options) -> str:
    """Every option with its value; secrets are masked."""
    lines = []
    for spec in OPTIONS:
        value = getattr(options, spec.name)
        if value is None:
            lines.append(f"# {spec.name} is not set")
        else:
            lines.append(f"{spec.name} = {_literal('***' if spec.is_secret else value)}")
    return "\n".join(lines)


def _literal(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_literal(each) for each in value) + "]"
    if isinstance(value, str | Path):
        # A string in JSON is one in TOML, but for the characters that JSON leaves as they are.
        return json.dumps(str(value)).replace("\x7f", "\\u007f")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int) and value >= 1_000_000:
        return f'"{value}B"'
    return str(value)
