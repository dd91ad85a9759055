"""Ways into a JSON document: keys of objects and places in arrays."""

from __future__ import annotations

import re

import msgspec

__all__ = ["JsonPath", "parse_path", "path_text"]

JsonPath = tuple[str | int, ...]
"""From the outside in; a place counts from 0, a negative one from the end."""

_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z_]\w*)|\[(?P<place>-?\d+)\]|\[(?P<key>"(?:[^"\\]|\\.)*")\]""", re.DOTALL
)
_NAME = re.compile(r"[A-Za-z_]\w*\Z")


def path_text(path: JsonPath) -> str:
    """A path as text: a single key as it is, everything else like `$.items[0]["a b"]`."""
    if len(path) == 1 and isinstance(path[0], str) and not path[0].startswith("$"):
        return path[0]
    return "$" + "".join(_step_text(step) for step in path)


def parse_path(text: str) -> JsonPath:
    """The path that `path_text` gave this text for. Raises ValueError for what it never gives."""
    if not text.startswith("$"):
        return (text,)
    path: list[str | int] = []
    position = 1
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            raise ValueError(f"not a path into a JSON document: {text!r}")
        if step["place"] is not None:
            path.append(int(step["place"]))
        elif step["name"] is not None:
            path.append(step["name"])
        else:
            path.append(msgspec.json.decode(step["key"], type=str))
        position = step.end()
    return tuple(path)


def _step_text(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _NAME.match(step) else f"[{msgspec.json.encode(step).decode()}]"
