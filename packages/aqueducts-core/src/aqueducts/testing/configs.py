"""Checks of what stands in pipeline files: the models of sources, destinations and formats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, RootModel, SecretStr, ValidationError

from aqueducts.errors import PipelineError
from aqueducts.pipeline import Pipeline
from aqueducts.plugins import Plugins
from aqueducts.testing.bench import SECRET
from aqueducts.testing.suite import explained, fail, require

__all__ = ["check_model", "check_tag", "check_unknown_key", "find_secret"]

_TAG = re.compile(r"[a-z][a-z0-9_]*\Z")


def check_tag(kind: type[Any], offer: Mapping[str, type[Any]]) -> None:
    """The `type` of a connector and its aliases."""
    tag = getattr(kind, "type", None)
    name = kind.__name__
    require(
        isinstance(tag, str) and _TAG.match(tag),
        f"{name}.type is {tag!r}",
        'give the class a tag in snake_case: type: ClassVar[str] = "my_type"',
    )
    aliases = getattr(kind, "aliases", ())
    require(
        isinstance(aliases, tuple) and all(isinstance(each, str) for each in aliases),
        f"{name}.aliases is {aliases!r}",
        'other spellings are a tuple of texts: aliases = ("mine",)',
    )
    require(
        offer.get(str(tag)) is kind,
        f"no installed plugin offers {name} as {tag!r}",
        "return the class from the plugin's hook",
    )


def check_model(model: type[BaseModel], *, tag: str | None, needs_name: bool) -> None:
    """Each field says what it is, the model is frozen, and editors can use its JSON Schema."""
    for each in _models_in(model):
        name = each.__name__
        require(
            each.model_config.get("frozen"),
            f"the model {name} is not frozen",
            "derive it from aqueducts.models.fields.PipelineModel",
        )
        fields = {} if issubclass(each, RootModel) else each.model_fields
        blank = [key for key, info in fields.items() if not info.description]
        require(
            not blank,
            f"fields of {name} say nothing of themselves: {', '.join(blank)}",
            'describe each: field: str = Field(description="…"); editors and documents show it',
        )
        require(
            (each.__doc__ or "").strip(),
            f"the model {name} has no docstring",
            "say in one sentence what it is; editors show it",
        )
    if tag is not None:
        _check_type_field(model, tag)
    if needs_name:
        require(
            "name" in model.model_fields,
            f"{model.__name__} has no field `name`",
            "add: name: Name = Field(description=…); errors and events call the step so",
        )
    with explained(f"{model.__name__} has no JSON Schema", "use types that pydantic can describe"):
        json.dumps(model.model_json_schema())


def check_unknown_key(data: Mapping[str, Any], part: str, plugins: Plugins) -> None:
    """A misspelt key is told, and the model keeps what it was made of."""
    document: dict[str, Any] = {"version": "v2", "stages": [[{"name": "s", "query": "SELECT 1"}]]}
    wrong = dict(data) | {"no_such_key": 1}
    document[part] = [wrong] if part == "sources" else wrong
    try:
        Pipeline.from_dict(document, plugins=plugins, strict=True)
    except PipelineError as error:
        require(
            "no_such_key" in str(error),
            f"a key that does not exist is answered with: {error}",
            "derive the model from PipelineModel, which tells of unknown keys by name",
        )
    else:
        fail(
            "a key that does not exist is taken without a word",
            "derive the model from PipelineModel, and do not set model_config to extra='ignore'",
        )


def check_is_frozen(config: BaseModel) -> None:
    """An instance cannot be changed."""
    name = next(iter(type(config).model_fields))
    try:
        setattr(config, name, getattr(config, name))
    except ValidationError:
        return
    fail(
        f"fields of {type(config).__name__} can be set",
        "derive it from PipelineModel, whose instances do not change",
    )


def find_secret(secret: str, **places: object) -> str | None:
    """The first of these places whose text shows a secret."""
    for name, value in places.items():
        text = value if isinstance(value, str) else repr(value) + str(value)
        if secret in text:
            return name
    return None


def require_no_secret(**places: object) -> None:
    """Fail where one of these places shows the bench's secret."""
    place = find_secret(SECRET, **places)
    require(
        place is None,
        f"the secret can be read in {(place or '').replace('_', ' ')}",
        "keep fields with secrets as SecretStr, resolve them with context.reveal where they are "
        "used, and never keep, print or log the result, also not in messages of errors",
    )


def _check_type_field(model: type[BaseModel], tag: str) -> None:
    info = model.model_fields.get("type")
    require(
        info is not None and tag in get_args(info.annotation),
        f"{model.__name__} has no field `type` that is always {tag!r}",
        f'add: type: Literal["{tag}"] = Field(description="Kind of source or destination.")',
    )


def _models_in(model: type[BaseModel], seen: frozenset[int] = frozenset()) -> Iterator[Any]:
    """A model and the models of its author that its fields hold."""
    if id(model) in seen:
        return
    yield model
    for info in model.model_fields.values():
        for each in _classes_in(info.annotation):
            is_own = issubclass(each, BaseModel) and not each.__module__.startswith(
                "aqueducts.models"
            )
            if is_own and each is not SecretStr:
                yield from _models_in(each, seen | {id(model)})


def _classes_in(annotation: Any) -> Iterator[type[Any]]:
    if isinstance(annotation, type):
        yield annotation
    for part in get_args(annotation):
        yield from _classes_in(part)
