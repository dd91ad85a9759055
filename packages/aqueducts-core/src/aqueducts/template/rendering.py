"""Fills parameters into the strings and keys of a document.

Parameters are inserted into parsed strings, so that no value can change the structure of a
document, and what was inserted is not looked at again.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from aqueducts.diagnostics import Problem, sort_problems
from aqueducts.documents import Document, Path, Position
from aqueducts.template.parameters import (
    PARAMS_KEY,
    Parameter,
    declarations,
    parameters,
    place_of,
)
from aqueducts.template.rendered import Piece, Rendered
from aqueducts.template.usage import missing_problems, unused_problems

__all__ = ["render"]

_NAME = r"[a-zA-Z0-9_]+"
_SCHEME = r"[a-zA-Z][a-zA-Z0-9_+.-]*"
# Only the head of a secret reference is taken: parameters in the rest are filled in as usual.
_TOKEN = re.compile(
    rf"\$\{{(?:(?P<name>{_NAME})\}}"
    rf"|(?P<secret>secret:)(?P<whole>(?={_SCHEME}:(?:[^{{}}\n]|\$\{{{_NAME}\}})+\}}))?"
    r"|(?P<other>(?=[^${}\n]*\}))"
    r"|(?P<open>))"
)
_MOST_PROBLEMS = 1000

_REFERENCE_HEAD = "${secret:"

_FOREIGN = re.compile(r"\{\{ *[\w.]+ *\}\}|\{%[^%\n]*%\}")
"""Placeholders of other template languages."""


def render(document: Document, params: Mapping[str, object]) -> Rendered:
    """The document with its parameters filled in, and every problem with them.

    Placeholders without a value stay as they are. Values may be text, numbers, true or false,
    dates and times. `${secret:...}` references stay as they are: they are resolved where they
    are used.
    """
    declared = declarations(document)
    values, given_problems = parameters(declared.by_name, params)
    renderer = _Renderer(document, values)
    value = renderer.render_all()
    problems = [
        *declared.problems,
        *given_problems,
        *renderer.problems,
        *missing_problems(
            document, renderer.missing, declared.by_name, params.keys() - renderer.used
        ),
        *unused_problems(document, renderer.used, declared.by_name, set(params)),
    ]
    return Rendered(
        value=value,
        problems=tuple(sort_problems(problems)),
        missing=tuple(renderer.missing),
        whole_scalars=frozenset(renderer.whole_scalars),
        _source_map=document.source_map,
        _pieces=renderer.pieces,
        _key_pieces=renderer.key_pieces,
        _written_keys=renderer.written_keys,
    )


class _Place:
    """A string of the document: where it is in the values, and whether it is a key there."""

    __slots__ = ("is_key", "path")

    def __init__(self, path: Path, *, is_key: bool) -> None:
        self.path = path
        self.is_key = is_key


class _Renderer:
    def __init__(
        self,
        document: Document,
        values: Mapping[str, Parameter],
    ) -> None:
        self.problems: list[Problem] = []
        self.missing: dict[str, list[tuple[Position, Path]]] = {}
        self.used: set[str] = set()
        self.whole_scalars: set[Path] = set()
        self.pieces: dict[Path, tuple[Piece, ...]] = {}
        self.key_pieces: dict[Path, tuple[Piece, ...]] = {}
        self.written_keys: dict[Path, str] = {}
        self._document = document
        self._values = values

    def render_all(self) -> Any:
        value = self._document.value
        if isinstance(value, dict):
            value = {key: item for key, item in value.items() if key != PARAMS_KEY}
        return self._render(value, (), ())

    def _render(self, value: Any, path: Path, written_path: Path) -> Any:
        """The rendered value; `written_path` is `path` with the keys as written."""
        if isinstance(value, str):
            return self._render_string(value, path, written_path)
        if isinstance(value, list):
            return [
                self._render(item, (*path, index), (*written_path, index))
                for index, item in enumerate(value)
            ]
        if isinstance(value, dict):
            return self._render_mapping(value, path, written_path)
        return value

    def _render_string(self, string: str, path: Path, written_path: Path) -> str:
        rendered, pieces = self._substitute(string, _Place(written_path, is_key=False))
        if pieces:
            self.pieces[path] = pieces
            piece = pieces[0]
            if (piece.written_start, piece.written_end) == (0, len(string)):
                self.whole_scalars.add(path)
        return rendered

    def _render_mapping(
        self, mapping: dict[str, Any], path: Path, written_path: Path
    ) -> dict[str, Any]:
        result: dict[str, Any] = {}
        written_keys: dict[str, str] = {}
        for key, item in mapping.items():
            written_item = (*written_path, key)
            name, pieces = self._substitute(key, _Place(written_item, is_key=True))
            if name in written_keys:
                first = (*written_path, written_keys[name])
                self._report_duplicate(name, written_item, first)
                continue
            written_keys[name] = key
            if pieces:
                self.key_pieces[(*path, name)] = pieces
                self.written_keys[(*path, name)] = key
            result[name] = self._render(item, (*path, name), written_item)
        return result

    def _substitute(self, string: str, place: _Place) -> tuple[str, tuple[Piece, ...]]:
        """The string with its parameters filled in, and where they are."""
        if "{{" in string or "{%" in string:
            self._check_foreign(string, place)
        if "${" not in string:
            return string, ()
        parts: list[str] = []
        pieces: list[Piece] = []
        inserted: list[tuple[re.Match[str], Parameter]] = []
        position = length = 0
        for match in _TOKEN.finditer(string):
            parameter = self._look_up(match, place)
            if parameter is None:
                continue
            start = length + match.start() - position
            length = start + len(parameter.text)
            parts += [string[position : match.start()], parameter.text]
            pieces.append(Piece(start, length, *match.span()))
            inserted.append((match, parameter))
            position = match.end()
        rendered = "".join([*parts, string[position:]])
        self._check_secrets(string, rendered, inserted, place)
        return rendered, tuple(pieces)

    def _look_up(self, match: re.Match[str], place: _Place) -> Parameter | None:
        """The parameter that a token names, or None where the token stays as it is."""
        name = match["name"]
        if name is None:
            self._check_token(match, place)
            return None
        self.used.add(name)
        parameter = self._values.get(name)
        if parameter is None:
            position = self._position(place, match.start())
            self.missing.setdefault(name, []).append((position, place.path))
        return parameter

    # --- problems ---

    def _position(self, place: _Place, offset: int) -> Position:
        source_map = self._document.source_map
        if place.is_key:
            return source_map.position_inside_key(place.path, offset)
        return source_map.position_inside(place.path, offset)

    def _check_token(self, match: re.Match[str], place: _Place) -> None:
        """Report what looks like a placeholder and is none."""
        end = match.end()
        if match["secret"] is not None and match["whole"] is None:
            problem = Problem(
                code="malformed-secret",
                message="this secret reference is incomplete",
                help="write ${secret:SCHEME:NAME}, such as ${secret:env:PG_PASSWORD}",
            )
        elif match["other"] is not None:
            end = match.string.index("}", end) + 1
            problem = _malformed(match.string[match.start() : end])
        elif match["open"] is not None:
            problem = Problem(
                code="malformed-placeholder",
                message="this '${' begins no parameter and is left as is",
                help="write ${name}, with letters, digits and _ in the name",
                severity="warning",
            )
        else:
            return
        self._report(problem, (match.start(), end), place)

    def _check_foreign(self, string: str, place: _Place) -> None:
        """Report what other template languages would replace."""
        for match in _FOREIGN.finditer(string):
            name = match[0].strip("{} ")
            is_name = re.fullmatch(_NAME, name) is not None
            problem = Problem(
                code="malformed-placeholder",
                message=f"'{match[0]}' is no parameter and is left as is",
                help=f"write ${{{name if is_name else 'name'}}}",
                severity="warning",
            )
            self._report(problem, match.span(), place)

    def _check_secrets(
        self,
        string: str,
        rendered: str,
        inserted: list[tuple[re.Match[str], Parameter]],
        place: _Place,
    ) -> None:
        """Report a given value that makes a secret reference: only the file may name secrets.

        Else whoever may give a parameter could read every secret of the process. Defaults are
        written in the file.
        """
        defaults = [parameter.text for _, parameter in inserted if parameter.is_default]
        known = sum(text.count(_REFERENCE_HEAD) for text in (string, *defaults))
        if rendered.count(_REFERENCE_HEAD) <= known:
            return
        match = next(
            (match for match, parameter in inserted if _REFERENCE_HEAD in parameter.text),
            inserted[0][0],
        )
        problem = Problem(
            code="secret-in-parameter",
            message=f"the value of parameter '{match['name']}' makes a secret reference here",
            help="write ${secret:...} in the pipeline file itself",
        )
        self._report(problem, match.span(), place)

    def _report(self, problem: Problem, span: tuple[int, int], place: _Place) -> None:
        if len(self.problems) >= _MOST_PROBLEMS:
            return
        position = self._position(place, span[0])
        self.problems.append(
            msgspec.structs.replace(
                problem,
                file=self._document.source_map.file,
                line=position.line,
                column=position.column,
                length=span[1] - span[0],
                path=place.path,
            )
        )

    def _report_duplicate(self, key: str, path: Path, first_path: Path) -> None:
        source_map = self._document.source_map
        span, first = source_map.key_span(path), source_map.key_span(first_path).start
        self.problems.append(
            Problem(
                code="duplicate-key",
                message=f"the key '{key}' is given twice after parameters are filled in",
                file=source_map.file,
                line=span.start.line,
                column=span.start.column,
                length=span.length,
                note=f"it is first given {place_of(self._document, first)}",
                help="remove or rename one of the two",
                path=path,
            )
        )


def _malformed(text: str) -> Problem:
    """The warning for a placeholder whose name is none."""
    inner = text[2:-1]
    name, default, value = inner.partition(":-")
    scheme, colon, variable = inner.partition(":")
    advice = "the name of a parameter has letters, digits and _ only"
    if default:
        advice = (
            f"declare a default, params: {{{name}: {{default: {value}}}}}, and write ${{{name}}}"
        )
    elif colon and scheme in ("env", "file"):
        advice = f"write ${{secret:{scheme}:{variable}}}"
    return Problem(
        code="malformed-placeholder",
        message=f"'{text}' is no parameter and is left as is",
        help=advice,
        severity="warning",
    )
