"""The form of files of tests as a JSON Schema, for editors."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from aqueducts.pipeline_tests.models import TestDocument

__all__ = ["json_schema"]


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of files of tests; it allows no unknown keys."""
    schema = TestDocument.model_json_schema(schema_generator=_Generator)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Aqueducts tests of pipelines",
        **{key: value for key, value in schema.items() if key not in ("title", "$defs")},
        "$defs": schema["$defs"],
    }


class _Generator(GenerateJsonSchema):
    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Refuse keys that the model does not name, unless it is meant to be open."""
        result = super().model_schema(schema)
        if schema["cls"].model_config.get("extra") == "allow":
            result["additionalProperties"] = False
        return result
