"""What is in files that nobody has described: format, dialect, columns and types, from a sample.

Little of each file is read, so that a file of a terabyte takes as long as one of a megabyte. What
is found fits what the engine does with such a file; where that would not be right, a SourceError
tells what to do first.
"""

from __future__ import annotations

from aqueducts.sampling.findings import Column, Finding
from aqueducts.sampling.location import look_at

__all__ = ["Column", "Finding", "look_at"]
