"""The parameters of a document: what its `params:` declares and what the caller gives."""

from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any

import msgspec

from aqueducts.diagnostics import Problem, nearest
from aqueducts.documents import Document, Path, Position

__all__ = [
    "PARAMS_KEY",
    "Declaration",
    "Parameter",
    "declarations",
    "is_name",
    "parameters",
    "place_of",
    "text_of",
]

PARAMS_KEY = "params"
"""The top-level key that declares parameters."""

_DECLARATION_KEYS = ("default", "description", "choices")


class Declaration(msgspec.Struct, frozen=True):
    """One entry of `params:`."""

    name: str
    place: str
    """Where the name is, as `place_of` says it."""
    default: str | None = None
    description: str | None = None
    choices: tuple[str, ...] = ()


class Parameter(msgspec.Struct, frozen=True):
    """A parameter that has a value."""

    text: str
    is_default: bool


class Declarations(msgspec.Struct):
    """All entries of `params:`, and what is wrong with them."""

    by_name: dict[str, Declaration] = msgspec.field(default_factory=dict)
    problems: list[Problem] = msgspec.field(default_factory=list)


def is_name(name: str) -> bool:
    """Whether a parameter can have this name: ASCII letters, digits and `_`."""
    return name.isascii() and name.replace("_", "a").isalnum()


def place_of(document: Document, position: Position) -> str:
    """A position in words: `at file:line:column`; a mapping from code has no places."""
    file = document.source_map.file
    return f"at {file}:{position.line}:{position.column}" if file else "in the pipeline"


def text_of(value: object) -> str | None:
    """The text that a value inserts, or None for a value that has no text of its own.

    Text stays as it is; numbers, true and false are written as in YAML, dates and times in ISO
    form.
    """
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            return repr(float(value)).replace("inf", ".inf").replace("nan", ".nan")
        case int() | Decimal():
            return str(value)
        case date() | time():
            return value.isoformat()
        case _:
            return None


# --- what the file declares ---


def declarations(document: Document) -> Declarations:
    """Read the `params:` mapping of a document."""
    result = Declarations()
    declared = document.value.get(PARAMS_KEY) if isinstance(document.value, dict) else None
    if declared is None:
        return result
    if not isinstance(declared, dict):
        message = "'params' is not a mapping from names to declarations"
        advice = "write params: {month: {default: jan}, year: null}"
        result.problems.append(_invalid(document, (PARAMS_KEY,), message, advice))
        return result
    for name, entry in declared.items():
        reader = _DeclarationReader(document, name)
        result.by_name[name] = reader.read(entry)
        result.problems += reader.problems
    return result


class _DeclarationReader:
    def __init__(self, document: Document, name: str) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._name = name
        self._path: Path = (PARAMS_KEY, name)

    def read(self, entry: object) -> Declaration:
        """The declaration; what is wrong with it goes to `problems`."""
        if not is_name(self._name):
            message = f"a parameter cannot be named '{self._name}'"
            self._report((), message, "use letters, digits and _")
        if entry is None:
            entry = {}
        if not isinstance(entry, dict):
            message = f"the declaration of parameter '{self._name}' is not a mapping"
            text = text_of(entry)
            advice = "write null for a parameter that must be given" if text is None else None
            self._report((), message, advice or f"write {self._name}: {{default: {text}}}")
            entry = {}
        self._check_keys(entry)
        choices = self._choices(entry.get("choices"))
        return Declaration(
            name=self._name,
            place=place_of(self._document, self._document.source_map.key_span(self._path).start),
            default=self._default(entry.get("default"), choices),
            description=self._description(entry.get("description")),
            choices=choices,
        )

    def _check_keys(self, entry: dict[str, Any]) -> None:
        for key in entry:
            if key in _DECLARATION_KEYS:
                continue
            guess = nearest(key, _DECLARATION_KEYS)
            known = "known are " + ", ".join(_DECLARATION_KEYS)
            path = (*self._path, key)
            span = self._document.source_map.key_span(path)
            self.problems.append(
                Problem(
                    code="unknown-field",
                    message=f"unknown key '{key}' in parameter '{self._name}'",
                    file=self._document.source_map.file,
                    line=span.start.line,
                    column=span.start.column,
                    length=span.length,
                    severity="warning",
                    help=f"did you mean '{guess}'?" if guess else known,
                    path=path,
                )
            )

    def _choices(self, value: object) -> tuple[str, ...]:
        if value is None:
            return ()
        texts = [text_of(item) for item in value] if isinstance(value, list) else []
        known = tuple(text for text in texts if text is not None)
        if not known or len(known) < len(texts):
            message = f"the choices of parameter '{self._name}' are not a list of values"
            self._report(("choices",), message, "write choices: [first, second]")
        return known

    def _default(self, value: object, choices: tuple[str, ...]) -> str | None:
        if value is None:
            return None
        text = text_of(value)
        if text is None:
            message = f"the default of parameter '{self._name}' is a list or mapping"
            self._report(("default",), message, "a parameter is one value")
        elif choices and text not in choices:
            message = f"the default '{text}' of parameter '{self._name}' is not among its choices"
            self._report(("default",), message, "choices are " + ", ".join(choices))
        return text

    def _description(self, value: object) -> str | None:
        if value is None or isinstance(value, str):
            return value
        message = f"the description of parameter '{self._name}' is not text"
        self._report(("description",), message, "put it in quotes")
        return None

    def _report(self, keys: Path, message: str, advice: str | None) -> None:
        self.problems.append(_invalid(self._document, (*self._path, *keys), message, advice))


def _invalid(document: Document, path: Path, message: str, advice: str | None) -> Problem:
    span = document.source_map.key_span(path)
    return Problem(
        code="invalid-parameter",
        message=message,
        file=document.source_map.file,
        line=span.start.line,
        column=span.start.column,
        length=span.length,
        help=advice,
        path=path,
    )


# --- what the caller gives ---


def parameters(
    declared: Mapping[str, Declaration], given: Mapping[str, object]
) -> tuple[dict[str, Parameter], list[Problem]]:
    """The values of all parameters that have one, and what is wrong with those given."""
    values: dict[str, Parameter] = {}
    problems: list[Problem] = []
    for name, value in given.items():
        text = text_of(value)
        if text is None:
            message = f"parameter '{name}' is given as {type(value).__name__}, which has no text"
            advice = "give text, a number, true or false, or a date"
            problems.append(Problem(code="invalid-parameter", message=message, help=advice))
            text = ""
        elif (declaration := declared.get(name)) and declaration.choices:
            problems += _check_choice(declaration, text)
        values[name] = Parameter(text, is_default=False)
    for name, declaration in declared.items():
        if name not in values and declaration.default is not None:
            values[name] = Parameter(declaration.default, is_default=True)
    return values, problems


def _check_choice(declaration: Declaration, text: str) -> list[Problem]:
    if text in declaration.choices:
        return []
    guess = nearest(text, declaration.choices) or declaration.choices[0]
    choices = ", ".join(declaration.choices)
    return [
        Problem(
            code="invalid-choice",
            message=f"-p {declaration.name}={text}: the value is not one of {choices}",
            note=f"'{declaration.name}' is declared {declaration.place}",
            help=f"pass -p {declaration.name}={guess}",
        )
    ]
