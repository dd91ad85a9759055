"""Template parameters: `${name}` in the strings of a parsed document."""

from aqueducts.template.parameters import text_of
from aqueducts.template.rendered import Rendered
from aqueducts.template.rendering import render

__all__ = ["Rendered", "render", "text_of"]
