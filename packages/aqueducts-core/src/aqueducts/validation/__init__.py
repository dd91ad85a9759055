"""Plain data of a pipeline file to the joined model of the installed plugins, or to problems."""

from aqueducts.validation.check import Checked, check
from aqueducts.validation.json_schema import json_schema
from aqueducts.validation.places import Places

__all__ = ["Checked", "Places", "check", "json_schema"]
