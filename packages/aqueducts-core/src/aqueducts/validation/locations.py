"""Whether something installed can open each location; nothing is opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aqueducts.diagnostics import Problem
from aqueducts.documents import Path
from aqueducts.models.fields import IS_LOCATION, SECRET_REFERENCE, scheme_of
from aqueducts.plugins import Plugins
from aqueducts.validation.places import Places

__all__ = ["check_locations"]


def check_locations(
    value: Mapping[str, Any], plugins: Plugins, places: Places
) -> Iterator[Problem]:
    """Yield a problem for each location whose scheme nothing installed serves."""
    for path, config, offer in _steps(value, plugins):
        tag = config.get("type")
        canonical = offer.canonical(tag) if isinstance(tag, str) else None
        if canonical is None:
            continue
        for name, field in offer[canonical].config_model.model_fields.items():
            location = config.get(name)
            if IS_LOCATION not in field.metadata or not isinstance(location, str):
                continue
            scheme = scheme_of(location)
            if SECRET_REFERENCE.match(location) or plugins.object_stores.canonical(scheme):
                continue
            error = plugins.missing(plugins.object_stores, scheme)
            yield places.problem(
                (*path, name),
                error.message,
                code=error.code,
                help=error.hint,
                span=(0, len(scheme)),
            )


def _steps(value: Mapping[str, Any], plugins: Plugins) -> Iterator[tuple[Path, Any, Any]]:
    sources = value.get("sources")
    for index, config in enumerate(sources if isinstance(sources, list) else ()):
        if isinstance(config, dict):
            yield ("sources", index), config, plugins.sources
    if isinstance(value.get("destination"), dict):
        yield ("destination",), value["destination"], plugins.destinations
