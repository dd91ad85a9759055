"""Where secrets are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

__all__ = ["SecretResolver"]


class SecretResolver(ABC):
    """Resolves `${secret:SCHEME:REF}`. Made without arguments when a run first needs it."""

    scheme: ClassVar[str]
    """In lower case."""

    @abstractmethod
    def resolve(self, reference: str) -> str:
        """The secret. Called once per reference and run, from any thread.

        Raises SecretError that names the reference, never a value, with a hint.
        """
