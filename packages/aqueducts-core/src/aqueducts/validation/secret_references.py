"""Whether something installed can resolve each `${secret:SCHEME:REF}`; nothing is resolved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aqueducts.diagnostics import Problem
from aqueducts.documents import Path
from aqueducts.models.fields import SECRET_REFERENCE
from aqueducts.plugins import Plugins
from aqueducts.validation.places import Places

__all__ = ["check_secret_references"]


def check_secret_references(
    value: Any, plugins: Plugins, places: Places, path: Path = ()
) -> Iterator[Problem]:
    """Yield a problem for each reference whose scheme is unknown."""
    if isinstance(value, str):
        for match in SECRET_REFERENCE.finditer(value):
            if match[1] not in plugins.secret_resolvers:
                error = plugins.missing(plugins.secret_resolvers, match[1])
                yield places.problem(
                    path,
                    error.message,
                    code="unknown-secret-scheme",
                    help=error.hint,
                    span=(match.start(1), len(match[1])),
                )
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from check_secret_references(item, plugins, places, (*path, key))
