"""The pipeline format as a JSON Schema, for editors: it accepts what loading accepts."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, ClassVar

from pydantic import BaseModel, RootModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from aqueducts.models.fields import ReadFormat, WriteFormat
from aqueducts.plugins import Plugins
from aqueducts.validation.keys import SCHEMA_KEY
from aqueducts.validation.names import field_names, has_open_keys, literals

__all__ = ["json_schema"]

_PLACEHOLDER = {"type": "string", "pattern": r"^\$\{[a-zA-Z0-9_]+\}$"}

_PARAMS = {
    "description": "Parameters of this file, by name; null for one that must be given.",
    "type": ["object", "null"],
    "propertyNames": {"pattern": "^[a-zA-Z0-9_]+$"},
    "additionalProperties": {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {
            "default": {"type": ["string", "number", "boolean", "null"]},
            "description": {"type": ["string", "null"]},
            "choices": {
                "type": ["array", "null"],
                "items": {"type": ["string", "number", "boolean"]},
            },
        },
    },
}

_PATH = {"type": "string", "description": "A path or a URL; several files where it ends in /."}


def json_schema(plugins: Plugins) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of pipeline files with the installed plugins.

    Unknown keys are not allowed by it: an editor should point at them.
    """
    spellings = _Spellings(plugins)
    generator = type("_Generator", (_Generator,), {"spellings": spellings})
    schema = plugins.pipeline_model().model_json_schema(schema_generator=generator)
    properties = schema["properties"]
    definitions = schema.setdefault("$defs", {})
    _add_short_forms(plugins, spellings, properties, definitions)
    _open_to_placeholders(schema)
    properties["params"] = deepcopy(_PARAMS)
    properties[SCHEMA_KEY] = {"type": "string", "description": "This schema, for editors."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Aqueducts pipeline",
        **{key: value for key, value in schema.items() if key not in ("title", "$defs")},
        "$defs": definitions,
    }


class _Spellings:
    """All spellings of type tags."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def of(self, tag: str, model: type[BaseModel]) -> list[str]:
        """Return the spellings of a tag of a model, the canonical one first."""
        plugins = self._plugins
        offers: list[Any] = [plugins.file_formats]
        if not issubclass(model, ReadFormat | WriteFormat):
            offers = [plugins.sources, plugins.destinations]
        aliases = [
            spelling
            for offer in offers
            for spelling, name in offer.spellings.items()
            if name == tag
        ]
        camel_case = "".join(word.title() for word in tag.split("_"))
        return list(dict.fromkeys([tag, *aliases, camel_case]))


class _Generator(GenerateJsonSchema):
    """Writes every name and tag that loading accepts."""

    spellings: ClassVar[_Spellings]

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Add other names of fields and other spellings of tags to the schema of a model."""
        result = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        if issubclass(model, RootModel) or "properties" not in result:
            return result
        self._spell_tag(model, result["properties"])
        self._add_names(model, result)
        if issubclass(model, ReadFormat | WriteFormat):
            options = result["properties"]["options"]
            result["properties"]["options"] = {"anyOf": [options, {"type": "null"}]}
        if not has_open_keys(model):
            result["additionalProperties"] = False
            # A key may hold a parameter, too.
            result["patternProperties"] = {r"\$\{": {}}
        return result

    def _spell_tag(self, model: type[BaseModel], properties: dict[str, Any]) -> None:
        for name, info in model.model_fields.items():
            tags = literals(info.annotation)
            if tags and name in properties and (name == "type" or info.is_required()):
                spelled = [each for tag in tags for each in self.spellings.of(str(tag), model)]
                kept = {k: v for k, v in properties[name].items() if k not in ("const", "enum")}
                properties[name] = {**kept, "enum": spelled}

    def _add_names(self, model: type[BaseModel], result: dict[str, Any]) -> None:
        properties: dict[str, Any] = result["properties"]
        required = set(result.get("required", ()))
        for names in field_names(model).values():
            written = next((name for name in names if name in properties), None)
            if written is None or len(names) == 1:
                continue
            part = properties[written]
            properties.update(dict.fromkeys(names, part))
            if required & set(names):
                required -= set(names)
                one_of_them = {"anyOf": [{"required": [name]} for name in names]}
                result.setdefault("allOf", []).append(one_of_them)
        if "required" in result:
            result["required"] = sorted(required)


def _add_short_forms(
    plugins: Plugins, spellings: _Spellings, properties: dict[str, Any], definitions: dict[str, Any]
) -> None:
    """Add sources and destinations whose type is a file format."""
    for tag, each in plugins.file_formats.items():
        tags = spellings.of(tag, ReadFormat)
        if tag not in plugins.sources and "file" in plugins.sources:
            short = _short_form(tags, each.read_options, definitions, {})
            short["required"] = ["name", "type", "options"]
            _add_member(properties["sources"]["items"], f"{tag}_source", short, definitions)
        if (
            each.write_options
            and tag not in plugins.destinations
            and "file" in plugins.destinations
        ):
            mode = {"mode": {"enum": ["overwrite"]}}
            short = _short_form(tags, each.write_options, definitions, mode)
            _add_member(properties["destination"], f"{tag}_destination", short, definitions)


def _short_form(
    tags: list[str], model: type[BaseModel], definitions: dict[str, Any], more: dict[str, Any]
) -> dict[str, Any]:
    options = deepcopy(definitions.get(model.__name__, {"type": "object"}))
    options["properties"] = {"path": _PATH, **more, **options.get("properties", {})}
    options["required"] = ["path", *options.get("required", ())]
    return {
        "type": "object",
        "properties": {
            "type": {"enum": tags},
            "name": {"type": "string"},
            "options": options,
            "storage_config": {"type": "object"},
            "storage_options": {"type": "object"},
            "partition_columns": {"type": "array"},
            "partition_cols": {"type": "array"},
        },
        "required": ["type", "options"],
        "additionalProperties": False,
    }


def _add_member(
    union: dict[str, Any], name: str, short: dict[str, Any], definitions: dict[str, Any]
) -> None:
    """Add a definition to a union, whatever form the union has so far."""
    definitions[name] = short
    for key in ("anyOf", "oneOf"):
        if key in union:
            members = union[key]
            break
    else:
        member = {k: union.pop(k) for k in list(union) if k not in ("default", "description")}
        members = union.setdefault("anyOf", [member] if member else [{}])
    members.append({"$ref": f"#/$defs/{name}"})


def _open_to_placeholders(part: Any) -> None:
    """Accept a parameter wherever something else than free text is expected."""
    for key, child in list(_children(part)):
        _open_to_placeholders(child)
        if isinstance(child, dict) and _is_bound(child):
            about = {k: child.pop(k) for k in ("description", "title", "default") if k in child}
            part[key] = {**about, "anyOf": [child, _PLACEHOLDER]}
    if isinstance(part, dict):
        part.pop("discriminator", None)
        # With a parameter as its type a mapping fits several members.
        if "oneOf" in part:
            part["anyOf"] = part.pop("oneOf")


def _children(part: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the schemas in a schema, with the key or index that each stands at in its holder."""
    match part:
        case list():
            yield from enumerate(part)
        case dict():
            yield from part.items()


def _is_bound(schema: dict[str, Any]) -> bool:
    """Whether a schema is one of a scalar that does not take every text."""
    if schema == _PLACEHOLDER:
        return False
    if "enum" in schema or "const" in schema:
        return True
    kind = schema.get("type")
    limits = ("pattern", "maxLength", "minLength")
    return kind in ("integer", "number", "boolean") or (
        kind == "string" and any(limit in schema for limit in limits)
    )
