"""How the fields of a model are named in files."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo

__all__ = ["FieldNames", "field_names", "has_open_keys", "literals", "members_of", "tag_key"]

FieldNames = Mapping[str, tuple[str, ...]]
"""For each field of a model, its names in files: the canonical one first."""


def field_names(model: type[BaseModel]) -> FieldNames:
    """Return the names that files may use for the fields of a model."""
    return {name: _names(name, field, model) for name, field in model.model_fields.items()}


def _names(name: str, field: FieldInfo, model: type[BaseModel]) -> tuple[str, ...]:
    alias = field.validation_alias
    if isinstance(alias, str):
        # The Python name only stands in for a name that Python does not allow.
        return (alias,)
    choices = alias.choices if isinstance(alias, AliasChoices) else [name]
    texts = [choice for choice in choices if isinstance(choice, str)]
    config = model.model_config
    if name in texts or config.get("populate_by_name") or config.get("validate_by_name"):
        texts = [name, *(text for text in texts if text != name)]
    return tuple(texts) or (name,)


def has_open_keys(model: type[BaseModel]) -> bool:
    """Whether keys that a model does not name are meant to be possible, or are refused by it."""
    has_own_extras = any(
        "__pydantic_extra__" in inspect.get_annotations(each)
        for each in model.__mro__
        if each is not BaseModel
    )
    return has_own_extras or model.model_config.get("extra") in ("ignore", "forbid")


def members_of(annotation: Any) -> list[Any]:
    """Return the types that an annotation is a union of, without `Annotated` and None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return members_of(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [member for each in get_args(annotation) for member in members_of(each)]
    return [] if annotation in (None, type(None)) else [annotation]


def literals(annotation: Any) -> list[Any]:
    """Return the values that an annotation allows, where it is a `Literal`."""
    members = members_of(annotation)
    if members and all(get_origin(member) is Literal for member in members):
        return [value for member in members for value in get_args(member)]
    return []


def tag_key(models: Sequence[type[BaseModel]]) -> str | None:
    """Return the name of the field that tells the models of a union apart."""
    for name in models[0].model_fields if models else ():
        if name != "type" and len(models) == 1:
            continue
        fields = [model.model_fields.get(name) for model in models]
        if all(field is not None and literals(field.annotation) for field in fields):
            return name
    return None
