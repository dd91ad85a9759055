"""The functions as a pack for the engine; what they need is imported when a query has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aqueducts.builtin.json_functions.names import ALL_NAMES
from aqueducts.connectors import UdfPack

if TYPE_CHECKING:
    from datafusion import SessionContext

__all__ = ["JSON_PACK"]


def _register(context: SessionContext) -> None:
    from aqueducts.builtin.json_functions.registration import register

    register(context)


def _prepare(context: SessionContext, query: str) -> str:
    from aqueducts.builtin.json_functions.registration import prepare

    return prepare(context, query)


JSON_PACK = UdfPack(
    name="json",
    engine="datafusion",
    register=_register,
    prepare=_prepare,
    mentions=(*ALL_NAMES, "->"),
)
