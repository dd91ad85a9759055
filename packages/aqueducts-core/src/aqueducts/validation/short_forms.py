"""Sources and destinations whose type is a file format, written out in full.

`{type: csv, name: a, options: {path: a.csv, delimiter: ";"}}` is a `file` source of format `csv`
at `options.path`, or a `directory` source where the path ends in `/`; a destination likewise.
"""

from __future__ import annotations

from typing import Any

from aqueducts.diagnostics import Problem
from aqueducts.documents import Path
from aqueducts.plugins import Plugins
from aqueducts.validation.places import Places

__all__ = ["write_out"]


def write_out(
    value: dict[str, Any], plugins: Plugins, places: Places, moved: dict[Path, Path]
) -> tuple[dict[str, Any], list[Problem]]:
    """Return a pipeline without short forms; where its values came from is added to `moved`."""
    problems: list[Problem] = []
    result = dict(value)
    sources = value.get("sources")
    if isinstance(sources, list):
        result["sources"] = [
            _source(each, ("sources", index), plugins, moved)
            if _is_short(each, plugins, plugins.sources)
            else each
            for index, each in enumerate(sources)
        ]
    destination = value.get("destination")
    if isinstance(destination, dict) and _is_short(destination, plugins, plugins.destinations):
        result["destination"] = _destination(destination, moved)
        problems += _check_mode(destination, places)
    return result, problems


def _is_short(value: Any, plugins: Plugins, offer: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(tag := value.get("type"), str):
        return False
    options = value.get("options")
    return (
        offer.canonical(tag) is None
        and plugins.file_formats.canonical(tag) is not None
        and "format" not in value
        and "file_type" not in value
        and (options is None or isinstance(options, dict))
    )


def _source(value: dict[str, Any], path: Path, plugins: Plugins, moved: dict[Path, Path]) -> Any:
    location = (value.get("options") or {}).get("path")
    is_folder = isinstance(location, str) and location.endswith("/")
    kind = "directory" if is_folder and "directory" in plugins.sources else "file"
    return _written_out(value, kind, ("path",), path, moved)


def _destination(value: dict[str, Any], moved: dict[Path, Path]) -> Any:
    location = (value.get("options") or {}).get("path")
    is_folder = isinstance(location, str) and location.endswith("/")
    result = _written_out(value, "file", ("path", "mode"), ("destination",), moved)
    return {"name": "output", "single_file": not is_folder} | result


def _written_out(
    value: dict[str, Any], kind: str, own: tuple[str, ...], path: Path, moved: dict[Path, Path]
) -> dict[str, Any]:
    """Return the mapping in full; `own` are options that are not the format's."""
    options = value.get("options") or {}
    rest = {key: item for key, item in options.items() if key not in own}
    result = {key: item for key, item in value.items() if key not in ("type", "options")}
    result |= {"type": kind, "format": {"type": value["type"], "options": rest}}
    moved[(*path, "format")] = path
    moved[(*path, "location")] = (*path, "options", "path")
    if "path" in options:
        result["location"] = options["path"]
    return result


def _check_mode(value: dict[str, Any], places: Places) -> list[Problem]:
    mode = (value.get("options") or {}).get("mode", "overwrite")
    if mode == "overwrite":
        return []
    message = f"the mode '{mode}' is not possible here: files are always replaced as a whole"
    path = ("destination", "options", "mode")
    return [places.problem(path, message, code="wrong-value", help="write mode: overwrite")]
