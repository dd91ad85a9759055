"""Options from flags, the environment and a file: a flag wins, then the environment."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aqueducts.diagnostics import nearest
from aqueducts_executor.options.options import Options
from aqueducts_executor.options.table import OPTIONS, OptionSpec

__all__ = ["OptionError", "gather"]

_NO_KEY = """\
no API key: clients prove with it that they may run pipelines
  help: make one and keep it in a file that only you can read:
          python -c 'import secrets; print(secrets.token_urlsafe(32))' > api-key
          chmod 600 api-key
        then start with AQUEDUCTS_API_KEY_FILE=api-key, or give it with --api-key"""


class OptionError(Exception):
    """What is wrong with the options, for people."""


def gather(
    flags: Mapping[str, Sequence[str]], environment: Mapping[str, str], file: str | None
) -> Options:
    """All options, converted. Raises OptionError."""
    in_file = {} if file is None else _read_file(file)
    values: dict[str, Any] = {}
    for spec in OPTIONS:
        texts, origin = _texts(spec, flags, environment, in_file)
        values[spec.name] = _converted(spec, texts, origin)
    if values["orchestrator_url"] is not None:
        values["mode"] = "managed"
    if values["api_key"] is None:
        raise OptionError(_NO_KEY)
    if (values["tls_cert"] is None) != (values["tls_key"] is None):
        raise OptionError("--tls-cert and --tls-key belong together: give both or none")
    return Options(**values)


def _texts(
    spec: OptionSpec,
    flags: Mapping[str, Sequence[str]],
    environment: Mapping[str, str],
    in_file: Mapping[str, list[str]],
) -> tuple[list[str], str]:
    """What was given for an option, and where."""
    if flags.get(spec.name):
        return list(flags[spec.name]), spec.flag
    for variable in (spec.variable, *spec.variables):
        if variable in environment:
            return _split(spec, environment[variable]), variable
        if spec.is_secret and f"{variable}_FILE" in environment:
            name = f"{variable}_FILE"
            return [_read_secret(environment[name], name)], name
    for key in (spec.name, *spec.aliases):
        if key in in_file:
            return in_file[key], f"{key} in the file"
        if spec.is_secret and f"{key}_file" in in_file:
            name = f"{key}_file in the file"
            return [_read_secret(in_file[f"{key}_file"][0], name)], name
    return ([] if spec.default is None else _split(spec, spec.default)), "the default"


def _converted(spec: OptionSpec, texts: list[str], origin: str) -> Any:
    try:
        found = [spec.convert(text) for text in texts]
    except ValueError as error:
        given = "" if spec.is_secret else f", not {texts[-1] if texts else ''!r}"
        raise OptionError(f"{origin} {error}{given}") from None
    if spec.separator is not None:
        return tuple(dict.fromkeys(found))
    return found[-1] if found else None


def _split(spec: OptionSpec, text: str) -> list[str]:
    if spec.separator is None:
        return [text]
    return [part for part in text.split(spec.separator) if part.strip()]


def _read_file(file: str) -> dict[str, list[str]]:
    """The texts in a TOML file."""
    try:
        with Path(file).open("rb") as stream:
            content = tomllib.load(stream)
    except OSError as error:
        raise OptionError(f"--config {file!r} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"--config {file!r} is not TOML: {error}") from None
    known = {key for spec in OPTIONS for key in (spec.name, *spec.aliases)}
    known |= {f"{spec.name}_file" for spec in OPTIONS if spec.is_secret}
    for key in content:
        if key not in known:
            guess = nearest(key, known)
            hint = f": did you mean {guess}?" if guess else ""
            raise OptionError(f"--config {file!r} has the unknown key {key!r}{hint}")
    return {key: _file_texts(file, key, value) for key, value in content.items()}


def _file_texts(file: str, key: str, value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if any(isinstance(each, bool) or not isinstance(each, str | int | float) for each in values):
        raise OptionError(f"{key} in {file!r} is text, a number, or a list of them")
    return [str(each) for each in values]


def _read_secret(path: str, origin: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise OptionError(
            f"{origin} names {path!r}, which cannot be read: {error.strerror}"
        ) from None
    except UnicodeDecodeError:
        raise OptionError(f"{origin} names {path!r}, which is not text") from None
