"""Pipeline files as plain values with a place for each: YAML, JSON and TOML."""

from aqueducts.documents.document import Document, Format, format_of, read_document
from aqueducts.documents.source_map import Path, SourceMap, offset_of_line
from aqueducts.documents.source_text import Position, Span

__all__ = [
    "Document",
    "Format",
    "Path",
    "Position",
    "SourceMap",
    "Span",
    "format_of",
    "offset_of_line",
    "read_document",
]
