"""Secrets from the environment and from files."""

from __future__ import annotations

import os
from pathlib import Path

from aqueducts.connectors import SecretResolver
from aqueducts.diagnostics import nearest
from aqueducts.errors import SecretError

__all__ = ["EnvSecretResolver", "FileSecretResolver"]

_MAX_BYTES = 1024 * 1024


class EnvSecretResolver(SecretResolver):
    """`${secret:env:NAME}`: the environment variable NAME."""

    scheme = "env"

    def resolve(self, reference: str) -> str:
        """Return the value of the variable. Raises SecretError where it is not set."""
        value = os.environ.get(reference)
        if value is None:
            guess = nearest(reference, os.environ)
            hint = f"set it: export {reference}=..."
            if guess is not None:
                hint += f" (there is {guess}: is it a misspelling?)"
            raise SecretError(f"the environment variable {reference} is not set", hint=hint)
        return value


class FileSecretResolver(SecretResolver):
    """`${secret:file:/run/secrets/name}`: the text of a file, without its last line end."""

    scheme = "file"

    def resolve(self, reference: str) -> str:
        """Return the text of the file. Raises SecretError where it cannot be read."""
        where = f"the secret file {reference}"
        try:
            with Path(reference).open("rb") as stream:
                content = stream.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            hint = (
                "mount or create it, or correct the path; relative ones start at the working folder"
            )
            raise SecretError(f"{where} does not exist", hint=hint) from None
        except IsADirectoryError:
            raise SecretError(f"{where} is a folder", hint="name a file in it") from None
        except PermissionError:
            hint = "let the user that runs this read it"
            raise SecretError(f"{where} may not be read", hint=hint) from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise SecretError(f"{where} cannot be read: {reason}") from None
        return _text(content, where)


def _text(content: bytes, where: str) -> str:
    if len(content) > _MAX_BYTES:
        raise SecretError(f"{where} is larger than 1 MB, which no secret is")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        # Not `from`: the cause would carry the bytes.
        raise SecretError(f"{where} is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r")
