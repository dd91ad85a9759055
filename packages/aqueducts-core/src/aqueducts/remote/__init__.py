"""Running pipelines on an executor; the only place of core that opens connections of its own."""

from __future__ import annotations

from aqueducts.remote.address import Address
from aqueducts.remote.executor import Executor
from aqueducts.remote.submission import Submission

__all__ = ["Address", "Executor", "Submission"]
